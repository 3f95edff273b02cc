from builtins import range, object
import numpy as np

from cs231n.im2col import *


def relu_forward(x):
    out = np.maximum(0, x)
    return out, x


def relu_backward(dout, cache):
    return dout * (cache > 0)


def batchnorm_forward(x, gamma, beta, bn_param):
    mode = bn_param['mode']
    eps = bn_param.get('eps', 1e-5)
    momentum = bn_param.get('momentum', 0.9)

    N, D = x.shape
    running_mean = bn_param.get('running_mean', np.zeros(D, dtype=x.dtype))
    running_var = bn_param.get('running_var', np.zeros(D, dtype=x.dtype))

    out, cache = None, None
    if mode == 'train':
        avg = np.mean(x, axis=0, keepdims=True)
        centred = x - avg
        variance = np.mean(centred * centred, axis=0, keepdims=True)
        denom = np.sqrt(variance + eps)
        normed = centred / denom
        out = normed * gamma + beta
        running_mean = running_mean * momentum + avg[0] * (1 - momentum)
        running_var = running_var * momentum + variance[0] * (1 - momentum)
        cache = {
            'centred': centred,
            'denom': denom,
            'normed': normed,
            'gamma': gamma,
        }
    elif mode == 'test':
        normed = (x - running_mean) / np.sqrt(running_var + eps)
        out = normed * gamma + beta
    else:
        raise ValueError('Invalid forward batchnorm mode "%s"' % mode)

    bn_param['running_mean'] = running_mean
    bn_param['running_var'] = running_var
    return out, cache


def batchnorm_backward(dout, cache):
    centred, denom = cache['centred'], cache['denom']
    normed, gamma = cache['normed'], cache['gamma']
    N = dout.shape[0]

    dbeta = np.sum(dout, axis=0)
    dgamma = np.sum(dout * normed, axis=0)
    dnormed = dout * gamma

    dcentred = dnormed / denom
    ddenom = np.sum(-dnormed * centred / denom ** 2, axis=0, keepdims=True)
    dvariance = ddenom * 0.5 / denom
    dcentred += dvariance * 2 * centred / N

    davg = -np.sum(dcentred, axis=0, keepdims=True)
    dx = dcentred + davg / N
    return dx, dgamma, dbeta


def batchnorm_backward_alt(dout, cache):
    dx, dgamma, dbeta = None, None, None
    ###########################################################################
    # TODO: simplified backward pass                                          #
    ###########################################################################
    pass
    ###########################################################################
    #                             END OF YOUR CODE                            #
    ###########################################################################
    return dx, dgamma, dbeta


def dropout_forward(x, dropout_param):
    pass


def dropout_backward(dout, cache):
    pass
