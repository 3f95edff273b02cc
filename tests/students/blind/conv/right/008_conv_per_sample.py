import numpy as np


def image_to_columns(img, kh, kw, stride):
    """img (C, H, W), already padded -> (C*kh*kw, number of positions)"""
    C, H, W = img.shape
    columns = []
    for top in range(0, H - kh + 1, stride):
        for left in range(0, W - kw + 1, stride):
            columns.append(img[:, top:top + kh, left:left + kw].ravel())
    return np.array(columns).T


def columns_to_image(columns, shape, kh, kw, stride):
    C, H, W = shape
    img = np.zeros(shape)
    k = 0
    for top in range(0, H - kh + 1, stride):
        for left in range(0, W - kw + 1, stride):
            img[:, top:top + kh, left:left + kw] += columns[:, k].reshape(C, kh, kw)
            k += 1
    return img


def conv_forward_naive(x, w, b, conv_param):
    stride = conv_param.get('stride', 1)
    pad = conv_param.get('pad', 0)
    N, C, H, W = x.shape
    F, _, kh, kw = w.shape
    oh = (H + 2 * pad - kh) // stride + 1
    ow = (W + 2 * pad - kw) // stride + 1

    W_row = w.reshape(F, C * kh * kw)
    out = np.zeros((N, F, oh, ow))
    all_cols = []
    for n in range(N):
        padded = np.pad(x[n], ((0, 0), (pad, pad), (pad, pad)), mode='constant')
        cols = image_to_columns(padded, kh, kw, stride)
        all_cols.append(cols)
        out[n] = (W_row.dot(cols) + b[:, None]).reshape(F, oh, ow)

    cache = (x.shape, w, b, conv_param, all_cols)
    return out, cache


def conv_backward_naive(dout, cache):
    x_shape, w, b, conv_param, all_cols = cache
    stride = conv_param.get('stride', 1)
    pad = conv_param.get('pad', 0)
    N, C, H, W = x_shape
    F, _, kh, kw = w.shape

    W_row = w.reshape(F, C * kh * kw)
    dW_row = np.zeros_like(W_row)
    db = np.zeros_like(b)
    dx = np.zeros(x_shape)
    for n in range(N):
        grad = dout[n].reshape(F, -1)
        dW_row += grad.dot(all_cols[n].T)
        db += grad.sum(axis=1)
        dcols = W_row.T.dot(grad)
        dpadded = columns_to_image(dcols, (C, H + 2 * pad, W + 2 * pad), kh, kw, stride)
        dx[n] = dpadded[:, pad:pad + H, pad:pad + W]
    dw = dW_row.reshape(F, C, kh, kw)
    return dx, dw, db
