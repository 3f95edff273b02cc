import numpy as np

def spatial_batchnorm_forward(x, gamma, beta, eps):
    N, C, H, W = x.shape
    r = x.swapaxes(1, 3).reshape(-1, C)
    mu, v = r.mean(0), r.var(0)
    inv = 1 / np.sqrt(v + eps)
    hat = (r - mu) * inv
    out = (gamma * hat + beta).reshape(N, W, H, C).swapaxes(1, 3)
    return out, (hat, inv, gamma)

def spatial_batchnorm_backward(dout, cache):
    hat, inv, gamma = cache
    N, C, H, W = dout.shape
    r = dout.swapaxes(1, 3).reshape(-1, C)
    dgamma, dbeta = (r * hat).sum(0), r.sum(0)
    r = r * gamma
    r = (r - r.mean(0) - hat * (r * hat).mean(0)) * inv
    return r.reshape(N, W, H, C).swapaxes(1, 3), dgamma, dbeta
