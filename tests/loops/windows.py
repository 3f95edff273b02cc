"""Convolutions, pooling and other windows over images, as people write them with loops."""

import numpy as np

from tests.loops import of_shapes


def conv_single_step(a_slice_prev, W, b):
    s = a_slice_prev * W
    Z = np.sum(s)
    Z = Z + b
    return Z


def conv_hwc(A_prev, W, b, *, stride=1, pad=1):
    (m, n_H_prev, n_W_prev, n_C_prev) = A_prev.shape
    (f, f, n_C_prev, n_C) = W.shape
    n_H = int((n_H_prev - f + 2 * pad) / stride) + 1
    n_W = int((n_W_prev - f + 2 * pad) / stride) + 1
    Z = np.zeros((m, n_H, n_W, n_C))
    A_prev_pad = np.pad(A_prev, ((0, 0), (pad, pad), (pad, pad), (0, 0)), mode="constant")
    for i in range(m):
        a_prev_pad = A_prev_pad[i]
        for h in range(n_H):
            vert_start = h * stride
            vert_end = vert_start + f
            for w in range(n_W):
                horiz_start = w * stride
                horiz_end = horiz_start + f
                for c in range(n_C):
                    a_slice_prev = a_prev_pad[vert_start:vert_end, horiz_start:horiz_end, :]
                    weights = W[:, :, :, c]
                    biases = b[0, 0, 0, c]
                    Z[i, h, w, c] = conv_single_step(a_slice_prev, weights, biases)
    return Z


def conv_chained(x, w):
    N, C, H, W = x.shape
    F, _, k, _ = w.shape
    out = np.zeros((N, F, H - k + 1, W - k + 1))
    for n in range(N):
        for f in range(F):
            for i in range(H - k + 1):
                for j in range(W - k + 1):
                    out[n][f][i][j] = np.sum(x[n, :, i : i + k, j : j + k] * w[f])
    return out


def conv_chained2(x, w):
    N, C, H, W = x.shape
    F, _, k, _ = w.shape
    out = np.zeros((N, F, H - k + 1, W - k + 1))
    for n in range(N):
        for f in range(F):
            for i in range(H - k + 1):
                for j in range(W - k + 1):
                    out[n, f][i, j] = np.sum(x[n, :, i : i + k, j : j + k] * w[f])
    return out


def conv_padinside(x, w, b, *, stride=2, pad=1):
    N, C, H, W = x.shape
    F, C, HH, WW = w.shape
    H_out = (H + 2 * pad - HH) // stride + 1
    W_out = (W + 2 * pad - WW) // stride + 1
    out = np.zeros((N, F, H_out, W_out))
    for n in range(N):
        xp = np.pad(x[n], ((0, 0), (pad, pad), (pad, pad)))
        for f in range(F):
            for i in range(H_out):
                for j in range(W_out):
                    h0 = i * stride
                    w0 = j * stride
                    out[n, f, i, j] = (xp[:, h0 : h0 + HH, w0 : w0 + WW] * w[f]).sum() + b[f]
    return out


def conv_kernel_loops(x, w):
    H, W = x.shape
    kh, kw = w.shape
    out = np.zeros((H - kh + 1, W - kw + 1))
    for i in range(out.shape[0]):
        for j in range(out.shape[1]):
            for a in range(kh):
                for b in range(kw):
                    out[i, j] += x[i + a, j + b] * w[a, b]
    return out


def conv_shifted(x, w):
    H, W = x.shape
    kh, kw = w.shape
    out = np.zeros((H - kh + 1, W - kw + 1))
    for a in range(kh):
        for b in range(kw):
            out += w[a, b] * x[a : a + H - kh + 1, b : b + W - kw + 1]
    return out


