"""Convolution with index arrays (our own im2col)."""
import numpy as np


def get_idx(x_shape, kh, kw, pad, stride):
    _, C, H, W = x_shape
    oh = (H + 2 * pad - kh) // stride + 1
    ow = (W + 2 * pad - kw) // stride + 1
    # position inside the patch
    ch = np.repeat(np.arange(C), kh * kw)
    r0 = np.tile(np.repeat(np.arange(kh), kw), C)
    c0 = np.tile(np.arange(kw), kh * C)
    # upper c1 corner of the patch
    r1 = stride * np.repeat(np.arange(oh), ow)
    c1 = stride * np.tile(np.arange(ow), oh)
    rows = r0[:, None] + r1[None, :]
    cols = c0[:, None] + c1[None, :]
    return ch[:, None], rows, cols, oh, ow


def im2col(x, kh, kw, pad, stride):
    xp = np.pad(x, ((0, 0), (0, 0), (pad, pad), (pad, pad)), mode="constant")
    ch, rows, cols, oh, ow = get_idx(x.shape, kh, kw, pad, stride)
    cols_mat = xp[:, ch, rows, cols]              # (N, C*kh*kw, oh*ow)
    return cols_mat, oh, ow


def col2im(cols_mat, x_shape, kh, kw, pad, stride):
    N, C, H, W = x_shape
    ch, rows, cols, oh, ow = get_idx(x_shape, kh, kw, pad, stride)
    xp = np.zeros((N, C, H + 2 * pad, W + 2 * pad), dtype=cols_mat.dtype)
    np.add.at(xp, (slice(None), ch, rows, cols), cols_mat)
    if pad == 0:
        return xp
    return xp[:, :, pad:-pad, pad:-pad]


def conv_forward_im2col(x, w, b, conv_param):
    F, C, kh, kw = w.shape
    cols_mat, oh, ow = im2col(x, kh, kw, conv_param["pad"], conv_param["stride"])
    w_mat = w.reshape(F, -1)
    out = np.matmul(w_mat, cols_mat) + b.reshape(1, F, 1)
    out = out.reshape(x.shape[0], F, oh, ow)
    return out, (x.shape, w, cols_mat, conv_param)


def conv_backward_im2col(dout, cache):
    x_shape, w, cols_mat, conv_param = cache
    F, C, kh, kw = w.shape
    N = x_shape[0]
    d = dout.reshape(N, F, -1)
    db = d.sum(axis=2).sum(axis=0)
    dw = np.matmul(d, cols_mat.transpose(0, 2, 1)).sum(axis=0).reshape(w.shape)
    dpatches = np.matmul(w.reshape(F, -1).T, d)
    dx = col2im(dpatches, x_shape, kh, kw, conv_param["pad"], conv_param["stride"])
    return dx, dw, db
