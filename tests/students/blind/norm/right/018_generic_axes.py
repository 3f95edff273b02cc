import numpy as np

__all__ = ['batchnorm_forward', 'batchnorm_backward', 'layernorm_forward', 'layernorm_backward',
           'spatial_batchnorm_forward', 'spatial_batchnorm_backward',
           'spatial_groupnorm_forward', 'spatial_groupnorm_backward']


def _norm(x, axes, eps):
    mu = x.mean(axis=axes, keepdims=True)
    var = x.var(axis=axes, keepdims=True)
    inv_std = 1.0 / np.sqrt(var + eps)
    return (x - mu) * inv_std, mu, var, inv_std


def _norm_backward(dxhat, xhat, inv_std, axes):
    m1 = dxhat.mean(axis=axes, keepdims=True)
    m2 = (dxhat * xhat).mean(axis=axes, keepdims=True)
    return inv_std * (dxhat - m1 - xhat * m2)


def _bn(x, gamma, beta, bn_param, axes):
    eps = bn_param.get('eps', 1e-5)
    rho = bn_param.get('momentum', 0.9)
    shape = [1] * x.ndim
    shape[1] = -1
    D = x.shape[1]
    rm = bn_param.get('running_mean', np.zeros(D))
    rv = bn_param.get('running_var', np.zeros(D))
    g, b = gamma.reshape(shape), beta.reshape(shape)
    if bn_param['mode'] == 'train':
        xhat, mu, var, inv_std = _norm(x, axes, eps)
        bn_param['running_mean'] = rho * rm + (1 - rho) * mu.reshape(D)
        bn_param['running_var'] = rho * rv + (1 - rho) * var.reshape(D)
        return g * xhat + b, (xhat, inv_std, g, axes)
    xhat = (x - rm.reshape(shape)) / np.sqrt(rv.reshape(shape) + eps)
    return g * xhat + b, None


def _bn_backward(dout, cache):
    xhat, inv_std, g, axes = cache
    dx = _norm_backward(dout * g, xhat, inv_std, axes)
    return dx, (dout * xhat).sum(axis=axes), dout.sum(axis=axes)


def batchnorm_forward(x, gamma, beta, bn_param):
    return _bn(x, gamma, beta, bn_param, 0)


def batchnorm_backward(dout, cache):
    return _bn_backward(dout, cache)


def spatial_batchnorm_forward(x, gamma, beta, bn_param):
    return _bn(x, gamma, beta, bn_param, (0, 2, 3))


def spatial_batchnorm_backward(dout, cache):
    return _bn_backward(dout, cache)


def layernorm_forward(x, gamma, beta, ln_param):
    xhat, _, _, inv_std = _norm(x, 1, ln_param.get('eps', 1e-5))
    return gamma * xhat + beta, (xhat, inv_std, gamma)


def layernorm_backward(dout, cache):
    xhat, inv_std, gamma = cache
    dx = _norm_backward(dout * gamma, xhat, inv_std, 1)
    return dx, (dout * xhat).sum(axis=0), dout.sum(axis=0)


def spatial_groupnorm_forward(x, gamma, beta, G, gn_param):
    N, C, H, W = x.shape
    xhat, _, _, inv_std = _norm(x.reshape(N, G, C // G, H, W), (2, 3, 4), gn_param.get('eps', 1e-5))
    flat = xhat.reshape(x.shape)
    return gamma * flat + beta, (xhat, inv_std, gamma)


def spatial_groupnorm_backward(dout, cache):
    xhat, inv_std, gamma = cache
    dgamma = (dout * xhat.reshape(dout.shape)).sum(axis=(0, 2, 3), keepdims=True)
    dbeta = dout.sum(axis=(0, 2, 3), keepdims=True)
    dxhat = (dout * gamma).reshape(xhat.shape)
    dx = _norm_backward(dxhat, xhat, inv_std, (2, 3, 4)).reshape(dout.shape)
    return dx, dgamma, dbeta
