import numpy as np


def im2col(x, ph, pw, stride):
    """(N, C, H, W) -> (N*C*OH*OW, ph*pw)"""
    N, C, H, W = x.shape
    OH = (H - ph) // stride + 1
    OW = (W - pw) // stride + 1
    col = np.zeros((N, C, OH, OW, ph, pw))
    for a in range(ph):
        for b in range(pw):
            col[:, :, :, :, a, b] = x[:, :, a:a + stride * OH:stride, b:b + stride * OW:stride]
    return col.reshape(-1, ph * pw)


def col2im(col, shape, ph, pw, stride):
    N, C, H, W = shape
    OH = (H - ph) // stride + 1
    OW = (W - pw) // stride + 1
    col = col.reshape(N, C, OH, OW, ph, pw)
    x = np.zeros(shape)
    for a in range(ph):
        for b in range(pw):
            x[:, :, a:a + stride * OH:stride, b:b + stride * OW:stride] += col[:, :, :, :, a, b]
    return x


def max_pool_forward_im2col(x, pool_param):
    ph, pw = pool_param['pool_height'], pool_param['pool_width']
    stride = pool_param['stride']
    N, C, H, W = x.shape
    OH = (H - ph) // stride + 1
    OW = (W - pw) // stride + 1
    col = im2col(x, ph, pw, stride)
    arg_max = np.argmax(col, axis=1)
    out = np.max(col, axis=1).reshape(N, C, OH, OW)
    cache = (x.shape, arg_max, pool_param)
    return out, cache


def max_pool_backward_im2col(dout, cache):
    shape, arg_max, pool_param = cache
    ph, pw = pool_param['pool_height'], pool_param['pool_width']
    stride = pool_param['stride']
    dcol = np.zeros((dout.size, ph * pw))
    dcol[np.arange(arg_max.size), arg_max] = dout.flatten()
    dx = col2im(dcol, shape, ph, pw, stride)
    return dx
