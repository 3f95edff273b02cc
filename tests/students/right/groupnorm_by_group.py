import numpy as np


def spatial_groupnorm_forward(x, gamma, beta, G, gn_param):
    eps = gn_param.get('eps', 1e-5)
    N, C, H, W = x.shape
    Cg = C // G
    x_norm = np.zeros(x.shape)
    cache_groups = []
    for g in range(G):
        start = g * Cg
        end = start + Cg
        part = x[:, start:end].reshape(N, -1)
        mu = np.mean(part, axis=1, keepdims=True)
        var = np.mean((part - mu) ** 2, axis=1, keepdims=True)
        istd = 1.0 / np.sqrt(var + eps)
        normed = (part - mu) * istd
        x_norm[:, start:end] = normed.reshape(N, Cg, H, W)
        cache_groups.append((normed, istd))
    out = x_norm * gamma + beta
    cache = (x_norm, cache_groups, gamma, G)
    return out, cache


def spatial_groupnorm_backward(dout, cache):
    x_norm, cache_groups, gamma, G = cache
    N, C, H, W = dout.shape
    Cg = C // G
    dbeta = dout.sum(axis=(0, 2, 3)).reshape(gamma.shape)
    dgamma = (dout * x_norm).sum(axis=(0, 2, 3)).reshape(gamma.shape)
    dxn = dout * gamma
    dx = np.zeros_like(dout)
    for g in range(G):
        normed, istd = cache_groups[g]
        d = dxn[:, g * Cg:(g + 1) * Cg].reshape(N, -1)
        m = d.shape[1]
        dpart = d - d.mean(axis=1, keepdims=True) - normed * np.sum(d * normed, axis=1, keepdims=True) / m
        dpart *= istd
        dx[:, g * Cg:(g + 1) * Cg] = dpart.reshape(N, Cg, H, W)
    return dx, dgamma, dbeta
