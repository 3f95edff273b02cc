import numpy as np


def spatial_groupnorm_forward(x, gamma, beta, G, gn_param):
    eps = gn_param.get('eps', 1e-5)
    N, C, H, W = x.shape
    out = np.zeros_like(x)
    x_norm = np.zeros_like(x)
    stds = np.zeros((N, G))
    size = C // G
    for n in range(N):
        for g in range(G):
            lo = g * size
            hi = (g + 1) * size
            piece = x[n, lo:hi]
            m = np.mean(piece)
            v = np.mean((piece - m) ** 2)
            stds[n, g] = np.sqrt(v + eps)
            x_norm[n, lo:hi] = (piece - m) / stds[n, g]
    out = x_norm * gamma.reshape(1, C, 1, 1) + beta.reshape(1, C, 1, 1)
    cache = (x_norm, stds, gamma, G)
    return out, cache


def spatial_groupnorm_backward(dout, cache):
    x_norm, stds, gamma, G = cache
    N, C, H, W = dout.shape
    dgamma = np.sum(dout * x_norm, axis=(0, 2, 3), keepdims=True)
    dbeta = np.sum(dout, axis=(0, 2, 3), keepdims=True)
    dx_norm = dout * gamma.reshape(1, C, 1, 1)
    dx = np.zeros_like(dout)
    size = C // G
    M = size * H * W
    for n in range(N):
        for g in range(G):
            sl = slice(g * size, (g + 1) * size)
            dxn = dx_norm[n, sl]
            xn = x_norm[n, sl]
            dx[n, sl] = (dxn - dxn.sum() / M - xn * (dxn * xn).sum() / M) / stds[n, g]
    return dx, dgamma, dbeta