def conv_batch_vector(x, w, b, *, stride=1):
    N, C, H, W = x.shape
    F, C, HH, WW = w.shape
    Ho = 1 + (H - HH) // stride
    Wo = 1 + (W - WW) // stride
    out = np.zeros((N, F, Ho, Wo))
    for i in range(Ho):
        for j in range(Wo):
            win = x[:, :, i * stride : i * stride + HH, j * stride : j * stride + WW]
            for f in range(F):
                out[:, f, i, j] = np.sum(win * w[f, :, :, :], axis=(1, 2, 3))
    out = out + b[None, :, None, None]
    return out


def conv_transpose(x, k, *, stride=2):
    N, H, W = x.shape
    kh, kw = k.shape
    out = np.zeros((N, (H - 1) * stride + kh, (W - 1) * stride + kw))
    for i in range(H):
        for j in range(W):
            out[:, i * stride : i * stride + kh, j * stride : j * stride + kw] += x[:, i, j][:, None, None] * k
    return out


def im2col_counter(x, wt, *, k=2):
    C_, H, W = x.shape
    oh, ow = H - k + 1, W - k + 1
    cols = np.zeros((oh * ow, C_ * k * k))
    row = 0
    for i in range(oh):
        for j in range(ow):
            cols[row] = x[:, i : i + k, j : j + k].reshape(-1)
            row += 1
    return cols @ wt.T


def pool_mask(x, *, size=2):
    N, C, H, W = x.shape
    Ho, Wo = H // size, W // size
    out = np.zeros((N, C, Ho, Wo))
    for n in range(N):
        for c in range(C):
            for i in range(Ho):
                for j in range(Wo):
                    window = x[n, c, i * size : (i + 1) * size, j * size : (j + 1) * size]
                    mask = window == np.max(window)
                    out[n, c, i, j] = np.sum(window * mask)
    return out


def pool_argmax(x, *, size=2):
    N, C, H, W = x.shape
    Ho, Wo = H // size, W // size
    out = np.zeros((N, C, Ho, Wo))
    for n in range(N):
        for c in range(C):
            for i in range(Ho):
                for j in range(Wo):
                    window = x[n, c, i * size : (i + 1) * size, j * size : (j + 1) * size]
                    k = np.argmax(window)
                    out[n, c, i, j] = window.reshape(-1)[k]
    return out


def pool_avg_hwc(A, *, f=2, stride=2):
    m, H, W, C = A.shape
    n_H = int(1 + (H - f) / stride)
    n_W = int(1 + (W - f) / stride)
    out = np.zeros((m, n_H, n_W, C))
    for i in range(m):
        for h in range(n_H):
            for w in range(n_W):
                for c in range(C):
                    a_slice = A[i, h * stride : h * stride + f, w * stride : w * stride + f, c]
                    out[i, h, w, c] = np.mean(a_slice)
    return out


def pool_hwc(A_prev, *, f=2, stride=2):
    m, n_H_prev, n_W_prev, n_C_prev = A_prev.shape
    n_H = int(1 + (n_H_prev - f) / stride)
    n_W = int(1 + (n_W_prev - f) / stride)
    n_C = n_C_prev
    A = np.zeros((m, n_H, n_W, n_C))
    for i in range(m):
        for h in range(n_H):
            vert_start = h * stride
            vert_end = vert_start + f
            for w in range(n_W):
                horiz_start = w * stride
                horiz_end = horiz_start + f
                for c in range(n_C):
                    a_prev_slice = A_prev[i, vert_start:vert_end, horiz_start:horiz_end, c]
                    A[i, h, w, c] = np.max(a_prev_slice)
    return A


def moving_avg(x, *, k=3):
    n = len(x) - k + 1
    out = np.zeros(n)
    for i in range(n):
        out[i] = np.mean(x[i : i + k])
    return out


