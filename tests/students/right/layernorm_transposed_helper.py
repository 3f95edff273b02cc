import numpy as np

def _bn(x, eps):
    mu = x.mean(axis=0)
    std = np.sqrt(x.var(axis=0) + eps)
    return (x - mu) / std, std

def _bn_back(dxhat, xhat, std):
    M = dxhat.shape[0]
    return (M * dxhat - dxhat.sum(axis=0) - xhat * (dxhat * xhat).sum(axis=0)) / (M * std)

def batchnorm_forward(x, gamma, beta, bn_param):
    eps, mode = bn_param.get('eps', 1e-5), bn_param['mode']
    mom = bn_param.get('momentum', 0.9)
    rm = bn_param.get('running_mean', np.zeros(x.shape[1]))
    rv = bn_param.get('running_var', np.zeros(x.shape[1]))
    if mode == 'test':
        return gamma * ((x - rm) / np.sqrt(rv + eps)) + beta, None
    xhat, std = _bn(x, eps)
    bn_param['running_mean'] = mom * rm + (1 - mom) * x.mean(axis=0)
    bn_param['running_var'] = mom * rv + (1 - mom) * (std ** 2 - eps)
    return gamma * xhat + beta, (xhat, std, gamma)

def batchnorm_backward(dout, cache):
    xhat, std, gamma = cache
    return _bn_back(dout * gamma, xhat, std), (dout * xhat).sum(axis=0), dout.sum(axis=0)

def layernorm_forward(x, gamma, beta, ln_param):
    xhat_t, std = _bn(x.T, ln_param.get('eps', 1e-5))
    xhat = xhat_t.T
    return gamma * xhat + beta, (xhat, std, gamma)

def layernorm_backward(dout, cache):
    xhat, std, gamma = cache
    dx = _bn_back((dout * gamma).T, xhat.T, std).T
    return dx, (dout * xhat).sum(axis=0), dout.sum(axis=0)
