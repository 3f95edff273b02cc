import numpy as np


def conv_forward_naive(x, w, b, conv_param):
    stride = conv_param['stride']
    pad = conv_param['pad']
    N, C, H, W = x.shape
    num_filters, _, filter_h, filter_w = w.shape

    out_h = (H + 2 * pad - filter_h) // stride + 1
    out_w = (W + 2 * pad - filter_w) // stride + 1
    out = np.zeros((N, num_filters, out_h, out_w), dtype=x.dtype)

    x_pad = np.pad(x, [(0, 0), (0, 0), (pad, pad), (pad, pad)], 'constant', constant_values=0)

    # only loop over the output positions, everything else by broadcasting
    for i in range(out_h):
        for j in range(out_w):
            i0, j0 = i * stride, j * stride
            x_masked = x_pad[:, :, i0:i0 + filter_h, j0:j0 + filter_w]      # N, C, hh, ww
            prod = x_masked[:, np.newaxis] * w[np.newaxis]                   # N, F, C, hh, ww
            out[:, :, i, j] = prod.sum(axis=(2, 3, 4)) + b

    cache = (x, w, b, conv_param)
    return out, cache


def conv_backward_naive(dout, cache):
    x, w, b, conv_param = cache
    stride = conv_param['stride']
    pad = conv_param['pad']
    N, C, H, W = x.shape
    num_filters, _, filter_h, filter_w = w.shape
    _, _, out_h, out_w = dout.shape

    x_pad = np.pad(x, [(0, 0), (0, 0), (pad, pad), (pad, pad)], 'constant', constant_values=0)
    dx_pad = np.zeros_like(x_pad)
    dw = np.zeros_like(w)

    # the bias is added at every position of every image
    db = np.sum(dout, axis=(0, 2, 3))

    for i in range(out_h):
        for j in range(out_w):
            i0, j0 = i * stride, j * stride
            x_masked = x_pad[:, :, i0:i0 + filter_h, j0:j0 + filter_w]
            g = dout[:, :, i, j][:, :, np.newaxis, np.newaxis, np.newaxis]   # N, F, 1, 1, 1
            dw += np.sum(x_masked[:, np.newaxis] * g, axis=0)
            dx_pad[:, :, i0:i0 + filter_h, j0:j0 + filter_w] += np.sum(w[np.newaxis] * g, axis=1)

    dx = dx_pad[:, :, pad:H + pad, pad:W + pad]
    return dx, dw, db
