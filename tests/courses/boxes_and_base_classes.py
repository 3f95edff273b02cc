"""Base classes that call the layers: fwd and bwd, arrays in boxes, gradients left on them."""

import numpy as np


class Arr:
    """value and gradient"""
    def __init__(self, data):
        self.data = np.asarray(data, dtype=float)
        self.g = None


class Module():
    def __call__(self, *args):
        self.args = args
        self.out = Arr(self.forward(*args))
        return self.out

    def forward(self, *args):
        raise Exception('not implemented')

    def backward(self):
        self.bwd(self.out, *self.args)


class ReLU(Module):
    def forward(self, inp):
        return np.maximum(inp.data, 0)

    def bwd(self, out, inp):
        inp.g = (inp.data > 0) * out.g


class Linear(Module):
    def __init__(self, w, b):
        self.w, self.b = w, b

    def forward(self, inp):
        return inp.data @ self.w.data + self.b.data

    def bwd(self, out, inp):
        inp.g = out.g @ self.w.data.T
        self.w.g = inp.data.T @ out.g
        self.b.g = out.g.sum(axis=0)


class MSE(Module):
    def forward(self, inp, targ):
        return ((inp.data[:, 0] - targ) ** 2).mean()

    def bwd(self, out, inp, targ):
        inp.g = (2 * (inp.data[:, 0] - targ) / len(targ))[:, None]


class CrossEntropy(Module):
    def forward(self, inp, targ):
        z = inp.data - inp.data.max(axis=1, keepdims=True)
        self.logp = z - np.log(np.exp(z).sum(axis=1, keepdims=True))
        return -self.logp[np.arange(len(targ)), targ].mean()

    def bwd(self, out, inp, targ):
        d = np.exp(self.logp)
        d[np.arange(len(targ)), targ] -= 1
        inp.g = d / len(targ)


class Block:
    def __call__(self, x):
        self.x = x
        self.y = self.fwd(x)
        return self.y

    def backward(self, g):
        return self.bwd(g, self.x)

class Dense(Block):
    def __init__(self, nin, nout):
        self.w = np.random.randn(nin, nout) * np.sqrt(2 / nin)
        self.b = np.zeros(nout)

    def fwd(self, x):
        return x @ self.w + self.b

    def bwd(self, g, x):
        self.gw = x.T @ g
        self.gb = g.sum(0)
        return g @ self.w.T

class GeLU(Block):
    def fwd(self, x):
        return x / (1 + np.exp(-1.702 * x))

    def bwd(self, g, x):
        s = 1 / (1 + np.exp(-1.702 * x))
        return g * (s + 1.702 * x * s * (1 - s))

class LayerNorm(Block):
    def __init__(self, dim, eps=1e-5):
        self.gamma = np.ones(dim)
        self.beta = np.zeros(dim)
        self.eps = eps

    def fwd(self, x):
        mu = x.mean(-1, keepdims=True)
        self.istd = 1 / np.sqrt(x.var(-1, keepdims=True) + self.eps)
        self.xhat = (x - mu) * self.istd
        return self.gamma * self.xhat + self.beta

    def bwd(self, g, x):
        self.ggamma = (g * self.xhat).sum(0)
        self.gbeta = g.sum(0)
        gx = g * self.gamma
        return self.istd * (gx - gx.mean(-1, keepdims=True) - self.xhat * (gx * self.xhat).mean(-1, keepdims=True))

class Net:
    def __init__(self, nin, nh, nout):
        self.layers = [Dense(nin, nh), GeLU(), Dense(nh, nout)]

    def __call__(self, x):
        for l in self.layers:
            x = l(x)
        return x

    def backward(self, g):
        for l in self.layers[::-1]:
            g = l.backward(g)
        return g
