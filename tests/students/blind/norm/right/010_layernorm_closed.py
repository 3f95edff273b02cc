from __future__ import division
import numpy as np

def layernorm_forward(x, gamma, beta, ln_param):
    eps = ln_param.get('eps', 1e-5)
    mean = x.mean(axis=1).reshape(-1, 1)
    var = x.var(axis=1).reshape(-1, 1)
    inv_std = 1.0 / np.sqrt(var + eps)
    normed = (x - mean) * inv_std
    out = normed * gamma.reshape(1, -1) + beta.reshape(1, -1)
    cache = {'normed': normed, 'inv_std': inv_std, 'gamma': gamma}
    return out, cache

def layernorm_backward(dout, cache):
    normed = cache['normed']
    D = normed.shape[1]
    dnormed = cache['gamma'] * dout
    sum_d = np.sum(dnormed, axis=1)[:, np.newaxis]
    sum_dn = np.sum(dnormed * normed, axis=1)[:, np.newaxis]
    dx = 1.0 / D * cache['inv_std'] * (D * dnormed - sum_d - normed * sum_dn)
    dgamma = np.sum(normed * dout, axis=0)
    dbeta = np.sum(dout, axis=0)
    return dx, dgamma, dbeta
