import numpy as np


def conv_relu_forward(x, w, b, conv_param):
    """Convolution and ReLU in one go, no separate layers."""
    S, P = conv_param['stride'], conv_param['pad']
    N, C, H, W = x.shape
    F, _, K, L = w.shape
    HO, WO = (H + 2*P - K)//S + 1, (W + 2*P - L)//S + 1
    xp = np.zeros((N, C, H + 2*P, W + 2*P))
    xp[:, :, P:P+H, P:P+W] = x
    cols = np.zeros((N, HO*WO, C*K*L))
    for i in range(HO):
        for j in range(WO):
            cols[:, i*WO + j] = xp[:, :, i*S:i*S+K, j*S:j*S+L].reshape(N, -1)
    score = cols.dot(w.reshape(F, -1).T) + b          # N, HO*WO, F
    out = np.maximum(score, 0).transpose(0, 2, 1).reshape(N, F, HO, WO)
    return out, (cols, score, x.shape, w, S, P)


def conv_relu_backward(dout, cache):
    cols, score, (N, C, H, W), w, S, P = cache
    F, _, K, L = w.shape
    HO, WO = dout.shape[2], dout.shape[3]
    dscore = dout.reshape(N, F, HO*WO).transpose(0, 2, 1) * (score > 0)
    db = dscore.sum(axis=(0, 1))
    dw = np.tensordot(dscore, cols, axes=([0, 1], [0, 1])).reshape(w.shape)
    dcols = dscore.dot(w.reshape(F, -1)).reshape(N, HO, WO, C, K, L)
    dxp = np.zeros((N, C, H + 2*P, W + 2*P))
    for i in range(HO):
        for j in range(WO):
            dxp[:, :, i*S:i*S+K, j*S:j*S+L] += dcols[:, i, j]
    return dxp[:, :, P:P+H, P:P+W], dw, db


def affine_relu_forward(x, w, b):
    x2d = x.reshape(x.shape[0], np.prod(x.shape[1:]))
    score = np.dot(x2d, w) + b
    out = np.maximum(score, 0)
    return out, (x2d, score, w, x.shape)


def affine_relu_backward(dout, cache):
    x2d, score, w, shape = cache
    dscore = np.where(score > 0, dout, 0)
    dx = np.dot(dscore, w.T).reshape(shape)
    dw = np.dot(x2d.T, dscore)
    db = np.sum(dscore, axis=0)
    return dx, dw, db
