import numpy as np


def layernorm_forward(x, gamma, beta, ln_param):
    eps = ln_param.get('eps', 1e-5)
    x_T = x.T
    mu = np.mean(x_T, axis=0)
    var = np.var(x_T, axis=0)
    std = np.sqrt(var + eps)
    x_norm_T = (x_T - mu) / std
    x_norm = x_norm_T.T
    out = gamma * x_norm + beta
    cache = (x, x_norm, mu, std, gamma)
    return out, cache


def layernorm_backward(dout, cache):
    x, x_norm, mu, std, gamma = cache
    N, D = x.shape
    dbeta = np.sum(dout, axis=0)
    dgamma = np.sum(dout * x_norm, axis=0)
    dx_norm = (dout * gamma).T
    xmu = x.T - mu
    dvar = np.sum(dx_norm * xmu * (-0.5) * std ** (-3), axis=0)
    dmu = np.sum(-dx_norm / std, axis=0) + dvar * np.mean(-2 * xmu, axis=0)
    dx = dx_norm / std + dvar * 2 * xmu / D + dmu / D
    dx = dx.T
    return dx, dgamma, dbeta
