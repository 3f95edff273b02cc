"""Classes whose gradients are dLdZ, dLdW, dLdA, kept as attributes, some weights as (out, in) and biases as columns."""

import numpy as np


class Linear:
    def __init__(self, in_features, out_features, debug=False):
        self.W = np.zeros((out_features, in_features))
        self.b = np.zeros((out_features, 1))
        self.debug = debug

    def forward(self, A):
        self.A = A
        self.N = A.shape[0]
        self.Ones = np.ones((self.N, 1))
        Z = self.A @ self.W.T + self.Ones @ self.b.T
        return Z

    def backward(self, dLdZ):
        dLdA = dLdZ @ self.W
        self.dLdW = dLdZ.T @ self.A
        self.dLdb = dLdZ.T @ self.Ones
        if self.debug:
            self.dLdA = dLdA
        return dLdA


class GELU:
    def forward(self, Z):
        self.Z = Z
        self.A = 0.5 * Z * (1 + np.tanh(np.sqrt(2 / np.pi) * (Z + 0.044715 * Z**3)))
        return self.A

    def backward(self, dLdA):
        u = np.sqrt(2 / np.pi) * (self.Z + 0.044715 * self.Z**3)
        dudZ = np.sqrt(2 / np.pi) * (1 + 3 * 0.044715 * self.Z**2)
        dAdZ = 0.5 * (1 + np.tanh(u)) + 0.5 * self.Z * (1 - np.tanh(u) ** 2) * dudZ
        dLdZ = dLdA * dAdZ
        return dLdZ


class Softmax:
    def forward(self, Z):
        e = np.exp(Z - np.max(Z, axis=1, keepdims=True))
        self.A = e / np.sum(e, axis=1, keepdims=True)
        return self.A

    def backward(self, dLdA):
        N, C = dLdA.shape
        dLdZ = np.zeros((N, C))
        for i in range(N):
            J = np.zeros((C, C))
            for m in range(C):
                for n in range(C):
                    if m == n:
                        J[m, n] = self.A[i, m] * (1 - self.A[i, m])
                    else:
                        J[m, n] = -self.A[i, m] * self.A[i, n]
            dLdZ[i, :] = dLdA[i, :] @ J
        return dLdZ


class MSELoss:
    def forward(self, A, Y):
        self.A = A
        self.Y = Y
        self.N = A.shape[0]
        self.C = A.shape[1]
        se = (A - Y) * (A - Y)
        sse = np.ones((1, self.N)) @ se @ np.ones((self.C, 1))
        mse = sse / (self.N * self.C)
        return mse

    def backward(self):
        dLdA = 2 * (self.A - self.Y) / (self.N * self.C)
        return dLdA


class CrossEntropyLoss:
    def forward(self, A, Y):
        self.A = A
        self.Y = Y
        self.N = A.shape[0]
        self.C = A.shape[1]
        Ones_C = np.ones((self.C, 1))
        Ones_N = np.ones((self.N, 1))
        self.softmax = np.exp(self.A) / np.exp(self.A).sum(axis=1, keepdims=True)
        crossentropy = (-self.Y * np.log(self.softmax)) @ Ones_C
        sum_crossentropy = Ones_N.T @ crossentropy
        L = sum_crossentropy / self.N
        return L

    def backward(self):
        dLdA = (self.softmax - self.Y) / self.N
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
        if eval == False:
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
        dLdV = -0.5 * np.sum(dLdNZ * (self.Z - self.M) * (self.V + self.eps) ** (-1.5), axis=0, keepdims=True)
        dNZdM = -((self.V + self.eps) ** (-0.5)) - 0.5 * (self.Z - self.M) * (self.V + self.eps) ** (-1.5) * (
            -2 / self.N * np.sum(self.Z - self.M, axis=0, keepdims=True)
        )
        dLdM = np.sum(dLdNZ * dNZdM, axis=0, keepdims=True)
        dLdZ = dLdNZ * (self.V + self.eps) ** (-0.5) + dLdV * (2 / self.N * (self.Z - self.M)) + 1 / self.N * dLdM
        return dLdZ


class Conv1d_stride1:
    def __init__(self, in_channels, out_channels, kernel_size, weight_init_fn=None, bias_init_fn=None):
        self.in_channels = in_channels
        self.out_channels = out_channels
        self.kernel_size = kernel_size
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
        batch_size, _, input_size = A.shape
        output_size = input_size - self.kernel_size + 1
        Z = np.zeros((batch_size, self.out_channels, output_size))
        for i in range(output_size):
            Z[:, :, i] = np.tensordot(A[:, :, i : i + self.kernel_size], self.W, axes=([1, 2], [1, 2])) + self.b
        return Z

    def backward(self, dLdZ):
        output_size = dLdZ.shape[2]
        self.dLdb = np.sum(dLdZ, axis=(0, 2))
        self.dLdW = np.zeros(self.W.shape)
        for k in range(self.kernel_size):
            self.dLdW[:, :, k] = np.tensordot(dLdZ, self.A[:, :, k : k + output_size], axes=([0, 2], [0, 2]))
        padded = np.pad(dLdZ, ((0, 0), (0, 0), (self.kernel_size - 1, self.kernel_size - 1)))
        flipped = self.W[:, :, ::-1]
        dLdA = np.zeros(self.A.shape)
        for i in range(self.A.shape[2]):
            dLdA[:, :, i] = np.tensordot(padded[:, :, i : i + self.kernel_size], flipped, axes=([1, 2], [0, 2]))
        return dLdA


