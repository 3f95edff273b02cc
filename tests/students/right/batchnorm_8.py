import numpy as np

def batchnorm_forward(x, gamma, beta, eps):
    xmean = x.mean(axis=0)
    xvar = x.var(axis=0)
    x_c = x - xmean
    std = np.sqrt(xvar + eps)
    x_n = x_c / std
    cache = dict(x_c=x_c, std=std, x_n=x_n, gamma=gamma)
    return x_n * gamma + beta, cache

def batchnorm_backward(dout, cache):
    x_c, std, x_n, gamma = [cache[k] for k in ('x_c', 'std', 'x_n', 'gamma')]
    N = dout.shape[0]
    dbeta = np.sum(dout, axis=0)
    dgamma = np.sum(dout * x_n, axis=0)

    dx_n = dout * gamma
    # x_n = x_c * (1/std)
    d_inv = np.sum(dx_n * x_c, axis=0)
    d_std = -d_inv / (std * std)
    d_var = d_std * 0.5 / std
    d_xc = dx_n / std + d_var * 2 * x_c / N
    d_mean = -d_xc.sum(axis=0)
    dx = d_xc + d_mean / N
    return dx, dgamma, dbeta
