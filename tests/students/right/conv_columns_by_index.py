import numpy as np


def im2col_idx(x_shape, k_h, k_w, pad, stride):
    n, c, h, w = x_shape
    h_out = int((h + 2 * pad - k_h) / stride + 1)
    w_out = int((w + 2 * pad - k_w) / stride + 1)

    i0 = np.repeat(np.arange(k_h), k_w)
    i0 = np.tile(i0, c)
    i1 = stride * np.repeat(np.arange(h_out), w_out)
    j0 = np.tile(np.arange(k_w), k_h * c)
    j1 = stride * np.tile(np.arange(w_out), h_out)
    i = i0.reshape(-1, 1) + i1.reshape(1, -1)
    j = j0.reshape(-1, 1) + j1.reshape(1, -1)
    k = np.repeat(np.arange(c), k_h * k_w).reshape(-1, 1)
    return k, i, j


def im2col(x, k_h, k_w, pad, stride):
    xp = np.pad(x, ((0, 0), (0, 0), (pad, pad), (pad, pad)), 'constant')
    k, i, j = im2col_idx(x.shape, k_h, k_w, pad, stride)
    cols = xp[:, k, i, j]
    cols = cols.transpose(1, 2, 0).reshape(k_h * k_w * x.shape[1], -1)
    return cols


def col2im(cols, x_shape, k_h, k_w, pad, stride):
    n, c, h, w = x_shape
    h_p, w_p = h + 2 * pad, w + 2 * pad
    xp = np.zeros((n, c, h_p, w_p), dtype=cols.dtype)
    k, i, j = im2col_idx(x_shape, k_h, k_w, pad, stride)
    cols_r = cols.reshape(c * k_h * k_w, -1, n)
    cols_r = cols_r.transpose(2, 0, 1)
    np.add.at(xp, (slice(None), k, i, j), cols_r)
    return xp[:, :, pad:h_p - pad, pad:w_p - pad]


def conv_forward(X, W, b, conv_param):
    stride = conv_param["stride"]
    pad = conv_param["pad"]
    n_f, d_f, h_f, w_f = W.shape
    n_x, d_x, h_x, w_x = X.shape
    h_out = int((h_x - h_f + 2 * pad) / stride + 1)
    w_out = int((w_x - w_f + 2 * pad) / stride + 1)

    X_col = im2col(X, h_f, w_f, pad, stride)
    W_col = W.reshape(n_f, -1)
    out = W_col @ X_col + b.reshape(-1, 1)
    out = out.reshape(n_f, h_out, w_out, n_x)
    out = out.transpose(3, 0, 1, 2)
    return out, (X, W, b, conv_param, X_col)


def conv_backward(dout, cache):
    X, W, b, conv_param, X_col = cache
    stride = conv_param["stride"]
    pad = conv_param["pad"]
    n_f, d_f, h_f, w_f = W.shape

    db = np.sum(dout, axis=(0, 2, 3))
    db = db.reshape(n_f)
    dout_r = dout.transpose(1, 2, 3, 0).reshape(n_f, -1)
    dW = dout_r @ X_col.T
    dW = dW.reshape(W.shape)
    W_r = W.reshape(n_f, -1)
    dX_col = W_r.T @ dout_r
    dX = col2im(dX_col, X.shape, h_f, w_f, pad, stride)
    return dX, dW, db
