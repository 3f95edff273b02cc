"""Modules with param(), and gradients that add up in the layer; backward(gradwrtoutput)."""

import math

import numpy as np


class Module(object):
    def forward(self, *input):
        raise NotImplementedError

    def backward(self, *gradwrtoutput):
        raise NotImplementedError

    def param(self):
        return []


class Linear(Module):
    def __init__(self, in_dim, out_dim):
        std = math.sqrt(2.0 / (in_dim + out_dim))
        self.weight = np.random.normal(0, std, (out_dim, in_dim))
        self.bias = np.zeros(out_dim)
        self.grad_weight = np.zeros_like(self.weight)
        self.grad_bias = np.zeros_like(self.bias)

    def forward(self, input):
        self.input = input
        return input @ self.weight.T + self.bias

    def backward(self, gradwrtoutput):
        self.grad_weight += gradwrtoutput.T @ self.input
        self.grad_bias += gradwrtoutput.sum(0)
        return gradwrtoutput @ self.weight

    def param(self):
        return [(self.weight, self.grad_weight), (self.bias, self.grad_bias)]


class Tanh(Module):
    def forward(self, input):
        self.out = np.tanh(input)
        return self.out

    def backward(self, gradwrtoutput):
        return (1 - self.out**2) * gradwrtoutput


class LeakyReLU(Module):
    def __init__(self, slope=0.01):
        self.slope = slope

    def forward(self, input):
        self.input = input
        return np.where(input > 0, input, self.slope * input)

    def backward(self, gradwrtoutput):
        return np.where(self.input > 0, 1.0, self.slope) * gradwrtoutput


class ELU(Module):
    def __init__(self, alpha=1.0):
        self.alpha = alpha

    def forward(self, input):
        self.input = input
        return np.where(input > 0, input, self.alpha * (np.exp(input) - 1))

    def backward(self, gradwrtoutput):
        return np.where(self.input > 0, 1.0, self.alpha * np.exp(self.input)) * gradwrtoutput


class SELU(Module):
    lam, alpha = 1.0507, 1.67326

    def forward(self, input):
        self.input = input
        return self.lam * np.where(input > 0, input, self.alpha * (np.exp(input) - 1))

    def backward(self, gradwrtoutput):
        return self.lam * np.where(self.input > 0, 1.0, self.alpha * np.exp(self.input)) * gradwrtoutput


class LossMSE(Module):
    def forward(self, input, target):
        self.diff = input - target
        return (self.diff**2).sum()

    def backward(self):
        return 2 * self.diff


class Sequential(Module):
    def __init__(self, *layers):
        self.layers = list(layers)

    def forward(self, input):
        for layer in self.layers:
            input = layer.forward(input)
        return input

    def backward(self, gradwrtoutput):
        for layer in reversed(self.layers):
            gradwrtoutput = layer.backward(gradwrtoutput)
        return gradwrtoutput
