import numpy as np


class Linear:

    def __init__(self, in_features, out_features, debug=False):
        """
        W : (out_features, in_features)
        b : (out_features, 1)
        """
        self.W = np.random.randn(out_features, in_features) * np.sqrt(2.0 / in_features)
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
        dLdW = dLdZ.T @ self.A
        dLdb = dLdZ.T @ self.Ones

        self.dW = dLdW
        self.db = dLdb

        if self.debug:
            self.dLdA = dLdA

        return dLdA


class Sigmoid:

    def forward(self, Z):
        self.A = 1.0 / (1.0 + np.exp(-Z))
        return self.A

    def backward(self, dLdA):
        dAdZ = self.A - self.A * self.A
        return dLdA * dAdZ


class Tanh:

    def forward(self, Z):
        self.A = np.tanh(Z)
        return self.A

    def backward(self, dLdA):
        dAdZ = 1.0 - np.square(self.A)
        return dLdA * dAdZ


class ReLU:

    def forward(self, Z):
        self.A = np.maximum(Z, 0.0)
        return self.A

    def backward(self, dLdA):
        dAdZ = np.where(self.A > 0.0, 1.0, 0.0)
        return dLdA * dAdZ
