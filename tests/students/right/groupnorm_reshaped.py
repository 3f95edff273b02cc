import numpy as np


def spatial_groupnorm_forward(x, gamma, beta, G, gn_param):
    eps = gn_param.get("eps", 1e-5)
    N, C, H, W = x.shape
    xg = x.reshape(N * G, -1)
    mean = xg.mean(axis=1, keepdims=True)
    var = xg.var(axis=1, keepdims=True)
    std = np.sqrt(var + eps)
    xhat = ((xg - mean) / std).reshape(N, C, H, W)
    out = xhat * gamma + beta
    return out, (xhat, std, gamma, G)


def spatial_groupnorm_backward(dout, cache):
    xhat, std, gamma, G = cache
    N, C, H, W = dout.shape
    dbeta = dout.sum(axis=(0, 2, 3), keepdims=True)
    dgamma = (dout * xhat).sum(axis=(0, 2, 3), keepdims=True)
    dxhat = (dout * gamma).reshape(N * G, -1)
    xh = xhat.reshape(N * G, -1)
    M = xh.shape[1]
    s1 = dxhat.sum(axis=1, keepdims=True)
    s2 = (dxhat * xh).sum(axis=1, keepdims=True)
    dx = (dxhat - s1 / M - xh * s2 / M) / std
    dx = dx.reshape(N, C, H, W)
    return dx, dgamma, dbeta
