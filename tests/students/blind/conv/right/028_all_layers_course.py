from builtins import range
import numpy as np

from .im2col import im2col_indices
from .fast_layers import *


def affine_forward(x, w, b):
    """Fully connected layer. x: (N, d_1, ..., d_k), w: (D, M), b: (M,)"""
    N = x.shape[0]
    out = x.reshape(N, -1).dot(w) + b
    cache = (x, w, b)
    return out, cache


def affine_backward(dout, cache):
    x, w, b = cache
    dx = dout.dot(w.T).reshape(x.shape)
    dw = x.reshape(x.shape[0], -1).T.dot(dout)
    db = np.sum(dout, axis=0)
    return dx, dw, db


def relu_forward(x):
    out = x * (x > 0)
    cache = x
    return out, cache


def relu_backward(dout, cache):
    x = cache
    dx = dout * (x > 0)
    return dx


def batchnorm_forward(x, gamma, beta, bn_param):
    mode = bn_param['mode']
    out, cache = None, None
    if mode == 'train':
        # TODO
        pass
    elif mode == 'test':
        # TODO
        pass
    return out, cache


def batchnorm_backward(dout, cache):
    dx, dgamma, dbeta = None, None, None
    # TODO
    pass
    return dx, dgamma, dbeta


def dropout_forward(x, dropout_param):
    p, mode = dropout_param['p'], dropout_param['mode']
    if 'seed' in dropout_param:
        np.random.seed(dropout_param['seed'])
    mask = None
    out = None
    if mode == 'train':
        q = 1 - p
        mask = (np.random.random_sample(x.shape) < q).astype(x.dtype) / q
        out = x * mask
    elif mode == 'test':
        out = x
    cache = (dropout_param, mask)
    return out, cache


def dropout_backward(dout, cache):
    dropout_param, mask = cache
    if dropout_param['mode'] == 'test':
        return dout
    return dout * mask


def conv_forward_naive(x, w, b, conv_param):
    pad, stride = conv_param['pad'], conv_param['stride']
    N, C, H, W = x.shape
    F, C, HH, WW = w.shape
    Hout = 1 + (H + 2 * pad - HH) // stride
    Wout = 1 + (W + 2 * pad - WW) // stride
    xp = np.pad(x, ((0, 0), (0, 0), (pad, pad), (pad, pad)), 'constant')
    out = np.zeros((N, F, Hout, Wout))
    for h in range(Hout):
        for l in range(Wout):
            chunk = xp[:, :, h * stride:h * stride + HH, l * stride:l * stride + WW]
            for f in range(F):
                out[:, f, h, l] = np.sum(chunk * w[f, :, :, :], axis=(1, 2, 3)) + b[f]
    cache = (x, w, b, conv_param)
    return out, cache


def conv_backward_naive(dout, cache):
    x, w, b, conv_param = cache
    pad, stride = conv_param['pad'], conv_param['stride']
    N, C, H, W = x.shape
    F, C, HH, WW = w.shape
    N, F, Hout, Wout = dout.shape
    xp = np.pad(x, ((0, 0), (0, 0), (pad, pad), (pad, pad)), 'constant')
    dxp = np.zeros_like(xp)
    dw = np.zeros_like(w)
    db = np.sum(dout, axis=(0, 2, 3))
    for h in range(Hout):
        for l in range(Wout):
            chunk = xp[:, :, h * stride:h * stride + HH, l * stride:l * stride + WW]
            for f in range(F):
                dw[f] += np.sum(chunk * dout[:, f, h, l][:, None, None, None], axis=0)
            for n in range(N):
                dxp[n, :, h * stride:h * stride + HH, l * stride:l * stride + WW] += np.sum(w * dout[n, :, h, l][:, None, None, None], axis=0)
    if pad > 0:
        dx = dxp[:, :, pad:-pad, pad:-pad]
    else:
        dx = dxp
    return dx, dw, db


def max_pool_forward_naive(x, pool_param):
    HP, WP, stride = pool_param['pool_height'], pool_param['pool_width'], pool_param['stride']
    N, C, H, W = x.shape
    Hout = 1 + (H - HP) // stride
    Wout = 1 + (W - WP) // stride
    out = np.zeros((N, C, Hout, Wout))
    for h in range(Hout):
        for l in range(Wout):
            chunk = x[:, :, h * stride:h * stride + HP, l * stride:l * stride + WP]
            out[:, :, h, l] = np.max(chunk, axis=(2, 3))
    cache = (x, pool_param)
    return out, cache


def max_pool_backward_naive(dout, cache):
    x, pool_param = cache
    HP, WP, stride = pool_param['pool_height'], pool_param['pool_width'], pool_param['stride']
    N, C, Hout, Wout = dout.shape
    dx = np.zeros_like(x)
    for h in range(Hout):
        for l in range(Wout):
            chunk = x[:, :, h * stride:h * stride + HP, l * stride:l * stride + WP]
            best = np.max(chunk, axis=(2, 3), keepdims=True)
            dx[:, :, h * stride:h * stride + HP, l * stride:l * stride + WP] += (chunk == best) * dout[:, :, h, l][:, :, None, None]
    return dx
