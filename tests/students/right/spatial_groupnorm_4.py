import numpy as np


def spatial_groupnorm_forward(x, gamma, beta, G, gn_param):
    eps = gn_param.get("eps", 1e-5)
    N, C, H, W = x.shape
    groups = np.reshape(x, (N, G, -1))
    mean = groups.mean(-1, keepdims=True)
    std = np.sqrt(groups.var(-1, keepdims=True) + eps)
    x_hat = np.reshape((groups - mean) / std, x.shape)
    return gamma * x_hat + beta, dict(x_hat=x_hat, std=std, gamma=gamma, G=G)


def spatial_groupnorm_backward(dout, cache):
    x_hat, std, gamma, G = (cache[k] for k in ("x_hat", "std", "gamma", "G"))
    N, C, H, W = dout.shape
    dgamma = (dout * x_hat).sum(axis=(0, 2, 3), keepdims=True)
    dbeta = dout.sum(axis=(0, 2, 3), keepdims=True)
    h = x_hat.reshape(N, G, -1)
    d = (gamma * dout).reshape(N, G, -1)
    d = d - d.mean(-1, keepdims=True) - h * (d * h).mean(-1, keepdims=True)
    return (d / std).reshape(dout.shape), dgamma, dbeta
