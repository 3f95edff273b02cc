"""Modules that take whatever they are given: forward(*input), backward(*gradwrtoutput), layers handed over one by one."""

import numpy as np


class Module:
    def forward(self, *input):
        raise NotImplementedError

    def backward(self, *gradwrtoutput):
        raise NotImplementedError

    def param(self):
        return []


class Linear(Module):
    def __init__(self, n_in, n_out):
        self.weight = np.random.normal(0, 1, (n_out, n_in))
        self.bias = np.random.normal(0, 1, n_out)
        self.dweight = np.zeros_like(self.weight)
        self.dbias = np.zeros_like(self.bias)

    def forward(self, *input):
        self.input = input[0]
        return self.input @ self.weight.T + self.bias

    def backward(self, *gradwrtoutput):
        (grad,) = gradwrtoutput
        self.dweight += grad.T @ self.input
        self.dbias += grad.sum(axis=0)
        return grad @ self.weight

    def param(self):
        return [(self.weight, self.dweight), (self.bias, self.dbias)]


class Sigmoid(Module):
    def forward(self, *input):
        self.output = 1 / (1 + np.exp(-input[0]))
        return self.output

    def backward(self, *gradwrtoutput):
        return gradwrtoutput[0] * self.output * (1 - self.output)


class Sequential(Module):
    def __init__(self, *modules):
        self.modules = modules

    def forward(self, *input):
        out = input[0]
        for module in self.modules:
            out = module.forward(out)
        return out

    def backward(self, *gradwrtoutput):
        grad = gradwrtoutput[0]
        for module in self.modules[::-1]:
            grad = module.backward(grad)
        return grad


class LossMSE(Module):
    def forward(self, *input):
        prediction, target = input
        self.difference = prediction - target
        return (self.difference**2).sum() / len(target)

    def backward(self):
        return 2 * self.difference / len(self.difference)
