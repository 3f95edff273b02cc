import numpy as np

def layernorm_forward(x, gamma, beta, ln_param):
    eps = ln_param.get('eps', 1e-5)
    mean = np.mean(x, axis=1, keepdims=True)
    var = np.var(x, axis=1, keepdims=True)
    x_hat = (x - mean) / np.sqrt(var + eps)
    out = gamma * x_hat + beta
    cache = (x, mean, var, x_hat, gamma, eps)
    return out, cache

def layernorm_backward(dout, cache):
    x, mean, var, x_hat, gamma, eps = cache
    M = x.shape[1]
    dbeta = np.sum(dout, axis=0)
    dgamma = np.sum(x_hat * dout, axis=0)
    dx_hat = dout * gamma
    xc = x - mean
    dvar = np.sum(dx_hat * xc, axis=1, keepdims=True) * -0.5 * (var + eps) ** -1.5
    dmean = np.sum(dx_hat * -((var + eps) ** -0.5), axis=1, keepdims=True)
    dx = dx_hat * (var + eps) ** -0.5 + dvar * 2 * xc / M + dmean / M
    return dx, dgamma, dbeta
