from builtins import range
import numpy as np
from .im2col import *
from .fast_layers import conv_forward_fast, conv_backward_fast


def affine_forward(x, w, b):
    """
    Computes the forward pass for a fully-connected layer.

    x: array of shape (N, d_1, ..., d_k); w: (D, M); b: (M,)
    """
    out = None
    ###########################################################################
    # flatten every example to a row                                          #
    ###########################################################################
    N = x.shape[0]
    x_row = x.reshape(N, -1)
    out = x_row.dot(w) + b
    cache = (x, w, b)
    return out, cache


def affine_backward(dout, cache):
    x, w, b = cache
    dx, dw, db = None, None, None
    N = x.shape[0]
    x_row = x.reshape(N, -1)
    dx = dout.dot(w.T)
    dx = dx.reshape(x.shape)
    dw = x_row.T.dot(dout)
    db = np.sum(dout, axis=0)
    return dx, dw, db


def relu_forward(x):
    out = None
    out = np.maximum(0, x)
    cache = x
    return out, cache


def relu_backward(dout, cache):
    dx, x = None, cache
    dx = dout * (x > 0)
    return dx


def affine_relu_forward(x, w, b):
    a, fc_cache = affine_forward(x, w, b)
    out, relu_cache = relu_forward(a)
    cache = (fc_cache, relu_cache)
    return out, cache


def affine_relu_backward(dout, cache):
    fc_cache, relu_cache = cache
    da = relu_backward(dout, relu_cache)
    dx, dw, db = affine_backward(da, fc_cache)
    return dx, dw, db


def conv_relu_forward(x, w, b, conv_param):
    a, conv_cache = conv_forward_fast(x, w, b, conv_param)
    out, relu_cache = relu_forward(a)
    return out, (conv_cache, relu_cache)


def dropout_forward(x, dropout_param):
    out, cache = None, None
    # TODO
    return out, cache
