import numpy as np

def spatial_batchnorm_forward(x, gamma, beta, eps):
    axes = (0, 2, 3)
    mu = x.mean(axis=axes)[None, :, None, None]
    var = x.var(axis=axes)[None, :, None, None]
    xhat = (x - mu) / np.sqrt(var + eps)
    out = gamma[None, :, None, None] * xhat + beta[None, :, None, None]
    return out, (x, mu, var, xhat, gamma, eps)

def spatial_batchnorm_backward(dout, cache):
    x, mu, var, xhat, gamma, eps = cache
    N, C, H, W = x.shape
    m = N * H * W
    axes = (0, 2, 3)
    dbeta = dout.sum(axes)
    dgamma = (dout * xhat).sum(axes)
    dxhat = dout * gamma[None, :, None, None]
    dvar = (dxhat * (x - mu) * -0.5 * (var + eps) ** -1.5).sum(axes, keepdims=True)
    dmu = (-dxhat / np.sqrt(var + eps)).sum(axes, keepdims=True)
    dx = dxhat / np.sqrt(var + eps) + dvar * 2 * (x - mu) / m + dmu / m
    return dx, dgamma, dbeta
