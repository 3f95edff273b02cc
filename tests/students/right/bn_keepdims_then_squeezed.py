import numpy as np

def batchnorm_forward(x, gamma, beta, eps):
    kw = dict(axis=0, keepdims=True)
    mean = np.mean(x, **kw)
    var = np.var(x, **kw)
    std = np.sqrt(var + eps)
    xn = (x - mean) / std
    return xn * gamma.reshape(1, -1) + beta.reshape(1, -1), (x, mean, std, xn, gamma.reshape(1, -1))

def batchnorm_backward(dout, cache):
    x, mean, std, xn, gamma = cache
    N = x.shape[0]
    kw = dict(axis=0, keepdims=True)
    dbeta = np.sum(dout, **kw)
    dgamma = np.sum(dout * xn, **kw)
    dxn = dout * gamma
    dstd = np.sum(-dxn * (x - mean) / std ** 2, **kw)
    dvar = 0.5 * dstd / std
    dmean = np.sum(-dxn / std, **kw) + dvar * np.mean(-2 * (x - mean), **kw)
    dx = dxn / std + dvar * 2 * (x - mean) / N + dmean / N
    return dx, np.squeeze(dgamma, axis=0), dbeta[0]
