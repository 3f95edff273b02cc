import numpy as np

def layernorm_forward(x, gamma, beta, ln_param):
    eps = ln_param.get('eps', 1e-5)
    xt = x.T
    mu = np.mean(xt, axis=0)
    var = np.var(xt, axis=0)
    ivar = 1 / np.sqrt(var + eps)
    xhat = ((xt - mu) * ivar).T
    out = gamma * xhat + beta
    return out, (xhat, ivar, gamma)

def layernorm_backward(dout, cache):
    xhat, ivar, gamma = cache
    N, D = dout.shape
    dgamma = np.sum(dout * xhat, axis=0)
    dbeta = np.sum(dout, axis=0)
    dx = D * gamma * dout - (gamma * dout).sum(1, keepdims=True) - xhat * (gamma * dout * xhat).sum(1, keepdims=True)
    dx = dx * ivar[:, None] / D
    return dx, dgamma, dbeta
