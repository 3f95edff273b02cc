import numpy as np


# ---------------------------------------------------------------- basic layers
def affine_forward(x, w, b):
    X = x.reshape(len(x), -1)
    return X @ w + b, (x, w)


def affine_backward(dout, cache):
    x, w = cache
    X = x.reshape(len(x), -1)
    return (dout @ w.T).reshape(x.shape), X.T @ dout, dout.sum(0)


def relu_forward(x):
    out = x.copy()
    out[out < 0] = 0
    return out, out > 0


def relu_backward(dout, cache):
    return dout * cache


def conv_forward(x, w, b, conv_param):
    s, p = conv_param['stride'], conv_param['pad']
    F, C, kh, kw = w.shape
    xp = np.pad(x, [(0, 0)] * 2 + [(p, p)] * 2)
    oh = (xp.shape[2] - kh) // s + 1
    ow = (xp.shape[3] - kw) // s + 1
    out = np.tile(b.reshape(1, F, 1, 1), (x.shape[0], 1, oh, ow))
    for u in range(kh):
        for v in range(kw):
            piece = xp[:, :, u:u + s * oh:s, v:v + s * ow:s]
            out = out + np.tensordot(piece, w[:, :, u, v], axes=(1, 1)).transpose(0, 3, 1, 2)
    return out, (x.shape, xp, w, s, p)


def conv_backward(dout, cache):
    x_shape, xp, w, s, p = cache
    F, C, kh, kw = w.shape
    oh, ow = dout.shape[2:]
    dw = np.zeros_like(w)
    dxp = np.zeros_like(xp)
    for u in range(kh):
        for v in range(kw):
            piece = xp[:, :, u:u + s * oh:s, v:v + s * ow:s]
            dw[:, :, u, v] = np.tensordot(dout, piece, axes=((0, 2, 3), (0, 2, 3)))
            dxp[:, :, u:u + s * oh:s, v:v + s * ow:s] += np.tensordot(dout, w[:, :, u, v], axes=(1, 0)).transpose(0, 3, 1, 2)
    return dxp[:, :, p:p + x_shape[2], p:p + x_shape[3]], dw, dout.sum((0, 2, 3))


def max_pool_forward(x, pool_param):
    ph, pw, s = pool_param['pool_height'], pool_param['pool_width'], pool_param['stride']
    oh, ow = (x.shape[2] - ph) // s + 1, (x.shape[3] - pw) // s + 1
    out = np.empty(x.shape[:2] + (oh, ow))
    for i in range(oh):
        for j in range(ow):
            out[:, :, i, j] = np.amax(x[:, :, i * s:i * s + ph, j * s:j * s + pw], axis=(2, 3))
    return out, (x, pool_param)


def max_pool_backward(dout, cache):
    x, pool_param = cache
    ph, pw, s = pool_param['pool_height'], pool_param['pool_width'], pool_param['stride']
    dx = np.zeros(x.shape)
    for (n, c, i, j), g in np.ndenumerate(dout):
        field = x[n, c, i * s:i * s + ph, j * s:j * s + pw]
        k = field.argmax()
        dx[n, c, i * s + k // pw, j * s + k % pw] += g
    return dx


# ---------------------------------------------------------------- combinations
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
    a, conv_cache = conv_forward(x, w, b, conv_param)
    out, relu_cache = relu_forward(a)
    cache = (conv_cache, relu_cache)
    return out, cache


def conv_relu_backward(dout, cache):
    conv_cache, relu_cache = cache
    da = relu_backward(dout, relu_cache)
    dx, dw, db = conv_backward(da, conv_cache)
    return dx, dw, db


def conv_relu_pool_forward(x, w, b, conv_param, pool_param):
    a, conv_cache = conv_forward(x, w, b, conv_param)
    s, relu_cache = relu_forward(a)
    out, pool_cache = max_pool_forward(s, pool_param)
    cache = (conv_cache, relu_cache, pool_cache)
    return out, cache


def conv_relu_pool_backward(dout, cache):
    conv_cache, relu_cache, pool_cache = cache
    ds = max_pool_backward(dout, pool_cache)
    da = relu_backward(ds, relu_cache)
    dx, dw, db = conv_backward(da, conv_cache)
    return dx, dw, db
