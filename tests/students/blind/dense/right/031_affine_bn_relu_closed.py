import numpy as np
from cs231n.layers import conv_forward_naive


def affine_forward(x, w, b):
    N = x.shape[0]
    out = np.matmul(x.reshape((N, np.prod(x.shape[1:]))), w) + b
    return out, (x, w)


def affine_backward(dout, cache):
    x, w = cache
    N = x.shape[0]
    dx = np.matmul(dout, w.transpose()).reshape(*x.shape)
    dw = np.matmul(x.reshape((N, np.prod(x.shape[1:]))).transpose(), dout)
    db = np.ones(N).dot(dout)
    return dx, dw, db


def relu_forward(x):
    return x.clip(0), x


def relu_backward(dout, x):
    return dout * np.heaviside(x, 0)


def batchnorm_forward(x, gamma, beta, bn_param):
    mode, eps, momentum = bn_param['mode'], bn_param.get('eps', 1e-5), bn_param.get('momentum', 0.9)
    D = x.shape[1]
    rm = bn_param.get('running_mean', np.zeros(D))
    rv = bn_param.get('running_var', np.zeros(D))
    if mode == 'test':
        return gamma * (x - rm) / np.sqrt(rv + eps) + beta, None
    mu, var = x.mean(0), x.var(0)
    ivar = 1 / np.sqrt(var + eps)
    xhat = (x - mu) * ivar
    bn_param['running_mean'] = momentum * rm + (1 - momentum) * mu
    bn_param['running_var'] = momentum * rv + (1 - momentum) * var
    return gamma * xhat + beta, (xhat, ivar, gamma)


def batchnorm_backward(dout, cache):
    xhat, ivar, gamma = cache
    N = len(dout)
    dbeta = dout.sum(0)
    dgamma = (dout * xhat).sum(0)
    dx = gamma * ivar / N * (N * dout - dbeta - xhat * dgamma)
    return dx, dgamma, dbeta


def affine_bn_relu_forward(x, w, b, gamma, beta, bn_param):
    a, fc_cache = affine_forward(x, w, b)
    n, bn_cache = batchnorm_forward(a, gamma, beta, bn_param)
    out, relu_cache = relu_forward(n)
    return out, (fc_cache, bn_cache, relu_cache)


def affine_bn_relu_backward(dout, cache):
    fc_cache, bn_cache, relu_cache = cache
    dn = relu_backward(dout, relu_cache)
    da, dgamma, dbeta = batchnorm_backward(dn, bn_cache)
    dx, dw, db = affine_backward(da, fc_cache)
    return dx, dw, db, dgamma, dbeta
