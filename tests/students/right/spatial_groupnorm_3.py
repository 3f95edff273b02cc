import numpy as np

def spatial_groupnorm_forward(x, gamma, beta, G, gn_param):
    eps = gn_param.get('eps', 1e-5)
    N, C, H, W = x.shape
    parts = np.split(x, G, axis=1)
    xn, stds = [], []
    for part in parts:
        mean = part.mean(axis=(1, 2, 3), keepdims=True)
        std = np.sqrt(part.var(axis=(1, 2, 3), keepdims=True) + eps)
        xn.append((part - mean) / std)
        stds.append(std)
    out = np.concatenate(xn, axis=1) * gamma + beta
    return out, (xn, stds, gamma)

def spatial_groupnorm_backward(dout, cache):
    xn, stds, gamma = cache
    G = len(xn)
    dgamma = np.sum(dout * np.concatenate(xn, axis=1), axis=(0, 2, 3), keepdims=True)
    dbeta = np.sum(dout, axis=(0, 2, 3), keepdims=True)
    dx = []
    for d, h, std in zip(np.split(dout * gamma, G, axis=1), xn, stds):
        M = d[0].size
        a = np.sum(d, axis=(1, 2, 3), keepdims=True) / M
        b = np.sum(d * h, axis=(1, 2, 3), keepdims=True) / M
        dx.append((d - a - h * b) / std)
    return np.concatenate(dx, axis=1), dgamma, dbeta
