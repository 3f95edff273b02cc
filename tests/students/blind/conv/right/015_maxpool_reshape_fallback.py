import numpy as np
from cs231n.im2col import im2col_indices, col2im_indices


def max_pool_forward_fast(x, pool_param):
    """Uses the reshape trick when the windows tile the image, plain loops otherwise."""
    H, W = x.shape[2:]
    ph, pw = pool_param['pool_height'], pool_param['pool_width']
    stride = pool_param['stride']
    tiles = ph == pw == stride and H % ph == 0 and W % pw == 0
    if tiles:
        out, inner = max_pool_forward_reshape(x, pool_param)
        return out, ('reshape', inner)
    out, inner = max_pool_forward_slow(x, pool_param)
    return out, ('slow', inner)


def max_pool_backward_fast(dout, cache):
    kind, inner = cache
    if kind == 'reshape':
        return max_pool_backward_reshape(dout, inner)
    return max_pool_backward_slow(dout, inner)


def max_pool_forward_reshape(x, pool_param):
    N, C, H, W = x.shape
    ph, pw = pool_param['pool_height'], pool_param['pool_width']
    assert ph == pw == pool_param['stride'], 'windows must tile the image'
    assert H % ph == 0 and W % pw == 0, 'windows must tile the image'
    x6 = x.reshape(N, C, H // ph, ph, W // pw, pw)
    out = x6.max(axis=3).max(axis=4)
    return out, (x6, x.shape, out)


def max_pool_backward_reshape(dout, cache):
    x6, x_shape, out = cache
    hit = x6 == out[:, :, :, None, :, None]
    d6 = np.where(hit, dout[:, :, :, None, :, None], 0.0)
    # share the gradient if several entries are the maximum
    d6 = d6 / hit.sum(axis=(3, 5), keepdims=True)
    return d6.reshape(x_shape)


def max_pool_forward_slow(x, pool_param):
    N, C, H, W = x.shape
    ph, pw, s = pool_param['pool_height'], pool_param['pool_width'], pool_param['stride']
    oh = (H - ph) // s + 1
    ow = (W - pw) // s + 1
    out = np.zeros((N, C, oh, ow))
    where = np.zeros((N, C, oh, ow), dtype=int)
    for i in range(oh):
        for j in range(ow):
            flat = x[:, :, i * s:i * s + ph, j * s:j * s + pw].reshape(N, C, -1)
            where[:, :, i, j] = flat.argmax(axis=2)
            out[:, :, i, j] = flat.max(axis=2)
    return out, (where, x.shape, pool_param)


def max_pool_backward_slow(dout, cache):
    where, x_shape, pool_param = cache
    N, C, H, W = x_shape
    pw, s = pool_param['pool_width'], pool_param['stride']
    dx = np.zeros(x_shape)
    nn, cc = np.meshgrid(np.arange(N), np.arange(C), indexing='ij')
    for i in range(dout.shape[2]):
        for j in range(dout.shape[3]):
            rows = i * s + where[:, :, i, j] // pw
            cols = j * s + where[:, :, i, j] % pw
            dx[nn, cc, rows, cols] += dout[:, :, i, j]
    return dx
