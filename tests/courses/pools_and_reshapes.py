"""Windows of fixed size, side by side or not, averaged; and layers that only change the shape."""

import numpy as np


class AvgPool2D:
    def __init__(self, kernel_size=2, stride=2):
        self.k = kernel_size
        self.s = stride

    def forward(self, x):
        self.x = x
        n, c, h, w = x.shape
        oh = (h - self.k) // self.s + 1
        ow = (w - self.k) // self.s + 1
        out = np.zeros((n, c, oh, ow))
        for i in range(oh):
            for j in range(ow):
                patch = x[:, :, i * self.s : i * self.s + self.k, j * self.s : j * self.s + self.k]
                out[:, :, i, j] = patch.mean(axis=(2, 3))
        return out

    def backward(self, dout):
        dx = np.zeros_like(self.x)
        n, c, oh, ow = dout.shape
        for i in range(oh):
            for j in range(ow):
                g = dout[:, :, i, j][:, :, None, None] / (self.k * self.k)
                dx[:, :, i * self.s : i * self.s + self.k, j * self.s : j * self.s + self.k] += g
        return dx


class AvgPool2d:
    def __init__(self, pool_h, pool_w, stride=1, pad=0):
        self.pool_h, self.pool_w, self.stride, self.pad = pool_h, pool_w, stride, pad
        self.x = None

    def forward(self, x):
        N, C, H, W = x.shape
        out_h = int(1 + (H - self.pool_h) / self.stride)
        out_w = int(1 + (W - self.pool_w) / self.stride)
        self.x = x
        out = np.empty((N, C, out_h, out_w))
        for n in range(N):
            for ch in range(C):
                for i in range(out_h):
                    for j in range(out_w):
                        a, b = i * self.stride, j * self.stride
                        out[n, ch, i, j] = np.mean(x[n, ch, a : a + self.pool_h, b : b + self.pool_w])
        return out

    def backward(self, dout):
        dx = np.zeros(self.x.shape)
        N, C, out_h, out_w = dout.shape
        area = self.pool_h * self.pool_w
        for n in range(N):
            for ch in range(C):
                for i in range(out_h):
                    for j in range(out_w):
                        a, b = i * self.stride, j * self.stride
                        dx[n, ch, a : a + self.pool_h, b : b + self.pool_w] += dout[n, ch, i, j] / area
        return dx


class MeanPool2d:
    def __init__(self, kernel, stride):
        self.kernel = kernel
        self.stride = stride

    def forward(self, A):
        self.A = A
        batch, channels, width, height = A.shape
        ow = (width - self.kernel) // self.stride + 1
        oh = (height - self.kernel) // self.stride + 1
        Z = np.zeros((batch, channels, ow, oh))
        for i in range(ow):
            for j in range(oh):
                si, sj = i * self.stride, j * self.stride
                Z[:, :, i, j] = np.mean(A[:, :, si : si + self.kernel, sj : sj + self.kernel], axis=(2, 3))
        return Z

    def backward(self, dLdZ):
        dLdA = np.zeros(self.A.shape)
        for i in range(dLdZ.shape[2]):
            for j in range(dLdZ.shape[3]):
                si, sj = i * self.stride, j * self.stride
                dLdA[:, :, si : si + self.kernel, sj : sj + self.kernel] += (
                    dLdZ[:, :, i : i + 1, j : j + 1] / self.kernel**2
                )
        return dLdA


class GlobalAvgPool:
    def forward(self, x):
        self.shape = x.shape
        return x.mean(axis=(2, 3))

    def backward(self, dout):
        n, c, h, w = self.shape
        return np.broadcast_to(dout[:, :, None, None], self.shape) / (h * w)


class AveragePooling:
    """Non-overlapping windows by reshaping."""

    def __init__(self, size=2):
        self.size = size

    def forward(self, x):
        b, c, h, w = x.shape
        p = self.size
        self.in_shape = x.shape
        return x.reshape(b, c, h // p, p, w // p, p).mean(axis=(3, 5))

    def backward(self, grad):
        p = self.size
        return np.repeat(np.repeat(grad, p, axis=2), p, axis=3) / p**2


class Flatten:
    def forward(self, x):
        self.in_shape = x.shape
        return x.reshape(x.shape[0], -1)

    def backward(self, dout):
        return dout.reshape(self.in_shape)


class Reshape:
    def __init__(self, input_shape, output_shape):
        self.input_shape = input_shape
        self.output_shape = output_shape

    def forward(self, input):
        return np.reshape(input, self.output_shape)

    def backward(self, output_gradient, learning_rate):
        return np.reshape(output_gradient, self.input_shape)


class ReshapeLayer:
    def __init__(self, shape):
        self.shape = shape

    def forward(self, x):
        self.old = x.shape
        return x.reshape((x.shape[0],) + self.shape)

    def backward(self, grad):
        return grad.reshape(self.old)


class FlattenLayer:
    def __init__(self):
        self.cache = None

    def forward(self, A):
        self.cache = A.shape
        return np.ravel(A).reshape(A.shape[0], -1)

    def backward(self, dA):
        return dA.reshape(self.cache)


def flatten_forward(x):
    cache = x.shape
    return x.reshape(cache[0], -1), cache


def flatten_backward(dout, cache):
    return dout.reshape(*cache)
