import numpy as np

def layernorm_forward(x, gamma, beta, ln_param):
    eps = ln_param.get('eps', 1e-5)
    mu = np.mean(x, axis=1, keepdims=True)
    xmu = x - mu
    ivar = 1 / np.sqrt(np.mean(xmu * xmu, axis=1, keepdims=True) + eps)
    xn = xmu * ivar
    return gamma * xn + beta, (xmu, ivar, xn, gamma)

def layernorm_backward(dout, cache):
    xmu, ivar, xn, gamma = cache
    D = dout.shape[1]
    dgamma = np.sum(dout * xn, axis=0)
    dbeta = np.sum(dout, axis=0)
    dxn = dout * gamma
    divar = np.sum(dxn * xmu, axis=1, keepdims=True)
    dv = -0.5 * divar * ivar ** 3
    dxmu = dxn * ivar + 2 / D * xmu * dv
    dx = dxmu - np.mean(dxmu, axis=1, keepdims=True)
    return dx, dgamma, dbeta
