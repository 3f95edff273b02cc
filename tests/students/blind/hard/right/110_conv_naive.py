import numpy as np
from numpy.lib.stride_tricks import as_strided
ein = np.einsum

# everything through einsum, so that the indices tell what happens


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
    view6 = _windows(xp, kh, kw, s)
    out = ein('ncijhw,fchw->nfij', view6, w) + b[None, :, None, None]
    return out, (xp, x.shape, w, conv_param)


def conv_backward_naive(dout, cache):
    xp, shape, w, conv_param = cache
    p, s = conv_param['pad'], conv_param['stride']
    F, C, kh, kw = w.shape
    N, _, Ho, Wo = dout.shape
    view6 = _windows(xp, kh, kw, s)
    db = ein('nfij->f', dout)
    dw = ein('nfij,ncijhw->fchw', dout, view6)
    dview6 = ein('nfij,fchw->ncijhw', dout, w)
    dxp = np.zeros_like(xp)
    for h in range(kh):
        for v in range(kw):
            dxp[:, :, h:h + s * Ho:s, v:v + s * Wo:s] += dview6[:, :, :, :, h, v]
    dx = dxp[:, :, p:p + shape[2], p:p + shape[3]]
    return dx, dw, db


def max_pool_forward_naive(x, pool_param):
    kh, kw, s = [pool_param[k] for k in ('pool_height', 'pool_width', 'stride')]
    view6 = _windows(x, kh, kw, s)
    N, C, Ho, Wo = view6.shape[:4]
    which = view6.reshape(N, C, Ho, Wo, kh * kw).argmax(-1)
    out = view6.max(axis=(4, 5))
    return out, (x.shape, which, pool_param)


def max_pool_backward_naive(dout, cache):
    shape, which, pool_param = cache
    kh, kw, s = [pool_param[k] for k in ('pool_height', 'pool_width', 'stride')]
    N, C, Ho, Wo = dout.shape
    dx = np.zeros(shape)
    n, c, i, j = np.indices((N, C, Ho, Wo))
    row, col = i * s + which // kw, j * s + which % kw
    np.add.at(dx, (n, c, row, col), dout)
    return dx


def batchnorm_forward(x, gamma, beta, bn_param):
    N, D = x.shape
    eps = bn_param.get('eps', 1e-5)
    m = bn_param.get('momentum', 0.9)
    run_mu = bn_param.setdefault('running_mean', np.zeros(D))
    run_var = bn_param.setdefault('running_var', np.zeros(D))
    if bn_param['mode'] == 'test':
        return ein('d,nd->nd', gamma / np.sqrt(run_var + eps), x - run_mu) + beta, None
    mu = ein('nd->d', x) / N
    xc = x - mu
    var = ein('nd,nd->d', xc, xc) / N
    inv = (var + eps) ** -0.5
    xhat = ein('nd,d->nd', xc, inv)
    bn_param['running_mean'] = m * run_mu + (1 - m) * mu
    bn_param['running_var'] = m * run_var + (1 - m) * var
    return gamma * xhat + beta, (xc, inv, xhat, gamma)


def batchnorm_backward(dout, cache):
    xc, inv, xhat, gamma = cache
    N = len(dout)
    dbeta = ein('nd->d', dout)
    dgamma = ein('nd,nd->d', dout, xhat)
    dxhat = ein('nd,d->nd', dout, gamma)
    dinv = ein('nd,nd->d', dxhat, xc)
    dvar = -0.5 * dinv * inv ** 3
    dxc = ein('nd,d->nd', dxhat, inv) + ein('nd,d->nd', xc, 2 * dvar / N)
    dx = dxc - ein('nd->d', dxc) / N
    return dx, dgamma, dbeta


def layernorm_forward(x, gamma, beta, ln_param):
    eps = ln_param.get('eps', 1e-5)
    D = x.shape[1]
    mu = ein('nd->n', x) / D
    xc = x - mu[:, None]
    var = ein('nd,nd->n', xc, xc) / D
    inv = (var + eps) ** -0.5
    xhat = ein('nd,n->nd', xc, inv)
    return ein('nd,d->nd', xhat, gamma) + beta, (xc, inv, xhat, gamma)


def layernorm_backward(dout, cache):
    xc, inv, xhat, gamma = cache
    N, D = dout.shape
    dbeta = ein('nd->d', dout)
    dgamma = ein('nd,nd->d', dout, xhat)
    dxhat = ein('nd,d->nd', dout, gamma)
    dinv = ein('nd,nd->n', dxhat, xc)
    dvar = -0.5 * dinv * inv ** 3
    dxc = ein('nd,n->nd', dxhat, inv) + ein('nd,n->nd', xc, 2 * dvar / D)
    dx = dxc - (ein('nd->n', dxc) / D)[:, None]
    return dx, dgamma, dbeta


