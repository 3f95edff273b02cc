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


def relu_forward(x):
    on = x > 0
    return x * on, on


def relu_backward(dout, on):
    return dout * on


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


def layernorm_forward(x, gamma, beta, ln_param):
    eps = ln_param.get('eps', 1e-5)
    D = x.shape[1]
    mu = E('nd->n', x) / D
    cent = x - mu[:, None]
    var = E('nd,nd->n', cent, cent) / D
    rstd = (var + eps) ** -0.5
    xhat = E('nd,n->nd', cent, rstd)
    return E('nd,d->nd', xhat, gamma) + beta, (cent, rstd, xhat, gamma)


def layernorm_backward(dout, cache):
    cent, rstd, xhat, gamma = cache
    N, D = dout.shape
    dbeta = E('nd->d', dout)
    dgamma = E('nd,nd->d', dout, xhat)
    dxhat = E('nd,d->nd', dout, gamma)
    drstd = E('nd,nd->n', dxhat, cent)
    dvar = -0.5 * drstd * rstd ** 3
    dcent = E('nd,n->nd', dxhat, rstd) + E('nd,n->nd', cent, 2 * dvar / D)
    dx = dcent - (E('nd->n', dcent) / D)[:, None]
    return dx, dgamma, dbeta


def spatial_groupnorm_forward(x, gamma, beta, G, gn_param):
    eps = gn_param.get('eps', 1e-5)
    N, C, H, W = x.shape
    xg = x.reshape(N, G, C // G, H, W)
    M = (C // G) * H * W
    mu = E('ngchw->ng', xg) / M
    cent = xg - mu[:, :, None, None, None]
    var = E('ngchw,ngchw->ng', cent, cent) / M
    rstd = (var + eps) ** -0.5
    xhat = E('ngchw,ng->ngchw', cent, rstd).reshape(x.shape)
    return xhat * gamma + beta, (cent, rstd, xhat, gamma, G)


def spatial_groupnorm_backward(dout, cache):
    cent, rstd, xhat, gamma, G = cache
    N, C, H, W = dout.shape
    M = (C // G) * H * W
    dbeta = E('nchw->c', dout).reshape(1, C, 1, 1)
    dgamma = E('nchw,nchw->c', dout, xhat).reshape(1, C, 1, 1)
    dxhat = (dout * gamma).reshape(cent.shape)
    drstd = E('ngchw,ngchw->ng', dxhat, cent)
    dvar = -0.5 * drstd * rstd ** 3
    dcent = E('ngchw,ng->ngchw', dxhat, rstd) + E('ngchw,ng->ngchw', cent, 2 * dvar / M)
    dmu = -E('ngchw->ng', dcent)
    dx = dcent + dmu[:, :, None, None, None] / M
    return dx.reshape(dout.shape), dgamma, dbeta
