import numpy as np

# ---- one normaliser for all of them ------------------------------------------------------------


def _whiten(x, axes, eps):
    m = x.mean(axis=axes, keepdims=True)
    v = x.var(axis=axes, keepdims=True)
    r = 1. / np.sqrt(v + eps)
    return (x - m) * r, m, v, r


def _whiten_grad(dz, z, r, axes):
    count = 1
    for a in axes:
        count *= dz.shape[a]
    first = dz.sum(axis=axes, keepdims=True) / count
    second = z * ((dz * z).sum(axis=axes, keepdims=True) / count)
    return r * (dz - first - second)


def _pad(x, p):
    N, C, H, W = x.shape
    big = np.zeros((N, C, H + 2 * p, W + 2 * p), dtype=x.dtype)
    big[:, :, p:H + p, p:W + p] = x
    return big


def _unpad(big, p):
    H, W = big.shape[2] - 2 * p, big.shape[3] - 2 * p
    return big[:, :, p:p + H, p:p + W]


def batchnorm_forward(x, gamma, beta, bn_param):
    eps = bn_param.get('eps', 1e-5)
    keep = bn_param.get('momentum', 0.9)
    zero = np.zeros(x.shape[1])
    rm, rv = bn_param.get('running_mean', zero), bn_param.get('running_var', zero)
    if bn_param['mode'] == 'test':
        return (x - rm) / np.sqrt(rv + eps) * gamma + beta, None
    z, m, v, r = _whiten(x, (0,), eps)
    bn_param['running_mean'] = keep * rm + (1 - keep) * m[0]
    bn_param['running_var'] = keep * rv + (1 - keep) * v[0]
    return z * gamma + beta, (z, r, gamma)


def batchnorm_backward(dout, cache):
    z, r, gamma = cache
    dx = _whiten_grad(dout * gamma, z, r, (0,))
    return dx, (dout * z).sum(axis=0), dout.sum(axis=0)


def spatial_groupnorm_forward(x, gamma, beta, G, gn_param):
    N, C, H, W = x.shape
    xs = x.reshape(N, G, C // G, H, W)
    z, _, _, r = _whiten(xs, (2, 3, 4), gn_param.get('eps', 1e-5))
    out = z.reshape(x.shape) * gamma + beta
    return out, (z, r, gamma)


def spatial_groupnorm_backward(dout, cache):
    z, r, gamma = cache
    dz = (dout * gamma).reshape(z.shape)
    dx = _whiten_grad(dz, z, r, (2, 3, 4)).reshape(dout.shape)
    dgamma = (dout * z.reshape(dout.shape)).sum(axis=(0, 2, 3), keepdims=True)
    dbeta = dout.sum(axis=(0, 2, 3), keepdims=True)
    return dx, dgamma, dbeta


def conv_forward_naive(x, w, b, conv_param):
    st = conv_param['stride']
    p = conv_param['pad']
    big = _pad(x, p)
    F, _, kh, kw = w.shape
    oh = (big.shape[2] - kh) // st + 1
    ow = (big.shape[3] - kw) // st + 1
    out = np.zeros((len(x), F, oh, ow))
    # loop over the KERNEL, not over the picture: far fewer rounds
    for u in range(kh):
        for v in range(kw):
            patch = big[:, :, u:u + st * oh:st, v:v + st * ow:st]
            out += np.einsum('ncij,fc->nfij', patch, w[:, :, u, v])
    return out + b.reshape(1, F, 1, 1), (big, w, conv_param)


def conv_backward_naive(dout, cache):
    big, w, conv_param = cache
    st = conv_param['stride']
    p = conv_param['pad']
    F, _, kh, kw = w.shape
    oh, ow = dout.shape[2:]
    dbig = np.zeros_like(big)
    dw = np.zeros_like(w)
    for u in range(kh):
        for v in range(kw):
            patch = big[:, :, u:u + st * oh:st, v:v + st * ow:st]
            dw[:, :, u, v] = np.einsum('nfij,ncij->fc', dout, patch)
            dbig[:, :, u:u + st * oh:st, v:v + st * ow:st] += np.einsum('nfij,fc->ncij', dout, w[:, :, u, v])
    return _unpad(dbig, p), dw, dout.sum(axis=(0, 2, 3))
