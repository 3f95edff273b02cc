"""Engines of arrays that write down by a word what a value came from, and slopes that are called relu2deriv."""

import numpy as np


def tanh(x):
    return np.tanh(x)


def tanh2deriv(output):
    return 1 - output**2


class Tensor:
    def __init__(self, data, autograd=False, creators=None, creation_op=None):
        self.data, self.autograd = np.array(data), autograd
        self.creators, self.creation_op, self.grad = creators, creation_op, None

    def backward(self, grad):
        self.grad = grad if self.grad is None else Tensor(self.grad.data + grad.data)
        if self.creation_op == "add":
            self.creators[0].backward(grad)
            self.creators[1].backward(grad)
        if self.creation_op == "mul":
            self.creators[0].backward(Tensor(grad.data * self.creators[1].data))
            self.creators[1].backward(Tensor(grad.data * self.creators[0].data))
        if self.creation_op == "mm":
            self.creators[0].backward(Tensor(grad.data.dot(self.creators[1].data.T)))
            self.creators[1].backward(Tensor(self.creators[0].data.T.dot(grad.data)))
        if self.creation_op == "sigmoid":
            self.creators[0].backward(Tensor(grad.data * self.data * (1 - self.data)))

    def made(self, data, creators, creation_op):
        return Tensor(data, autograd=self.autograd, creators=creators, creation_op=creation_op)

    def __add__(self, other):
        return self.made(self.data + other.data, [self, other], "add")

    def __mul__(self, other):
        return self.made(self.data * other.data, [self, other], "mul")

    def mm(self, x):
        return self.made(self.data.dot(x.data), [self, x], "mm")

    def sigmoid(self):
        return self.made(1 / (1 + np.exp(-self.data)), [self], "sigmoid")
