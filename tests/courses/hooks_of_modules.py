"""Hooks that a base class calls, layers that are built first or keep all that they saw, switches beside the upstream."""

import numpy as np


class Module:
    def forward(self, input):
        return self.updateOutput(input)

    def backward(self, input, gradOutput):
        self.updateGradInput(input, gradOutput)
        self.accGradParameters(input, gradOutput)
        return self.gradInput

    def updateOutput(self, input):
        pass

    def updateGradInput(self, input, gradOutput):
        pass

    def accGradParameters(self, input, gradOutput):
        pass


class Linear(Module):
    def __init__(self, n_in, n_out):
        self.W = np.random.uniform(-0.5, 0.5, (n_out, n_in))
        self.gradW = np.zeros_like(self.W)

    def updateOutput(self, input):
        self.output = input @ self.W.T
        return self.output

    def updateGradInput(self, input, gradOutput):
        self.gradInput = gradOutput @ self.W

    def accGradParameters(self, input, gradOutput):
        self.gradW += gradOutput.T @ input


class SoftPlus(Module):
    def updateOutput(self, input):
        self.output = np.log(1 + np.exp(input))
        return self.output

    def updateGradInput(self, input, gradOutput):
        self.gradInput = gradOutput / (1 + np.exp(-input))


class Built:
    def __init__(self, units):
        self.units = units

    def build(self, input_shape):
        self.kernel = np.random.uniform(-0.5, 0.5, (input_shape[-1], self.units))

    def call(self, inputs):
        self.inputs = inputs
        return inputs @ self.kernel

    def backprop(self, grads):
        self.grad_kernel = self.inputs.T @ grads
        return grads @ self.kernel.T


class Late:
    def __init__(self, n_out):
        self.n_out, self.X = n_out, []
        self.parameters, self.gradients = {}, {}

    def forward(self, X):
        if not self.parameters:
            self.parameters = {"W": np.random.randn(X.shape[1], self.n_out)}
            self.gradients = {"W": np.zeros((X.shape[1], self.n_out))}
        self.X.append(X)
        return X @ self.parameters["W"]

    def backward(self, dLdy, retain_grads=True):
        dX = []
        for dy, x in zip([dLdy], self.X):
            dX.append(dy @ self.parameters["W"].T)
            if retain_grads:
                self.gradients["W"] += x.T @ dy
        return dX[0] if len(self.X) == 1 else dX
