import numpy as np

def spatial_groupnorm_forward(x, gamma, beta, G, gn_param):
    eps = gn_param.get('eps', 1e-5)
    N, C, H, W = x.shape
    rows = x.reshape(N * G, -1)
    mu = rows.mean(axis=1, keepdims=True)
    var = rows.var(axis=1, keepdims=True)
    ivar = 1. / np.sqrt(var + eps)
    xhat = (rows - mu) * ivar
    out = xhat.reshape(N, C, H, W) * gamma + beta
    return out, (rows - mu, ivar, xhat, gamma, G)

def spatial_groupnorm_backward(dout, cache):
    xmu, ivar, xhat, gamma, G = cache
    N, C, H, W = dout.shape
    M = C // G * H * W
    dbeta = dout.sum(axis=(0, 2, 3)).reshape(1, C, 1, 1)
    dgamma = (dout * xhat.reshape(N, C, H, W)).sum(axis=(0, 2, 3)).reshape(1, C, 1, 1)

    dxhat = (dout * gamma).reshape(N * G, -1)
    dvar = -0.5 * ivar ** 3 * np.sum(dxhat * xmu, axis=1, keepdims=True)
    dmu = -ivar * np.sum(dxhat, axis=1, keepdims=True)
    dx = dxhat * ivar + 2. / M * dvar * xmu + dmu / M
    return dx.reshape(N, C, H, W), dgamma, dbeta
