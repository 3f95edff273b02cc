import numpy as np
from numpy.lib.stride_tricks import as_strided
E = np.einsum

# everything through einsum, so that the indices tell what happens


def affine_forward(x, w, b):
    flat = x.reshape(len(x), -1)
    out = E('nd,dm->nm', flat, w) + b
    return out, (x, w)


def affine_backward(dout, cache):
    x, w = cache
    flat = x.reshape(len(x), -1)
    dx = E('nm,dm->nd', dout, w).reshape(x.shape)
    dw = E('nd,nm->dm', flat, dout)
    db = E('nm->m', dout)
    return dx, dw, db


def _windows(xp, kh, kw, s):
    """(N, C, Ho, Wo, kh, kw) view of all windows"""
    N, C, H, W = xp.shape
    Ho, Wo = (H - kh) // s + 1, (W - kw) // s + 1
    sn, sc, sh, sw = xp.strides
    return as_strided(xp, (N, C, Ho, Wo, kh, kw), (sn, sc, sh * s, sw * s, sh, sw))


def conv_forward_naive(x, w, b, conv_param):
    p, s = conv_param['pad'], conv_param['stride']
    F, C, kh, kw = w.shape
    xp = np.pad(x, [(0, 0), (0, 0), (p, p), (p, p)], mode='constant')
    win = _windows(xp, kh, kw, s)
    out = E('ncijhw,fchw->nfij', win, w) + b[None, :, None, None]
    return out, (xp, x.shape, w, conv_param)


def conv_backward_naive(dout, cache):
    xp, shape, w, conv_param = cache
    p, s = conv_param['pad'], conv_param['stride']
    F, C, kh, kw = w.shape
    N, _, Ho, Wo = dout.shape
    win = _windows(xp, kh, kw, s)
    db = E('nfij->f', dout)
    dw = E('nfij,ncijhw->fchw', dout, win)
    dwin = E('nfij,fchw->ncijhw', dout, w)
    dxp = np.zeros_like(xp)
    for h in range(kh):
        for v in range(kw):
            dxp[:, :, h:h + s * Ho:s, v:v + s * Wo:s] += dwin[:, :, :, :, h, v]
    dx = dxp[:, :, p:p + shape[2], p:p + shape[3]]
    return dx, dw, db


def batchnorm_forward(x, gamma, beta, bn_param):
    N, D = x.shape
    eps = bn_param.get('eps', 1e-5)
    rho = bn_param.get('momentum', 0.9)
    run_mu = bn_param.setdefault('running_mean', np.zeros(D))
    run_var = bn_param.setdefault('running_var', np.zeros(D))
    if bn_param['mode'] == 'test':
        return E('d,nd->nd', gamma / np.sqrt(run_var + eps), x - run_mu) + beta, None
    mu = E('nd->d', x) / N
    xc = x - mu
    var = E('nd,nd->d', xc, xc) / N
    inv = (var + eps) ** -0.5
    unit = E('nd,d->nd', xc, inv)
    bn_param['running_mean'] = rho * run_mu + (1 - rho) * mu
    bn_param['running_var'] = rho * run_var + (1 - rho) * var
    return gamma * unit + beta, (xc, inv, unit, gamma)


def batchnorm_backward(dout, cache):
    xc, inv, unit, gamma = cache
    N = len(dout)
    dbeta = E('nd->d', dout)
    dgamma = E('nd,nd->d', dout, unit)
    dunit = E('nd,d->nd', dout, gamma)
    dinv = E('nd,nd->d', dunit, xc)
    dvar = -0.5 * dinv * inv ** 3
    dxc = E('nd,d->nd', dunit, inv) + E('nd,d->nd', xc, 2 * dvar / N)
    dx = dxc - E('nd->d', dxc) / N
    return dx, dgamma, dbeta


def layernorm_forward(x, gamma, beta, ln_param):
    eps = ln_param.get('eps', 1e-5)
    D = x.shape[1]
    mu = E('nd->n', x) / D
    xc = x - mu[:, None]
    var = E('nd,nd->n', xc, xc) / D
    inv = (var + eps) ** -0.5
    unit = E('nd,n->nd', xc, inv)
    return E('nd,d->nd', unit, gamma) + beta, (xc, inv, unit, gamma)


def layernorm_backward(dout, cache):
    xc, inv, unit, gamma = cache
    N, D = dout.shape
    dbeta = E('nd->d', dout)
    dgamma = E('nd,nd->d', dout, unit)
    dunit = E('nd,d->nd', dout, gamma)
    dinv = E('nd,nd->n', dunit, xc)
    dvar = -0.5 * dinv * inv ** 3
    dxc = E('nd,n->nd', dunit, inv) + E('nd,n->nd', xc, 2 * dvar / D)
    dx = dxc - (E('nd->n', dxc) / D)[:, None]
    return dx, dgamma, dbeta


def spatial_groupnorm_forward(x, gamma, beta, G, gn_param):
    eps = gn_param.get('eps', 1e-5)
    N, C, H, W = x.shape
    xg = x.reshape(N, G, C // G, H, W)
    M = (C // G) * H * W
    mu = E('ngchw->ng', xg) / M
    xc = xg - mu[:, :, None, None, None]
    var = E('ngchw,ngchw->ng', xc, xc) / M
    inv = (var + eps) ** -0.5
    unit = E('ngchw,ng->ngchw', xc, inv).reshape(x.shape)
    return unit * gamma + beta, (xc, inv, unit, gamma, G)


def spatial_groupnorm_backward(dout, cache):
    xc, inv, unit, gamma, G = cache
    N, C, H, W = dout.shape
    M = (C // G) * H * W
    dbeta = E('nchw->c', dout).reshape(1, C, 1, 1)
    dgamma = E('nchw,nchw->c', dout, unit).reshape(1, C, 1, 1)
    dunit = (dout * gamma).reshape(xc.shape)
    dinv = E('ngchw,ngchw->ng', dunit, xc)
    dvar = -0.5 * dinv * inv ** 3
    dxc = E('ngchw,ng->ngchw', dunit, inv) + E('ngchw,ng->ngchw', xc, 2 * dvar / M)
    dmu = -E('ngchw->ng', dxc)
    dx = dxc + dmu[:, :, None, None, None] / M
    return dx.reshape(dout.shape), dgamma, dbeta
