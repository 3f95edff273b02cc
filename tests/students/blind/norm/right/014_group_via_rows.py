import numpy as np


def normalize_rows(x, eps):
    mu = x.mean(axis=1, keepdims=True)
    var = x.var(axis=1, keepdims=True)
    istd = 1 / np.sqrt(var + eps)
    return (x - mu) * istd, istd


def normalize_rows_grad(dy, y, istd):
    k = y.shape[1]
    return istd / k * (k * dy - dy.sum(axis=1, keepdims=True) - y * (dy * y).sum(axis=1, keepdims=True))


def layernorm_forward(x, gamma, beta, ln_param):
    y, istd = normalize_rows(x, ln_param.get('eps', 1e-5))
    return gamma * y + beta, (y, istd, gamma)


def layernorm_backward(dout, cache):
    y, istd, gamma = cache
    dx = normalize_rows_grad(dout * gamma, y, istd)
    return dx, np.sum(dout * y, axis=0), np.sum(dout, axis=0)


def spatial_groupnorm_forward(x, gamma, beta, G, gn_param):
    N, C, H, W = x.shape
    y, istd = normalize_rows(x.reshape(N * G, -1), gn_param.get('eps', 1e-5))
    y = y.reshape(N, C, H, W)
    gamma4 = gamma.reshape(1, C, 1, 1)
    out = gamma4 * y + beta.reshape(1, C, 1, 1)
    return out, (y, istd, gamma, G)


def spatial_groupnorm_backward(dout, cache):
    y, istd, gamma, G = cache
    N, C, H, W = dout.shape
    dgamma = np.sum(dout * y, axis=(0, 2, 3)).reshape(gamma.shape)
    dbeta = np.sum(dout, axis=(0, 2, 3)).reshape(gamma.shape)
    dy = (dout * gamma.reshape(1, C, 1, 1)).reshape(N * G, -1)
    dx = normalize_rows_grad(dy, y.reshape(N * G, -1), istd).reshape(N, C, H, W)
    return dx, dgamma, dbeta
