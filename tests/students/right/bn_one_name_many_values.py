import numpy as np

def batchnorm_forward(x, gamma, beta, bn_param):
    mode, eps = bn_param['mode'], bn_param.get('eps', 1e-5)
    momentum = bn_param.get('momentum', 0.9)
    if mode == 'test':
        return (x - bn_param['running_mean']) / np.sqrt(bn_param['running_var'] + eps) * gamma + beta, None
    out = x
    m = out.mean(axis=0)
    out = out - m
    centered = out
    v = (out ** 2).mean(axis=0)
    s = np.sqrt(v + eps)
    out = out / s
    normed = out
    out = out * gamma
    out = out + beta
    for key, value in (('running_mean', m), ('running_var', v)):
        bn_param[key] = momentum * bn_param.get(key, 0) + (1 - momentum) * value
    return out, (centered, s, normed, gamma)

def batchnorm_backward(dout, cache):
    centered, s, normed, gamma = cache
    N = dout.shape[0]

    dx = dout
    dbeta = dx.sum(axis=0)
    dgamma = (dx * normed).sum(axis=0)
    dx = dx * gamma
    # now dx is the gradient of the normalized values
    tmp = (dx * centered).sum(axis=0)
    tmp = tmp * -1 / s ** 2
    tmp = tmp / (2 * s)
    tmp = tmp / N
    dx = dx / s
    dx = dx + tmp * 2 * centered
    # now it is the gradient of x - m
    tmp = -dx.sum(axis=0)
    tmp = tmp / N
    dx = dx + tmp
    return dx, dgamma, dbeta
