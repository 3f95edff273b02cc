import numpy as np

def batchnorm_forward(x, gamma, beta, eps):
    """ x is N by D """
    mu = np.mean(x, axis=0)
    var = np.var(x, axis=0)
    x_hat = (x - mu) / np.sqrt(var + eps)
    out = gamma * x_hat + beta
    return out, (x, gamma, mu, var, x_hat, eps)

def batchnorm_backward(dout, cache):
    x, gamma, mu, var, x_hat, eps = cache
    N, D = x.shape

    dx_hat = dout * gamma
    dvar = np.sum(dx_hat * (x - mu), axis=0) * (-1 / 2) * (var + eps) ** (-3 / 2)
    dmu = np.sum(dx_hat * (-1 / np.sqrt(var + eps)), axis=0) + dvar * np.sum(-2 * (x - mu), axis=0) / N
    dx = dx_hat / np.sqrt(var + eps) + dvar * 2 * (x - mu) / N + dmu / N
    dgamma = np.sum(dout * x_hat, axis=0)
    dbeta = np.sum(dout, axis=0)
    return dx, dgamma, dbeta
