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
    z = cols.dot(w.reshape(F, -1).T) + b          # N, HO*WO, F
    out = np.maximum(z, 0).transpose(0, 2, 1).reshape(N, F, HO, WO)
    return out, (cols, z, x.shape, w, S, P)


def conv_relu_backward(dout, cache):
    cols, z, (N, C, H, W), w, S, P = cache
    F, _, K, L = w.shape
    HO, WO = dout.shape[2], dout.shape[3]
    dz = dout.reshape(N, F, HO*WO).transpose(0, 2, 1) * (z > 0)
    db = dz.sum(axis=(0, 1))
    dw = np.tensordot(dz, cols, axes=([0, 1], [0, 1])).reshape(w.shape)
    dcols = dz.dot(w.reshape(F, -1)).reshape(N, HO, WO, C, K, L)
    dxp = np.zeros((N, C, H + 2*P, W + 2*P))
    for i in range(HO):
        for j in range(WO):
            dxp[:, :, i*S:i*S+K, j*S:j*S+L] += dcols[:, i, j]
    return dxp[:, :, P:P+H, P:P+W], dw, db


def affine_relu_forward(x, w, b):
    flat = x.reshape(x.shape[0], np.prod(x.shape[1:]))
    z = np.dot(flat, w) + b
    out = np.maximum(z, 0)
    return out, (flat, z, w, x.shape)


def affine_relu_backward(dout, cache):
    flat, z, w, shape = cache
    dz = np.where(z > 0, dout, 0)
    dx = np.dot(dz, w.T).reshape(shape)
    dw = np.dot(flat.T, dz)
    db = np.sum(dz, axis=0)
    return dx, dw, db
