import numpy as np

def spatial_groupnorm_forward(x, gamma, beta, G, gn_param):
    eps = gn_param.get('eps', 1e-5)
    N, C, H, W = x.shape
    size = C // G
    x_hat = np.empty(x.shape)
    inv = np.empty((N, G))
    for g in range(G):
        block = x[:, g * size:(g + 1) * size]
        mu = block.mean(axis=(1, 2, 3), keepdims=True)
        var = block.var(axis=(1, 2, 3), keepdims=True)
        x_hat[:, g * size:(g + 1) * size] = (block - mu) / np.sqrt(var + eps)
        inv[:, g] = 1.0 / np.sqrt(var + eps).reshape(N)
    out = np.empty(x.shape)
    for c in range(C):
        out[:, c] = gamma.flat[c] * x_hat[:, c] + beta.flat[c]
    cache = (x_hat, inv, gamma, G)
    return out, cache

def spatial_groupnorm_backward(dout, cache):
    x_hat, inv, gamma, G = cache
    N, C, H, W = dout.shape
    size = C // G
    M = size * H * W
    dgamma = np.zeros(gamma.shape)
    dbeta = np.zeros(gamma.shape)
    dx_hat = np.empty(dout.shape)
    for c in range(C):
        dgamma.flat[c] = np.sum(dout[:, c] * x_hat[:, c])
        dbeta.flat[c] = np.sum(dout[:, c])
        dx_hat[:, c] = dout[:, c] * gamma.flat[c]
    dx = np.empty(dout.shape)
    for n in range(N):
        for g in range(G):
            lo, hi = g * size, (g + 1) * size
            d = dx_hat[n, lo:hi]
            h = x_hat[n, lo:hi]
            dx[n, lo:hi] = inv[n, g] * (d - d.sum() / M - h * (d * h).sum() / M)
    return dx, dgamma, dbeta
