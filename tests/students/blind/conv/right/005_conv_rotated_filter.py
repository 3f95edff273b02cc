import numpy as np
from numpy.lib.stride_tricks import sliding_window_view


def dilate(a, s):
    """ put s-1 zeros between neighbouring entries of the two last axes """
    if s == 1:
        return a
    n, c, h, w = a.shape
    big = np.zeros((n, c, (h - 1) * s + 1, (w - 1) * s + 1), dtype=a.dtype)
    big[:, :, ::s, ::s] = a
    return big


def cross_correlate(a, k):
    # a: (N, C, H, W), k: (F, C, hh, ww), valid positions, stride 1
    win = sliding_window_view(a, k.shape[2:], axis=(2, 3))
    return np.tensordot(win, k, axes=([1, 4, 5], [1, 2, 3])).transpose(0, 3, 1, 2)


def conv_forward_naive(x, w, b, conv_param):
    s = conv_param['stride']
    p = conv_param['pad']
    xp = np.pad(x, ((0, 0), (0, 0), (p, p), (p, p)))
    full = cross_correlate(xp, w)
    out = full[:, :, ::s, ::s] + b.reshape(1, -1, 1, 1)
    return out, (x, w, b, conv_param)


def conv_backward_naive(dout, cache):
    x, w, b, conv_param = cache
    s = conv_param['stride']
    p = conv_param['pad']
    H, W = x.shape[2:]
    hh, ww = w.shape[2:]
    xp = np.pad(x, ((0, 0), (0, 0), (p, p), (p, p)))

    db = dout.sum(axis=(0, 2, 3))

    d = dilate(dout, s)
    # with a stride > 1 some rows / columns on the far side may never be visited
    rest_h = (H + 2 * p - hh) % s
    rest_w = (W + 2 * p - ww) % s
    d = np.pad(d, ((0, 0), (0, 0), (0, rest_h), (0, rest_w)))

    # dw: correlate the image with the (dilated) output gradient
    dw = cross_correlate(xp.transpose(1, 0, 2, 3), d.transpose(1, 0, 2, 3)).transpose(1, 0, 2, 3)

    # dx: full convolution of the output gradient with the rotated filter
    w_rot = w[:, :, ::-1, ::-1].transpose(1, 0, 2, 3)
    d_full = np.pad(d, ((0, 0), (0, 0), (hh - 1, hh - 1), (ww - 1, ww - 1)))
    dxp = cross_correlate(d_full, w_rot)
    dx = dxp[:, :, p:p + H, p:p + W]
    return dx, dw, db
