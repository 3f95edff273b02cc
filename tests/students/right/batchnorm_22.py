import numpy as np


def batchnorm_forward(x, gamma, beta, bn_param):
    """
    x: (N, D), gamma and beta: (D,)
    gives back out (N, D) and whatever the backward pass needs
    """
    mode = bn_param['mode']
    eps = bn_param.get('eps', 1e-5)
    momentum = bn_param.get('momentum', 0.9)
    D = x.shape[1]
    running_mean = bn_param.get('running_mean', np.zeros(D))
    running_var = bn_param.get('running_var', np.zeros(D))

    if mode == 'train':
        m = np.mean(x, axis=0)
        v = np.var(x, axis=0)
        xn = (x - m) / np.sqrt(v + eps)
        bn_param['running_mean'] = momentum * running_mean + (1 - momentum) * m
        bn_param['running_var'] = momentum * running_var + (1 - momentum) * v
        cache = (x, m, v, xn, gamma, eps)
    else:
        xn = (x - running_mean) / np.sqrt(running_var + eps)
        cache = ()
    return gamma * xn + beta, cache


def batchnorm_backward(dout, cache):
    x, m, v, xn, gamma, eps = cache
    N = x.shape[0]
    dxn = dout * gamma
    inv = 1. / np.sqrt(v + eps)
    dv = np.sum(dxn * (x - m), axis=0) * -.5 * inv**3
    dm = np.sum(-dxn * inv, axis=0)  # second part is zero
    dx = dxn * inv + dv * 2 * (x - m) / N + dm / N
    return dx, np.sum(dout * xn, axis=0), np.sum(dout, axis=0)
