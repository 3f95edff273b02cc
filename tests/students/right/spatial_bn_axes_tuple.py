import numpy as np

def spatial_batchnorm_forward(x, gamma, beta, eps):
    ax = (0, 2, 3)
    col = lambda v: v.reshape(1, -1, 1, 1)
    mu = x.mean(ax)
    xmu = x - col(mu)
    var = (xmu ** 2).mean(ax)
    std = np.sqrt(var + eps)
    xhat = xmu / col(std)
    return col(gamma) * xhat + col(beta), (xmu, xhat, std, gamma)

def spatial_batchnorm_backward(dout, cache):
    xmu, xhat, std, gamma = cache
    ax = (0, 2, 3)
    col = lambda v: v.reshape(1, -1, 1, 1)
    M = dout.size // dout.shape[1]
    dbeta = dout.sum(ax)
    dgamma = (dout * xhat).sum(ax)
    dxhat = col(gamma) * dout
    dstd = -(dxhat * xmu).sum(ax) / std ** 2
    dvar = dstd / 2 / std
    dxmu = dxhat / col(std) + col(dvar) * 2 * xmu / M
    dmu = -dxmu.sum(ax)
    dx = dxmu + col(dmu) / M
    return dx, dgamma, dbeta