class Downsample1d:
    def __init__(self, downsampling_factor):
        self.downsampling_factor = downsampling_factor

    def forward(self, A):
        self.W_in = A.shape[2]
        return A[:, :, :: self.downsampling_factor]

    def backward(self, dLdZ):
        dLdA = np.zeros((dLdZ.shape[0], dLdZ.shape[1], self.W_in))
        dLdA[:, :, :: self.downsampling_factor] = dLdZ
        return dLdA


class MeanPool2d_stride1:
    def __init__(self, kernel):
        self.kernel = kernel

    def forward(self, A):
        self.A = A
        k = self.kernel
        B, C, H, W = A.shape
        Z = np.zeros((B, C, H - k + 1, W - k + 1))
        for i in range(H - k + 1):
            for j in range(W - k + 1):
                Z[:, :, i, j] = np.mean(A[:, :, i : i + k, j : j + k], axis=(2, 3))
        return Z

    def backward(self, dLdZ):
        k = self.kernel
        dLdA = np.zeros(self.A.shape)
        for i in range(dLdZ.shape[2]):
            for j in range(dLdZ.shape[3]):
                dLdA[:, :, i : i + k, j : j + k] += dLdZ[:, :, i, j][:, :, None, None] / (k * k)
        return dLdA


class Flatten:
    def forward(self, A):
        self.A = A
        return A.reshape(A.shape[0], -1)

    def backward(self, dLdZ):
        return dLdZ.reshape(self.A.shape)


class RNNCell:
    def __init__(self, input_size, hidden_size):
        self.input_size = input_size
        self.hidden_size = hidden_size
        h = self.hidden_size
        d = self.input_size
        self.W_ih = np.random.randn(h, d)
        self.W_hh = np.random.randn(h, h)
        self.b_ih = np.random.randn(h)
        self.b_hh = np.random.randn(h)
        self.zero_grad()

    def zero_grad(self):
        d, h = self.input_size, self.hidden_size
        self.dW_ih = np.zeros((h, d))
        self.dW_hh = np.zeros((h, h))
        self.db_ih = np.zeros(h)
        self.db_hh = np.zeros(h)

    def forward(self, x, h_prev_t):
        h_t = np.tanh(x @ self.W_ih.T + self.b_ih + h_prev_t @ self.W_hh.T + self.b_hh)
        return h_t

    def __call__(self, x, h_prev_t):
        return self.forward(x, h_prev_t)

    def backward(self, delta, h_t, h_prev_l, h_prev_t):
        batch_size = delta.shape[0]
        dz = (1 - h_t**2) * delta
        self.dW_ih += dz.T @ h_prev_l / batch_size
        self.dW_hh += dz.T @ h_prev_t / batch_size
        self.db_ih += np.mean(dz, axis=0)
        self.db_hh += np.mean(dz, axis=0)
        dx = dz @ self.W_ih
        dh_prev_t = dz @ self.W_hh
        return dx, dh_prev_t


class GRUCell:
    """One example at a time."""

    def __init__(self, input_size, hidden_size):
        self.d = input_size
        self.h = hidden_size
        h, d = self.h, self.d
        self.Wrx = np.random.randn(h, d)
        self.Wzx = np.random.randn(h, d)
        self.Wnx = np.random.randn(h, d)
        self.Wrh = np.random.randn(h, h)
        self.Wzh = np.random.randn(h, h)
        self.Wnh = np.random.randn(h, h)
        self.bn = np.random.randn(h)

    def forward(self, x, h_prev_t):
        self.x = x
        self.hidden = h_prev_t
        self.r = 1 / (1 + np.exp(-(self.Wrx @ x + self.Wrh @ h_prev_t)))
        self.z = 1 / (1 + np.exp(-(self.Wzx @ x + self.Wzh @ h_prev_t)))
        self.n_h = self.Wnh @ h_prev_t + self.bn
        self.n = np.tanh(self.Wnx @ x + self.r * self.n_h)
        h_t = (1 - self.z) * self.n + self.z * h_prev_t
        return h_t

    def backward(self, delta):
        dz = delta * (self.hidden - self.n) * self.z * (1 - self.z)
        dn = delta * (1 - self.z) * (1 - self.n**2)
        dr = dn * self.n_h * self.r * (1 - self.r)
        self.dWrx = np.outer(dr, self.x)
        self.dWzx = np.outer(dz, self.x)
        self.dWnx = np.outer(dn, self.x)
        self.dWrh = np.outer(dr, self.hidden)
        self.dWzh = np.outer(dz, self.hidden)
        self.dWnh = np.outer(dn * self.r, self.hidden)
        self.dbn = dn * self.r
        dx = self.Wrx.T @ dr + self.Wzx.T @ dz + self.Wnx.T @ dn
        dh_prev_t = delta * self.z + self.Wrh.T @ dr + self.Wzh.T @ dz + self.Wnh.T @ (dn * self.r)
        return dx, dh_prev_t