def pooled_rows(x):
    H, W = x.shape
    return np.array([[np.max(x[2 * i : 2 * i + 2, 2 * j : 2 * j + 2]) for j in range(W // 2)] for i in range(H // 2)])


def kernel_matrix(x, y):
    K = np.array([[np.exp(-np.sum((a - b) ** 2)) for b in y] for a in x])
    return K / np.sum(K, axis=1, keepdims=True)


def mean_of_windows(x, w):
    N, H, W = x.shape
    k, l = w.shape
    maps = np.array(
        [
            [[np.sum(x[n, i : i + k, j : j + l] * w) for j in range(W - l + 1)] for i in range(H - k + 1)]
            for n in range(N)
        ]
    )
    return np.mean(maps) * w


def last_two(x, w):
    """What is joined is of the last round alone: no row of a nested list."""
    h, c = x[0], x[0]
    for t in range(1, len(x)):
        h = np.tanh(h * w + x[t])
        c = c * h
    return np.stack([h, c])


CASES = {
    pooled_rows: of_shapes(x=((4, 6), (6, 4), (8, 5))),
    kernel_matrix: of_shapes(x=((3, 2), (2, 4), (5, 3)), y=((4, 2), (3, 4), (2, 3))),
    mean_of_windows: of_shapes(x=((2, 4, 5), (3, 4, 3), (2, 5, 5)), w=((2, 3), (2, 2), (3, 3))),
    last_two: of_shapes(x=((4, 3), (5, 2), (3, 4)), w=((3,), (2,), (4,))),
    conv_hwc: of_shapes(
        A_prev=((2, 4, 5, 3), (3, 5, 4, 2), (2, 6, 3, 3)),
        W=((3, 3, 3, 4), (2, 2, 2, 3), (3, 3, 3, 2)),
        b=((1, 1, 1, 4), (1, 1, 1, 3), (1, 1, 1, 2)),
    ),
    conv_chained: of_shapes(x=((2, 3, 4, 5), (3, 2, 5, 4), (2, 2, 3, 6)), w=((4, 3, 2, 2), (2, 2, 3, 3), (3, 2, 3, 3))),
    conv_chained2: of_shapes(
        x=((2, 3, 4, 5), (3, 2, 5, 4), (2, 2, 3, 6)), w=((4, 3, 2, 2), (2, 2, 3, 3), (3, 2, 3, 3))
    ),
    conv_padinside: of_shapes(
        x=((2, 3, 5, 7), (3, 2, 6, 5), (2, 2, 5, 6)), w=((4, 3, 3, 2), (2, 2, 2, 3), (3, 2, 3, 3)), b=((4,), (2,), (3,))
    ),
    conv_kernel_loops: of_shapes(x=((4, 5), (5, 4), (6, 5)), w=((2, 3), (3, 2), (3, 3))),
    conv_shifted: of_shapes(x=((4, 5), (5, 4), (6, 5)), w=((2, 3), (3, 2), (3, 3))),
    conv_batch_vector: of_shapes(
        x=((2, 3, 5, 7), (3, 2, 6, 5), (2, 2, 5, 6)), w=((4, 3, 3, 2), (2, 2, 2, 3), (3, 2, 3, 3)), b=((4,), (2,), (3,))
    ),
    conv_transpose: of_shapes(x=((2, 3, 4), (3, 4, 2), (2, 5, 3)), k=((3, 2), (2, 3), (3, 3))),
    im2col_counter: of_shapes(x=((2, 4, 5), (3, 5, 4), (2, 3, 6)), wt=((3, 8), (2, 12), (4, 8))),
    pool_mask: of_shapes(x=((2, 3, 4, 6), (3, 2, 6, 4), (2, 4, 8, 5))),
    pool_argmax: of_shapes(x=((2, 3, 4, 6), (3, 2, 6, 4), (2, 4, 8, 5))),
    pool_avg_hwc: of_shapes(A=((2, 4, 6, 3), (3, 6, 4, 2), (2, 8, 6, 4))),
    pool_hwc: of_shapes(A_prev=((2, 4, 6, 3), (3, 6, 4, 2), (2, 8, 4, 3))),
    moving_avg: of_shapes(x=((6,), (5,), (8,))),
}
