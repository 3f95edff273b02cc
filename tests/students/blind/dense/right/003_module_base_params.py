import numpy as np


class Module(object):
    def __init__(self):
        self.training = True

    def __call__(self, *args):
        return self.forward(*args)

    def forward(self, *args):
        raise NotImplementedError

    def backward(self, *args):
        raise NotImplementedError

    def parameters(self):
        return []

    def zero_grad(self):
        for p, g in self.parameters():
            g[...] = 0


class Linear(Module):
    def __init__(self, n_in, n_out):
        super().__init__()
        bound = 1.0 / np.sqrt(n_in)
        self.W = np.random.uniform(-bound, bound, size=(n_in, n_out))
        self.b = np.random.uniform(-bound, bound, size=n_out)
        self.dW = np.zeros_like(self.W)
        self.db = np.zeros_like(self.b)

    def parameters(self):
        return [(self.W, self.dW), (self.b, self.db)]

    def forward(self, x):
        self._cache = x
        return x.dot(self.W) + self.b

    def backward(self, dout):
        x = self._cache
        # gradients pile up until zero_grad() is called
        self.dW += x.T.dot(dout)
        self.db += dout.sum(0)
        return dout.dot(self.W.T)


class Tanh(Module):
    def forward(self, x):
        e1 = np.exp(np.clip(x, -300, 300))
        e2 = np.exp(-np.clip(x, -300, 300))
        y = (e1 - e2) / (e1 + e2)
        self._cache = y
        return y

    def backward(self, dout):
        y = self._cache
        return dout * (1 - y) * (1 + y)


class ReLU(Module):
    def forward(self, x):
        self._cache = x > 0
        return x * self._cache

    def backward(self, dout):
        return dout * self._cache


class SoftmaxCrossEntropy(Module):
    def forward(self, scores, y):
        z = scores - scores.max(axis=1, keepdims=True)
        log_z = np.log(np.exp(z).sum(axis=1, keepdims=True))
        logp = z - log_z
        self._cache = (logp, y)
        return -logp[range(len(y)), y].mean()

    def backward(self):
        logp, y = self._cache
        grad = np.exp(logp)
        grad[range(len(y)), y] -= 1
        return grad / len(y)
