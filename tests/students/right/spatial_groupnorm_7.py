import numpy as np

def spatial_groupnorm_forward(x, gamma, beta, G, gn_param):
    eps = gn_param.get('eps', 1e-5)
    N, C, H, W = x.shape
    xhat = np.zeros_like(x)
    stds = []
    size = C // G
    for g in range(G):
        ch = slice(g * size, (g + 1) * size)
        part = x[:, ch]
        mu = part.mean(axis=(1, 2, 3), keepdims=True)
        std = np.sqrt(part.var(axis=(1, 2, 3), keepdims=True) + eps)
        xhat[:, ch] = (part - mu) / std
        stds.append(std)
    return xhat * gamma + beta, (xhat, stds, gamma, G)

def spatial_groupnorm_backward(dout, cache):
    xhat, stds, gamma, G = cache
    C = dout.shape[1]
    dgamma = np.sum(dout * xhat, axis=(0, 2, 3), keepdims=True)
    dbeta = np.sum(dout, axis=(0, 2, 3), keepdims=True)
    dxhat = dout * gamma
    dx = np.zeros_like(dout)
    size = C // G
    for g, std in enumerate(stds):
        ch = slice(g * size, (g + 1) * size)
        d, h = dxhat[:, ch], xhat[:, ch]
        dx[:, ch] = (d - d.mean(axis=(1, 2, 3), keepdims=True)
                     - h * (d * h).mean(axis=(1, 2, 3), keepdims=True)) / std
    return dx, dgamma, dbeta
