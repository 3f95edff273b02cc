"""Convolution and pooling in several hands: loops, im2col, strides, channels last, upsampling, as functions and classes."""

import numpy as np


class Conv2D:
    def __init__(self, in_channels, out_channels, kernel_size=3, stride=1, padding=0):
        self.stride = stride
        self.padding = padding
        self.weight = np.random.randn(out_channels, in_channels, kernel_size, kernel_size)
        self.bias = np.zeros(out_channels)

    def forward(self, x):
        p, s = self.padding, self.stride
        self.xp = np.pad(x, ((0, 0), (0, 0), (p, p), (p, p)))
        F, C, K, _ = self.weight.shape
        N, _, H, W = self.xp.shape
        oh, ow = (H - K) // s + 1, (W - K) // s + 1
        out = np.zeros((N, F, oh, ow))
        for i in range(oh):
            for j in range(ow):
                patch = self.xp[:, :, i * s : i * s + K, j * s : j * s + K]
                out[:, :, i, j] = np.einsum("nckl,fckl->nf", patch, self.weight) + self.bias
        return out

    def backward(self, grad_out):
        p, s = self.padding, self.stride
        F, C, K, _ = self.weight.shape
        N, _, oh, ow = grad_out.shape
        dxp = np.zeros_like(self.xp)
        self.grad_weight = np.zeros_like(self.weight)
        self.grad_bias = grad_out.sum(axis=(0, 2, 3))
        for i in range(oh):
            for j in range(ow):
                patch = self.xp[:, :, i * s : i * s + K, j * s : j * s + K]
                g = grad_out[:, :, i, j]
                self.grad_weight += np.einsum("nf,nckl->fckl", g, patch)
                dxp[:, :, i * s : i * s + K, j * s : j * s + K] += np.einsum("nf,fckl->nckl", g, self.weight)
        H, W = self.xp.shape[2:]
        return dxp[:, :, p : H - p, p : W - p]


def upsample_forward(x, scale=2):
    return x.repeat(scale, axis=2).repeat(scale, axis=3), x.shape


def upsample_backward(dout, shape, scale=2):
    N, C, H, W = shape
    return dout.reshape(N, C, H, scale, W, scale).sum(axis=(3, 5))


def global_avg_pool_forward(x):
    return x.mean(axis=(2, 3)), x.shape


def global_avg_pool_backward(dout, shape):
    N, C, H, W = shape
    return np.ones(shape) * dout[:, :, None, None] / (H * W)


def conv1d_forward(x, w, b):
    """x: (N, T), w: (K,), b: a number for all."""
    K = w.shape[0]
    T = x.shape[1] - K + 1
    out = np.zeros((x.shape[0], T))
    for k in range(K):
        out += w[k] * x[:, k : k + T]
    return out + b, (x, w)


def conv1d_backward(dout, cache):
    x, w = cache
    K = w.shape[0]
    T = dout.shape[1]
    dx, dw = np.zeros_like(x), np.zeros_like(w)
    for k in range(K):
        dw[k] = np.sum(dout * x[:, k : k + T])
        dx[:, k : k + T] += w[k] * dout
    return dx, dw, dout.sum()


class AvgPool2D:
    def __init__(self, size=2):
        self.size = size

    def forward(self, x):
        k = self.size
        self.shape = N, C, H, W = x.shape
        x = x[:, :, : H // k * k, : W // k * k]
        return x.reshape(N, C, H // k, k, W // k, k).mean(axis=(3, 5))

    def backward(self, dout):
        k = self.size
        N, C, H, W = self.shape
        dx = np.zeros(self.shape)
        dx[:, :, : H // k * k, : W // k * k] = dout.repeat(k, axis=2).repeat(k, axis=3) / k**2
        return dx


class MaxPool:
    def __init__(self, kernel_size, stride):
        self.kernel_size = kernel_size
        self.stride = stride

    def forward(self, x):
        k, s = self.kernel_size, self.stride
        N, C, H, W = x.shape
        oh, ow = (H - k) // s + 1, (W - k) // s + 1
        out = np.zeros((N, C, oh, ow))
        self.arg = np.zeros((N, C, oh, ow), dtype=int)
        for i in range(oh):
            for j in range(ow):
                flat = x[:, :, i * s : i * s + k, j * s : j * s + k].reshape(N, C, -1)
                self.arg[:, :, i, j] = flat.argmax(axis=2)
                out[:, :, i, j] = flat.max(axis=2)
        self.shape = x.shape
        return out

    def backward(self, dout):
        k, s = self.kernel_size, self.stride
        N, C, oh, ow = dout.shape
        dx = np.zeros(self.shape)
        for n in range(N):
            for c in range(C):
                for i in range(oh):
                    for j in range(ow):
                        r, q = divmod(self.arg[n, c, i, j], k)
                        dx[n, c, i * s + r, j * s + q] += dout[n, c, i, j]
        return dx


def depthwise_forward(x, w):
    """x: (N, H, W, C), w: (K, K, C)."""
    K = w.shape[0]
    N, H, W, C = x.shape
    out = np.zeros((N, H - K + 1, W - K + 1, C))
    for i in range(K):
        for j in range(K):
            out += x[:, i : i + H - K + 1, j : j + W - K + 1, :] * w[i, j]
    return out, (x, w)


def depthwise_backward(dout, cache):
    x, w = cache
    K = w.shape[0]
    N, oh, ow, C = dout.shape
    dx, dw = np.zeros_like(x), np.zeros_like(w)
    for i in range(K):
        for j in range(K):
            dw[i, j] = np.sum(dout * x[:, i : i + oh, j : j + ow, :], axis=(0, 1, 2))
            dx[:, i : i + oh, j : j + ow, :] += dout * w[i, j]
    return dx, dw


def pad_forward(x, pad=1):
    return np.pad(x, ((0, 0), (0, 0), (pad, pad), (pad, pad))), pad


def pad_backward(dout, pad):
    H, W = dout.shape[2:]
    return dout[:, :, pad : H - pad, pad : W - pad]


def flatten_forward(x):
    return x.reshape(x.shape[0], -1), x.shape


def flatten_backward(dout, shape):
    return dout.reshape(shape)
