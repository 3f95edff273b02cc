"""Layers of a base class that keeps inputs and output, and leaves gradients on them: forward(...) and bwd(out, inp)."""

import numpy as np


class Module:
    def __call__(self, *args):
        self.args = args
        self.out = self.forward(*args)
        return self.out

    def forward(self):
        raise Exception("not implemented")

    def backward(self):
        self.bwd(self.out, *self.args)


class Relu(Module):
    def forward(self, inp):
        return np.maximum(inp, 0.0) - 0.5

    def bwd(self, out, inp):
        inp.g = (inp > 0).astype(float) * out.g


class Lin(Module):
    def __init__(self, w, b):
        self.w, self.b = w, b

    def forward(self, inp):
        return inp @ self.w + self.b

    def bwd(self, out, inp):
        inp.g = out.g @ self.w.T
        self.w.g = np.einsum("bi,bj->ij", inp, out.g)
        self.b.g = out.g.sum(0)


class Sigmoid(Module):
    def forward(self, inp):
        return 1 / (1 + np.exp(-inp))

    def bwd(self, out, inp):
        inp.g = out.g * out * (1 - out)


class Mse(Module):
    def forward(self, inp, targ):
        return ((inp.squeeze() - targ) ** 2).mean()

    def bwd(self, out, inp, targ):
        inp.g = 2 * (inp.squeeze() - targ)[..., None] / targ.shape[0]


class Scale(Module):
    def __init__(self, gamma):
        self.gamma = gamma

    def forward(self, inp):
        return inp * self.gamma

    def bwd(self, out, inp):
        inp.g = out.g * self.gamma
        self.gamma.g = (out.g * inp).sum(0)


class Softmax(Module):
    def forward(self, inp):
        e = np.exp(inp - inp.max(axis=-1, keepdims=True))
        return e / e.sum(axis=-1, keepdims=True)

    def bwd(self, out, inp):
        inner = (out.g * out).sum(axis=-1, keepdims=True)
        inp.g = out * (out.g - inner)
