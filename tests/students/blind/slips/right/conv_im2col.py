import numpy as np


def get_im2col_indices(x_shape, field_height, field_width, padding=1, stride=1):
    N, C, H, W = x_shape
    out_height = (H + 2 * padding - field_height) // stride + 1
    out_width = (W + 2 * padding - field_width) // stride + 1
    i0 = np.repeat(np.arange(field_height), field_width)
    i0 = np.tile(i0, C)
    i1 = stride * np.repeat(np.arange(out_height), out_width)
    j0 = np.tile(np.arange(field_width), field_height * C)
    j1 = stride * np.tile(np.arange(out_width), out_height)
    i = i0.reshape(-1, 1) + i1.reshape(1, -1)
    j = j0.reshape(-1, 1) + j1.reshape(1, -1)
    k = np.repeat(np.arange(C), field_height * field_width).reshape(-1, 1)
    return (k, i, j)


def im2col(x, hh, ww, padding, stride):
    p = padding
    xp = np.pad(x, ((0, 0), (0, 0), (p, p), (p, p)), mode='constant')
    k, i, j = get_im2col_indices(x.shape, hh, ww, padding, stride)
    cols = xp[:, k, i, j]
    C = x.shape[1]
    cols = cols.transpose(1, 2, 0).reshape(hh * ww * C, -1)
    return cols


def col2im(cols, x_shape, hh, ww, padding, stride):
    N, C, H, W = x_shape
    Hp, Wp = H + 2 * padding, W + 2 * padding
    xp = np.zeros((N, C, Hp, Wp), dtype=cols.dtype)
    k, i, j = get_im2col_indices(x_shape, hh, ww, padding, stride)
    cols_reshaped = cols.reshape(C * hh * ww, -1, N)
    cols_reshaped = cols_reshaped.transpose(2, 0, 1)
    np.add.at(xp, (slice(None), k, i, j), cols_reshaped)
    return xp[:, :, padding:Hp - padding, padding:Wp - padding]


def conv_forward_naive(x, w, b, conv_param):
    s, p = conv_param['stride'], conv_param['pad']
    N, C, H, W = x.shape
    F, C, HH, WW = w.shape
    Ho = (H + 2 * p - HH) // s + 1
    Wo = (W + 2 * p - WW) // s + 1
    x_cols = im2col(x, HH, WW, p, s)
    res = w.reshape(F, -1).dot(x_cols) + b.reshape(-1, 1)
    out = res.reshape(F, Ho, Wo, N)
    out = out.transpose(3, 0, 1, 2)
    cache = (x, w, b, conv_param, x_cols)
    return out, cache


def conv_backward_naive(dout, cache):
    x, w, b, conv_param, x_cols = cache
    s, p = conv_param['stride'], conv_param['pad']
    db = np.sum(dout, axis=(0, 2, 3))
    F, _, HH, WW = w.shape
    dout_r = dout.transpose(1, 2, 3, 0).reshape(F, -1)
    dw = dout_r.dot(x_cols.T).reshape(w.shape)
    dx_cols = w.reshape(F, -1).T.dot(dout_r)
    dx = col2im(dx_cols, x.shape, HH, WW, p, s)
    return dx, dw, db
