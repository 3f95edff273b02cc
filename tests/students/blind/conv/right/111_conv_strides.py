import numpy as np

try:
    from cs231n.im2col_cython import col2im_6d_cython
except ImportError:
    print('no cython extension, never mind')


def conv_forward_strides(x, w, b, conv_param):
    N, C, H, W = x.shape
    F, _, HH, WW = w.shape
    stride, pad = conv_param["stride"], conv_param["pad"]

    x_padded = np.pad(x, ((0, 0), (0, 0), (pad, pad), (pad, pad)), mode="constant")
    Hp, Wp = x_padded.shape[2], x_padded.shape[3]
    out_h = (Hp - HH) // stride + 1
    out_w = (Wp - WW) // stride + 1

    sn, sc, sh, sw = x_padded.strides
    patches = np.lib.stride_tricks.as_strided(
        x_padded,
        shape=(C, HH, WW, N, out_h, out_w),
        strides=(sc, sh, sw, sn, stride * sh, stride * sw),
    )
    X_col = np.ascontiguousarray(patches).reshape(C * HH * WW, N * out_h * out_w)

    res = w.reshape(F, -1) @ X_col + b.reshape(-1, 1)
    out = res.reshape(F, N, out_h, out_w).transpose(1, 0, 2, 3)
    out = np.ascontiguousarray(out)

    cache = (x, w, b, conv_param, X_col)
    return out, cache


def conv_backward_strides(dout, cache):
    x, w, b, conv_param, X_col = cache
    stride, pad = conv_param["stride"], conv_param["pad"]
    N, C, H, W = x.shape
    F, _, HH, WW = w.shape
    _, _, out_h, out_w = dout.shape

    db = np.sum(dout, axis=(0, 2, 3))
    dout_flat = dout.transpose(1, 0, 2, 3).reshape(F, -1)
    dw = (dout_flat @ X_col.T).reshape(w.shape)

    dX_col = w.reshape(F, -1).T @ dout_flat
    dX_col = dX_col.reshape(C, HH, WW, N, out_h, out_w)
    dx_padded = np.zeros((N, C, H + 2 * pad, W + 2 * pad), dtype=dout.dtype)
    for i in range(HH):
        for j in range(WW):
            dx_padded[:, :, i:i + stride * out_h:stride, j:j + stride * out_w:stride] += \
                dX_col[:, i, j].transpose(1, 0, 2, 3)
    dx = dx_padded[:, :, pad:pad + H, pad:pad + W]
    return dx, dw, db
