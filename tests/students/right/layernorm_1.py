import numpy as np

def layernorm_forward(x, gamma, beta, ln_param):
    eps = ln_param.get('eps', 1e-5)
    out = np.zeros_like(x)
    hats, stds = [], []
    for row in x:
        std = np.sqrt(row.var() + eps)
        hat = (row - row.mean()) / std
        hats.append(hat)
        stds.append(std)
    hats = np.array(hats)
    out = gamma * hats + beta
    return out, (hats, stds, gamma)

def layernorm_backward(dout, cache):
    hats, stds, gamma = cache
    dgamma = np.sum(dout * hats, axis=0)
    dbeta = np.sum(dout, axis=0)
    dx = np.zeros_like(dout)
    for i, (hat, std) in enumerate(zip(hats, stds)):
        d = dout[i] * gamma
        dx[i] = (d - d.mean() - hat * (d * hat).mean()) / std
    return dx, dgamma, dbeta
