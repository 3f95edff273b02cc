import numpy as np


class BatchNorm:
    """ Batch normalisation over the batch axis, for (N, D) inputs """

    def __init__(self, num_features, eps=1e-5, momentum=0.9):
        self.gamma = np.ones(num_features)
        self.beta = np.zeros(num_features)
        self.dgamma = None
        self.dbeta = None
        self.eps = eps
        self.momentum = momentum
        self.running_mean = np.zeros(num_features)
        self.running_var = np.ones(num_features)

    def forward(self, x, train=True):
        if train:
            self.mu = x.mean(axis=0)
            self.xc = x - self.mu
            self.var = np.mean(self.xc ** 2, axis=0)
            self.std = np.sqrt(self.var + self.eps)
            self.xn = self.xc / self.std
            m = self.momentum
            self.running_mean = m * self.running_mean + (1 - m) * self.mu
            self.running_var = m * self.running_var + (1 - m) * self.var
        else:
            self.xn = (x - self.running_mean) / np.sqrt(self.running_var + self.eps)
        return self.gamma * self.xn + self.beta

    def backward(self, dout):
        n = dout.shape[0]
        self.dbeta = dout.sum(axis=0)
        self.dgamma = np.sum(self.xn * dout, axis=0)
        dxn = self.gamma * dout
        dxc = dxn / self.std
        dstd = -np.sum((dxn * self.xc) / (self.std * self.std), axis=0)
        dvar = 0.5 * dstd / self.std
        dxc += (2.0 / n) * self.xc * dvar
        dmu = np.sum(dxc, axis=0)
        dx = dxc - dmu / n
        return dx


class Linear:
    def __init__(self, fan_in, fan_out):
        self.W = 0.01 * np.random.randn(fan_in, fan_out)
        self.b = np.zeros((1, fan_out))
        self.dW = np.zeros_like(self.W)
        self.db = np.zeros_like(self.b)

    def forward(self, x):
        self.x = x
        return np.matmul(x, self.W) + self.b

    def backward(self, dout):
        self.dW[:] = np.matmul(self.x.T, dout)
        self.db[:] = np.sum(dout, axis=0, keepdims=True)
        return np.matmul(dout, self.W.T)
