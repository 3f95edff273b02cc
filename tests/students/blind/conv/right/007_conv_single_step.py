import numpy as np

### helpers ###

def zero_pad(X, pad):
    X_pad = np.pad(X, ((0, 0), (0, 0), (pad, pad), (pad, pad)), mode='constant', constant_values=(0, 0))
    return X_pad

def conv_single_step(a_slice, W, b):
    s = np.multiply(a_slice, W)
    Z = np.sum(s)
    Z = Z + float(b)
    return Z

### layer ###

def conv_forward_naive(x, w, b, conv_param):
    (m, n_C_prev, n_H_prev, n_W_prev) = x.shape
    (n_C, _, f_H, f_W) = w.shape
    stride = conv_param['stride']
    pad = conv_param['pad']
    n_H = int((n_H_prev - f_H + 2 * pad) / stride) + 1
    n_W = int((n_W_prev - f_W + 2 * pad) / stride) + 1
    Z = np.zeros((m, n_C, n_H, n_W))
    A_prev_pad = zero_pad(x, pad)

    for i in range(m):
        a_prev_pad = A_prev_pad[i]
        for h in range(n_H):
            vert_start = h * stride
            vert_end = vert_start + f_H
            for v in range(n_W):
                horiz_start = v * stride
                horiz_end = horiz_start + f_W
                a_slice_prev = a_prev_pad[:, vert_start:vert_end, horiz_start:horiz_end]
                for c in range(n_C):
                    Z[i, c, h, v] = conv_single_step(a_slice_prev, w[c], b[c])

    assert Z.shape == (m, n_C, n_H, n_W)
    cache = {'A_prev': x, 'W': w, 'b': b, 'hparameters': conv_param}
    return Z, cache

def conv_backward_naive(dout, cache):
    A_prev, W, b = cache['A_prev'], cache['W'], cache['b']
    stride = cache['hparameters']['stride']
    pad = cache['hparameters']['pad']
    (m, n_C_prev, n_H_prev, n_W_prev) = A_prev.shape
    (n_C, _, f_H, f_W) = W.shape
    (m, n_C, n_H, n_W) = dout.shape

    dA_prev = np.zeros(A_prev.shape)
    dW = np.zeros(W.shape)
    db = np.zeros(b.shape)
    A_prev_pad = zero_pad(A_prev, pad)
    dA_prev_pad = zero_pad(dA_prev, pad)

    for i in range(m):
        a_prev_pad = A_prev_pad[i]
        da_prev_pad = dA_prev_pad[i]
        for h in range(n_H):
            for v in range(n_W):
                for c in range(n_C):
                    vert_start = h * stride
                    vert_end = vert_start + f_H
                    horiz_start = v * stride
                    horiz_end = horiz_start + f_W
                    a_slice = a_prev_pad[:, vert_start:vert_end, horiz_start:horiz_end]
                    da_prev_pad[:, vert_start:vert_end, horiz_start:horiz_end] += W[c] * dout[i, c, h, v]
                    dW[c] += a_slice * dout[i, c, h, v]
                    db[c] += dout[i, c, h, v]
        dA_prev[i] = da_prev_pad[:, pad:pad + n_H_prev, pad:pad + n_W_prev]

    assert dA_prev.shape == A_prev.shape
    return dA_prev, dW, db
