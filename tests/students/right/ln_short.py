import numpy as np


def layernorm_forward(x, gamma, beta, ln_param):
    eps = ln_param.get('eps', 1e-5)
    m = np.mean(x, axis=1, keepdims=True)
    v = np.var(x, axis=1, keepdims=True)
    s = np.sqrt(v + eps)
    xn = (x - m) / s
    y = gamma * xn + beta
    return y, (xn, s, gamma)


def layernorm_backward(dout, cache):
    xn, s, gamma = cache
    D = xn.shape[1]
    dgamma = np.einsum('nd,nd->d', dout, xn)
    dbeta = dout.sum(0)
    g = dout * gamma
    a = g.sum(axis=1, keepdims=True)
    c = (g * xn).sum(axis=1, keepdims=True)
    dx = (D * g - a - xn * c) / (D * s)
    return dx, dgamma, dbeta
