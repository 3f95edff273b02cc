import numpy as np


def normalize(x, eps):
    # over axis 0
    mu, var = x.mean(axis=0), x.var(axis=0)
    istd = 1 / np.sqrt(var + eps)
    return (x - mu) * istd, istd


def normalize_back(dout, xhat, istd, scale):
    dscale = np.sum(dout * xhat, axis=0)
    dshift = np.sum(dout, axis=0)
    d = dout * scale
    dx = istd * (d - d.mean(axis=0) - xhat * (d * xhat).mean(axis=0))
    return dx, dscale, dshift


def batchnorm_forward(x, gamma, beta, eps):
    xhat, istd = normalize(x, eps)
    return gamma * xhat + beta, (xhat, istd, gamma)


def batchnorm_backward(dout, cache):
    xhat, istd, gamma = cache
    return normalize_back(dout, xhat, istd, gamma)


def layernorm_forward(x, gamma, beta, ln_param):
    xhat, istd = normalize(x.T, ln_param.get("eps", 1e-5))
    return gamma * xhat.T + beta, (xhat, istd, gamma)


def layernorm_backward(dout, cache):
    xhat, istd, gamma = cache
    gamma = gamma.reshape(-1, 1)
    dx, _, _ = normalize_back(dout.T, xhat, istd, gamma)
    dgamma = np.sum(dout * xhat.T, axis=0)
    dbeta = np.sum(dout, axis=0)
    return dx.T, dgamma, dbeta
