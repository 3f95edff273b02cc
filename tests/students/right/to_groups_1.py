import numpy as np

def to_groups(x, G):
    N, C, H, W = x.shape
    return x.reshape(N, G, C // G, H, W).swapaxes(1, 2)

def from_groups(xg, shape):
    return xg.swapaxes(1, 2).reshape(shape)

def spatial_groupnorm_forward(x, gamma, beta, G, gn_param):
    eps = gn_param.get('eps', 1e-5)
    xg = to_groups(x, G)
    mu = xg.mean(axis=(1, 3, 4), keepdims=True)
    sd = np.sqrt(xg.var(axis=(1, 3, 4), keepdims=True) + eps)
    hat = (xg - mu) / sd
    out = from_groups(hat, x.shape) * gamma + beta
    return out, (hat, sd, gamma, G)

def spatial_groupnorm_backward(dout, cache):
    hat, sd, gamma, G = cache
    flat_hat = from_groups(hat, dout.shape)
    dgamma = (dout * flat_hat).sum((0, 2, 3), keepdims=True)
    dbeta = dout.sum((0, 2, 3), keepdims=True)
    d = to_groups(dout * gamma, G)
    d = (d - d.mean((1, 3, 4), keepdims=True) - hat * (d * hat).mean((1, 3, 4), keepdims=True)) / sd
    return from_groups(d, dout.shape), dgamma, dbeta
