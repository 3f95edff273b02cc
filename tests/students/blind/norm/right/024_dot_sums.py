import numpy as np

def batchnorm_forward(x, gamma, beta, bn_param):
    mode = bn_param['mode']
    eps = bn_param.get('eps', 1e-5)
    momentum = bn_param.get('momentum', 0.9)
    N, D = x.shape
    running_mean = bn_param.get('running_mean', np.zeros(D))
    running_var = bn_param.get('running_var', np.zeros(D))
    if mode == 'train':
        w = np.full(N, 1.0 / N)
        mu = w.dot(x)
        dev = x - mu
        var = w.dot(dev ** 2)
        istd = np.reciprocal(np.sqrt(var + eps))
        xn = dev * istd
        out = xn.dot(np.diag(gamma)) + beta
        running_mean = momentum * running_mean + (1 - momentum) * mu
        running_var = momentum * running_var + (1 - momentum) * var
        cache = w, dev, istd, xn, gamma
    else:
        out = (x - running_mean).dot(np.diag(gamma / np.sqrt(running_var + eps))) + beta
        cache = None
    bn_param['running_mean'] = running_mean
    bn_param['running_var'] = running_var
    return out, cache

def batchnorm_backward(dout, cache):
    w, dev, istd, xn, gamma = cache
    ones = np.ones(dout.shape[0])
    dbeta = ones.dot(dout)
    dgamma = np.diag(xn.T.dot(dout)).copy()
    dxn = dout.dot(np.diag(gamma))
    distd = ones.dot(dxn * dev)
    dvar = -0.5 * distd * istd ** 3
    ddev = dxn * istd + np.outer(w, dvar) * 2 * dev
    dmu = -ones.dot(ddev)
    dx = ddev + np.outer(w, dmu)
    return dx, dgamma, dbeta
