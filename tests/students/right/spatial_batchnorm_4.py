import numpy as np

def spatial_batchnorm_forward(x, gamma, beta, eps):
    N, C, H, W = x.shape
    g = gamma.reshape(1, C, 1, 1)
    b = beta.reshape(1, C, 1, 1)
    mean = x.mean(axis=(0, 2, 3), keepdims=True)
    xc = x - mean
    var = (xc ** 2).mean(axis=(0, 2, 3), keepdims=True)
    std = np.sqrt(var + eps)
    xhat = xc / std
    return g * xhat + b, (xhat, std, g)

def spatial_batchnorm_backward(dout, cache):
    xhat, std, g = cache
    dgamma = np.sum(dout * xhat, axis=(0, 2, 3))
    dbeta = np.sum(dout, axis=(0, 2, 3))
    d = g * dout
    m1 = d.mean(axis=(0, 2, 3), keepdims=True)
    m2 = (d * xhat).mean(axis=(0, 2, 3), keepdims=True)
    return (d - m1 - xhat * m2) / std, dgamma, dbeta
