import numpy as np
from cs231n.layers import batchnorm_forward, batchnorm_backward


def affine_forward(x, w, b):
    num = x.shape[0]
    x_row = np.reshape(x, (num, -1))
    out = np.dot(x_row, w) + b
    cache = (x, w, b)
    return out, cache


def affine_backward(dout, cache):
    x, w, b = cache
    num = x.shape[0]
    x_row = np.reshape(x, (num, -1))
    dw = np.dot(x_row.T, dout)
    db = np.sum(dout, axis=0)
    dx = np.dot(dout, w.T)
    dx = np.reshape(dx, x.shape)
    return dx, dw, db


def relu_forward(x):
    out = np.maximum(x, np.zeros_like(x))
    cache = x
    return out, cache


def relu_backward(dout, cache):
    x = cache
    grad = np.zeros_like(x)
    grad[x > 0] = 1
    dx = grad * dout
    return dx


def affine_relu_forward(x, w, b):
    """ affine layer, then ReLU """
    a, fc_cache = affine_forward(x, w, b)
    out, relu_cache = relu_forward(a)
    return out, (fc_cache, relu_cache)


def affine_relu_backward(dout, cache):
    fc_cache, relu_cache = cache
    da = relu_backward(dout, relu_cache)
    return affine_backward(da, fc_cache)


def conv_forward_fast(x, w, b, conv_param):
    pad, stride = conv_param['pad'], conv_param['stride']
    N, C, H, W = x.shape
    F, _, HH, WW = w.shape
    x_p = np.pad(x, ((0, 0), (0, 0), (pad, pad), (pad, pad)), 'constant')
    H2 = (H + 2 * pad - HH) // stride + 1
    W2 = (W + 2 * pad - WW) // stride + 1
    col = np.zeros((C * HH * WW, H2, W2, N))
    for i in range(H2):
        for j in range(W2):
            piece = x_p[:, :, i * stride:i * stride + HH, j * stride:j * stride + WW]
            col[:, i, j, :] = piece.reshape(N, -1).T
    col = col.reshape(C * HH * WW, -1)
    res = w.reshape(F, -1).dot(col) + b[:, None]
    out = res.reshape(F, H2, W2, N).transpose(3, 0, 1, 2)
    cache = (x, w, b, conv_param, col)
    return out, cache


def conv_backward_fast(dout, cache):
    x, w, b, conv_param, col = cache
    pad, stride = conv_param['pad'], conv_param['stride']
    N, C, H, W = x.shape
    F, _, HH, WW = w.shape
    _, _, H2, W2 = dout.shape
    dres = dout.transpose(1, 2, 3, 0).reshape(F, -1)
    db = dres.sum(axis=1)
    dw = dres.dot(col.T).reshape(w.shape)
    dcol = w.reshape(F, -1).T.dot(dres)
    dcol = dcol.reshape(C, HH, WW, H2, W2, N)
    dx_p = np.zeros((N, C, H + 2 * pad, W + 2 * pad))
    for i in range(H2):
        for j in range(W2):
            dx_p[:, :, i * stride:i * stride + HH, j * stride:j * stride + WW] += dcol[:, :, :, i, j, :].transpose(3, 0, 1, 2)
    dx = dx_p[:, :, pad:pad + H, pad:pad + W]
    return dx, dw, db


def conv_relu_forward(x, w, b, conv_param):
    """ convolution, then ReLU """
    a, conv_cache = conv_forward_fast(x, w, b, conv_param)
    out, relu_cache = relu_forward(a)
    return out, (conv_cache, relu_cache)


def conv_relu_backward(dout, cache):
    conv_cache, relu_cache = cache
    da = relu_backward(dout, relu_cache)
    return conv_backward_fast(da, conv_cache)
