import numpy as np

# I come from C, so: counters.


def affine_forward(x, w, b):
    n_rows = x.shape[0]
    n_out = w.shape[1]
    out = np.zeros((n_rows, n_out))
    i = 0
    while i < n_rows:
        vec = x[i].ravel()
        k = 0
        while k < n_out:
            out[i, k] = np.sum(vec * w[:, k]) + b[k]
            k += 1
        i += 1
    return out, (x, w, b)


def affine_backward(dout, cache):
    x, w, b = cache
    dx = np.zeros(x.shape)
    dw = np.zeros(w.shape)
    db = np.zeros(b.shape)
    i = 0
    while i < x.shape[0]:
        vec = x[i].ravel()
        tmp = np.zeros(vec.shape)
        k = 0
        while k < w.shape[1]:
            tmp += dout[i, k] * w[:, k]
            dw[:, k] += dout[i, k] * vec
            db[k] += dout[i, k]
            k += 1
        dx[i] = tmp.reshape(x[i].shape)
        i += 1
    return dx, dw, db


def relu_forward(x):
    out = x.copy()
    out[out < 0] = 0
    return out, x


def relu_backward(dout, cache):
    x = cache
    dx = dout.copy()
    dx[x <= 0] = 0
    return dx


def conv_forward_naive(x, w, b, conv_param):
    stride = conv_param['stride']
    pad = conv_param['pad']
    N, C, H, W = x.shape
    F, C, HH, WW = w.shape
    xpad = np.zeros((N, C, H + 2 * pad, W + 2 * pad))
    xpad[:, :, pad:pad + H, pad:pad + W] = x
    out_h = (H + 2 * pad - HH) // stride + 1
    out_w = (W + 2 * pad - WW) // stride + 1
    out = np.zeros((N, F, out_h, out_w))
    for n in range(N):
        for f in range(F):
            top = 0
            for r in range(out_h):
                left = 0
                for c in range(out_w):
                    out[n, f, r, c] = np.sum(xpad[n, :, top:top + HH, left:left + WW] * w[f]) + b[f]
                    left += stride
                top += stride
    cache = (x, w, b, conv_param)
    return out, cache


def conv_backward_naive(dout, cache):
    x, w, b, conv_param = cache
    stride = conv_param['stride']
    pad = conv_param['pad']
    N, C, H, W = x.shape
    F, C, HH, WW = w.shape
    xpad = np.zeros((N, C, H + 2 * pad, W + 2 * pad))
    xpad[:, :, pad:pad + H, pad:pad + W] = x
    dxpad = np.zeros(xpad.shape)
    dw = np.zeros(w.shape)
    db = np.zeros(b.shape)
    for n in range(N):
        for f in range(F):
            top = 0
            for r in range(dout.shape[2]):
                left = 0
                for c in range(dout.shape[3]):
                    g = dout[n, f, r, c]
                    db[f] += g
                    dw[f] += g * xpad[n, :, top:top + HH, left:left + WW]
                    dxpad[n, :, top:top + HH, left:left + WW] += g * w[f]
                    left += stride
                top += stride
    dx = dxpad[:, :, pad:pad + H, pad:pad + W]
    return dx, dw, db


def max_pool_forward_naive(x, pool_param):
    PH = pool_param['pool_height']
    PW = pool_param['pool_width']
    S = pool_param['stride']
    N, C, H, W = x.shape
    out_h = (H - PH) // S + 1
    out_w = (W - PW) // S + 1
    out = np.zeros((N, C, out_h, out_w))
    for n in range(N):
        for c in range(C):
            for r in range(out_h):
                for q in range(out_w):
                    best = x[n, c, r * S, q * S]
                    for a in range(PH):
                        for e in range(PW):
                            if x[n, c, r * S + a, q * S + e] > best:
                                best = x[n, c, r * S + a, q * S + e]
                    out[n, c, r, q] = best
    return out, (x, pool_param)


def max_pool_backward_naive(dout, cache):
    x, pool_param = cache
    PH = pool_param['pool_height']
    PW = pool_param['pool_width']
    S = pool_param['stride']
    N, C, out_h, out_w = dout.shape
    dx = np.zeros(x.shape)
    for n in range(N):
        for c in range(C):
            for r in range(out_h):
                for q in range(out_w):
                    ba, be = 0, 0
                    best = x[n, c, r * S, q * S]
                    for a in range(PH):
                        for e in range(PW):
                            if x[n, c, r * S + a, q * S + e] > best:
                                best = x[n, c, r * S + a, q * S + e]
                                ba, be = a, e
                    dx[n, c, r * S + ba, q * S + be] += dout[n, c, r, q]
    return dx


def softmax_loss(x, y):
    N, C = x.shape
    loss = 0.0
    dx = np.zeros((N, C))
    for i in range(N):
        row = x[i] - np.max(x[i])
        total = 0.0
        for c in range(C):
            total += np.exp(row[c])
        loss += np.log(total) - row[y[i]]
        for c in range(C):
            dx[i, c] = np.exp(row[c]) / total
        dx[i, y[i]] -= 1
    return loss / N, dx / N


