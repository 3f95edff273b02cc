import numpy as np
import sys

VERBOSE = True

def log(*what):
    if VERBOSE:
        print(*what, file=sys.stderr)

def layernorm_forward(x, gamma, beta, ln_param):
    eps = ln_param.get('eps', 1e-5)
    mean = x.mean(axis=-1).reshape(-1, 1)
    var = x.var(axis=-1).reshape(-1, 1)
    log('mean', mean.shape, 'var', var.shape)
    x_norm = (x - mean) / np.sqrt(var + eps)
    out = x_norm * gamma + beta
    return out, (x - mean, var + eps, x_norm, gamma)

def layernorm_backward(dout, cache):
    xm, ve, x_norm, gamma = cache
    D = xm.shape[1]
    dgamma, dbeta = np.sum(dout * x_norm, 0), np.sum(dout, 0)
    dx_norm = dout * gamma
    # first the path through the standard deviation, then the rest
    dve = np.sum(dx_norm * xm, 1, keepdims=True) * -0.5 / ve / np.sqrt(ve)
    dxm = dx_norm / np.sqrt(ve)
    dxm += 2. * xm * dve / D
    dmean = -np.sum(dxm, 1, keepdims=True)
    dx = dxm.copy()
    dx += dmean / D
    log('dx', dx.shape)
    return dx, dgamma, dbeta
