"""A homework's own small library: A in, Z out, dLdZ in, dLdA out, dLdW kept."""

import numpy as np
from scipy.special import erf


class Identity:
    def forward(self, Z):
        self.A = Z
        return self.A

    def backward(self, dLdA):
        dAdZ = np.ones(self.A.shape, dtype="f")
        return dLdA * dAdZ


class Sigmoid:
    def forward(self, Z):
        self.A = 1 / (1 + np.exp(-Z))
        return self.A

    def backward(self, dLdA):
        return dLdA * (self.A - self.A * self.A)


class GELU:
    def forward(self, Z):
        self.Z = Z
        self.A = 0.5 * Z * (1 + erf(Z / np.sqrt(2)))
        return self.A

    def backward(self, dLdA):
        cdf = 0.5 * (1 + erf(self.Z / np.sqrt(2)))
        pdf = np.exp(-(self.Z**2) / 2) / np.sqrt(2 * np.pi)
        return dLdA * (cdf + self.Z * pdf)


class Softmax:
    def forward(self, Z):
        e = np.exp(Z - np.max(Z, axis=1, keepdims=True))
        self.A = e / e.sum(axis=1, keepdims=True)
        return self.A

    def backward(self, dLdA):
        N, C = dLdA.shape
        dLdZ = np.zeros((N, C))
        for i in range(N):
            a = self.A[i]
            J = np.zeros((C, C))
            for m in range(C):
                for n in range(C):
                    if m == n:
                        J[m, n] = a[m] * (1 - a[m])
                    else:
                        J[m, n] = -a[m] * a[n]
            dLdZ[i, :] = dLdA[i, :] @ J
        return dLdZ


class Linear:
    def __init__(self, in_features, out_features, debug=False):
        self.W = np.zeros((out_features, in_features))
        self.b = np.zeros((out_features, 1))
        self.debug = debug

    def forward(self, A):
        self.A = A
        self.N = A.shape[0]
        self.Ones = np.ones((self.N, 1))
        Z = A @ self.W.T + self.Ones @ self.b.T
        return Z

    def backward(self, dLdZ):
        dLdA = dLdZ @ self.W
        self.dLdW = dLdZ.T @ self.A
        self.dLdb = dLdZ.T @ self.Ones
        if self.debug:
            self.dLdA = dLdA
        return dLdA


class BatchNorm1d:
    def __init__(self, num_features, alpha=0.9):
        self.alpha = alpha
        self.eps = 1e-8
        self.BW = np.ones((1, num_features))
        self.Bb = np.zeros((1, num_features))
        self.dLdBW = np.zeros((1, num_features))
        self.dLdBb = np.zeros((1, num_features))
        self.running_M = np.zeros((1, num_features))
        self.running_V = np.ones((1, num_features))

    def forward(self, Z, eval=False):
        self.Z = Z
        self.N = Z.shape[0]
        self.M = np.mean(Z, axis=0, keepdims=True)
        self.V = np.var(Z, axis=0, keepdims=True)
        if not eval:
            self.NZ = (Z - self.M) / np.sqrt(self.V + self.eps)
            self.BZ = self.BW * self.NZ + self.Bb
            self.running_M = self.alpha * self.running_M + (1 - self.alpha) * self.M
            self.running_V = self.alpha * self.running_V + (1 - self.alpha) * self.V
        else:
            self.NZ = (Z - self.running_M) / np.sqrt(self.running_V + self.eps)
            self.BZ = self.BW * self.NZ + self.Bb
        return self.BZ

    def backward(self, dLdBZ):
        self.dLdBW = np.sum(dLdBZ * self.NZ, axis=0, keepdims=True)
        self.dLdBb = np.sum(dLdBZ, axis=0, keepdims=True)
        dLdNZ = dLdBZ * self.BW
        dLdV = -0.5 * np.sum(dLdNZ * (self.Z - self.M) * (self.V + self.eps) ** -1.5, axis=0, keepdims=True)
        dNZdM = -((self.V + self.eps) ** -0.5)
        dLdM = np.sum(dLdNZ * dNZdM, axis=0, keepdims=True)
        dLdZ = dLdNZ * (self.V + self.eps) ** -0.5 + dLdV * 2 / self.N * (self.Z - self.M) + dLdM / self.N
        return dLdZ


class MSELoss:
    def forward(self, A, Y):
        self.A = A
        self.Y = Y
        self.N = A.shape[0]
        self.C = A.shape[1]
        se = (A - Y) * (A - Y)
        sse = np.ones((1, self.N)) @ se @ np.ones((self.C, 1))
        return (sse / (self.N * self.C)).item()

    def backward(self):
        return 2 * (self.A - self.Y) / (self.N * self.C)


