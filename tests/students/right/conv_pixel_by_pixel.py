import numpy as np

# no padding array at all, just check the borders

def conv_forward(x, w, b, stride, pad):
    N, C, H, W = x.shape
    F, _, HH, WW = w.shape
    Ho = (H + 2 * pad - HH) // stride + 1
    Wo = (W + 2 * pad - WW) // stride + 1
    out = np.zeros((N, F, Ho, Wo))
    for i in range(Ho):
        for j in range(Wo):
            for p in range(HH):
                for q in range(WW):
                    r, s = i * stride + p - pad, j * stride + q - pad
                    if 0 <= r < H and 0 <= s < W:
                        out[:, :, i, j] += x[:, :, r, s] @ w[:, :, p, q].T
    out += b[:, None, None]
    return out, (x, w, stride, pad)

def conv_backward(dout, cache):
    x, w, stride, pad = cache
    N, C, H, W = x.shape
    F, _, HH, WW = w.shape
    dx, dw = np.zeros_like(x), np.zeros_like(w)
    for i in range(dout.shape[2]):
        for j in range(dout.shape[3]):
            d = dout[:, :, i, j]
            for p in range(HH):
                r = i * stride + p - pad
                if r < 0 or r >= H:
                    continue
                for q in range(WW):
                    s = j * stride + q - pad
                    if s < 0 or s >= W:
                        continue
                    dx[:, :, r, s] += d @ w[:, :, p, q]
                    dw[:, :, p, q] += d.T @ x[:, :, r, s]
    return dx, dw, dout.sum(axis=(0, 2, 3))
