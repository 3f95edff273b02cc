import numpy as np

def spatial_groupnorm_forward(x, gamma, beta, G, gn_param):
    eps = gn_param.get('eps', 1e-5)
    N, C, H, W = x.shape
    x_norm = np.zeros(x.shape)
    std = np.zeros((N, G))
    per = C // G
    for n in range(N):
        for g in range(G):
            part = x[n, g * per:(g + 1) * per, :, :]
            m = np.mean(part)
            std[n, g] = np.sqrt(np.mean((part - m) ** 2) + eps)
            x_norm[n, g * per:(g + 1) * per, :, :] = (part - m) / std[n, g]
    out = x_norm * gamma.reshape(1, -1, 1, 1) + beta.reshape(1, -1, 1, 1)
    cache = {'x_norm': x_norm, 'std': std, 'gamma': gamma, 'G': G}
    return out, cache

def spatial_groupnorm_backward(dout, cache):
    x_norm, std, gamma, G = cache['x_norm'], cache['std'], cache['gamma'], cache['G']
    N, C, H, W = dout.shape
    per = C // G
    dbeta = dout.sum(axis=(0, 2, 3)).reshape(gamma.shape)
    dgamma = (dout * x_norm).sum(axis=(0, 2, 3)).reshape(gamma.shape)
    dnorm = dout * gamma.reshape(1, -1, 1, 1)
    dx = np.zeros(dout.shape)
    for n in range(N):
        for g in range(G):
            sl = slice(g * per, (g + 1) * per)
            dn = dnorm[n, sl]
            xn = x_norm[n, sl]
            dx[n, sl] = (dn - np.mean(dn) - xn * np.mean(dn * xn)) / std[n, g]
    return dx, dgamma, dbeta