class CrossEntropyLoss:
    def forward(self, A, Y):
        self.A = A
        self.Y = Y
        self.N, self.C = A.shape
        e = np.exp(A - A.max(axis=1, keepdims=True))
        self.softmax = e / e.sum(axis=1, keepdims=True)
        crossentropy = (-Y * np.log(self.softmax)) @ np.ones((self.C, 1))
        return float(crossentropy.sum() / self.N)

    def backward(self):
        return (self.softmax - self.Y) / self.N


class Upsample1d:
    def __init__(self, upsampling_factor):
        self.k = upsampling_factor

    def forward(self, A):
        n, c, w = A.shape
        self.w_in = w
        Z = np.zeros((n, c, self.k * (w - 1) + 1))
        Z[:, :, :: self.k] = A
        return Z

    def backward(self, dLdZ):
        return dLdZ[:, :, :: self.k]


class Downsample1d:
    def __init__(self, downsampling_factor):
        self.k = downsampling_factor

    def forward(self, A):
        self.w_in = A.shape[2]
        return A[:, :, :: self.k]

    def backward(self, dLdZ):
        n, c, _ = dLdZ.shape
        dLdA = np.zeros((n, c, self.w_in))
        dLdA[:, :, :: self.k] = dLdZ
        return dLdA


class Conv1d_stride1:
    def __init__(self, in_channels, out_channels, kernel_size, weight_init_fn=None, bias_init_fn=None):
        self.in_channels, self.out_channels, self.kernel_size = in_channels, out_channels, kernel_size
        if weight_init_fn is None:
            self.W = np.random.normal(0, 1.0, (out_channels, in_channels, kernel_size))
        else:
            self.W = weight_init_fn(out_channels, in_channels, kernel_size)
        if bias_init_fn is None:
            self.b = np.zeros(out_channels)
        else:
            self.b = bias_init_fn(out_channels)
        self.dLdW = np.zeros(self.W.shape)
        self.dLdb = np.zeros(self.b.shape)

    def forward(self, A):
        self.A = A
        n, _, w = A.shape
        w_out = w - self.kernel_size + 1
        Z = np.zeros((n, self.out_channels, w_out))
        for i in range(w_out):
            Z[:, :, i] = np.tensordot(A[:, :, i : i + self.kernel_size], self.W, axes=([1, 2], [1, 2])) + self.b
        return Z

    def backward(self, dLdZ):
        self.dLdb = np.sum(dLdZ, axis=(0, 2))
        self.dLdW = np.zeros(self.W.shape)
        for k in range(self.kernel_size):
            self.dLdW[:, :, k] = np.tensordot(dLdZ, self.A[:, :, k : k + dLdZ.shape[2]], axes=([0, 2], [0, 2]))
        pad = self.kernel_size - 1
        padded = np.pad(dLdZ, ((0, 0), (0, 0), (pad, pad)))
        flipped = self.W[:, :, ::-1]
        dLdA = np.zeros(self.A.shape)
        for i in range(self.A.shape[2]):
            dLdA[:, :, i] = np.tensordot(padded[:, :, i : i + self.kernel_size], flipped, axes=([1, 2], [0, 2]))
        return dLdA


class Flatten:
    def forward(self, A):
        self.shape = A.shape
        return A.reshape(A.shape[0], -1)

    def backward(self, dLdZ):
        return dLdZ.reshape(self.shape)


class MaxPool2d_stride1:
    def __init__(self, kernel):
        self.kernel = kernel

    def forward(self, A):
        self.A = A
        n, c, h, w = A.shape
        oh, ow = h - self.kernel + 1, w - self.kernel + 1
        Z = np.zeros((n, c, oh, ow))
        self.where = np.zeros((n, c, oh, ow, 2), dtype=int)
        for b in range(n):
            for ch in range(c):
                for i in range(oh):
                    for j in range(ow):
                        win = A[b, ch, i : i + self.kernel, j : j + self.kernel]
                        p, q = np.unravel_index(np.argmax(win), win.shape)
                        Z[b, ch, i, j] = win[p, q]
                        self.where[b, ch, i, j] = (i + p, j + q)
        return Z

    def backward(self, dLdZ):
        dLdA = np.zeros(self.A.shape)
        n, c, oh, ow = dLdZ.shape
        for b in range(n):
            for ch in range(c):
                for i in range(oh):
                    for j in range(ow):
                        p, q = self.where[b, ch, i, j]
                        dLdA[b, ch, p, q] += dLdZ[b, ch, i, j]
        return dLdA
