import numpy as np

def conv_forward(x, w, b, stride, pad):
    N, C, H, W = x.shape
    F, C, HH, WW = w.shape
    xp = np.pad(x, ((0, 0), (0, 0), (pad, pad), (pad, pad)))
    Ho, Wo = (H + 2 * pad - HH) // stride + 1, (W + 2 * pad - WW) // stride + 1
    out = np.zeros((N, F, Ho, Wo))
    for i in range(Ho):
        for j in range(Wo):
            win = xp[:, :, i * stride:i * stride + HH, j * stride:j * stride + WW]
            out[:, :, i, j] = win.reshape(N, -1) @ w.reshape(F, -1).T + b
    return out, (x, w, b, stride, pad)

def conv_backward(dout, cache):
    x, w, b, stride, pad = cache
    N, C, H, W = x.shape
    F, C, HH, WW = w.shape
    xp = np.pad(x, ((0, 0), (0, 0), (pad, pad), (pad, pad)))
    dxp = np.zeros_like(xp)
    dw = np.zeros_like(w)
    db = dout.sum(axis=0).sum(axis=(1, 2))
    for i in range(dout.shape[2]):
        for j in range(dout.shape[3]):
            d = dout[:, :, i, j]
            win = xp[:, :, i * stride:i * stride + HH, j * stride:j * stride + WW]
            dw += (d.T @ win.reshape(N, -1)).reshape(w.shape)
            dxp[:, :, i * stride:i * stride + HH, j * stride:j * stride + WW] += (d @ w.reshape(F, -1)).reshape(win.shape)
    dx = dxp[:, :, pad:pad + H, pad:pad + W]
    return dx, dw, db
