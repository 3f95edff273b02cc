"""Graphs of nodes, gradients left on those in front: each reads its own gradient, and adds to those it is made of."""

import numpy as np


class Gate:
    def __init__(self):
        self.data = None
        self.grad = 0.0


class Leaf(Gate):
    pass


class Multiply(Gate):
    def __init__(self, left, right):
        super().__init__()
        self.left, self.right = left, right

    def forward(self):
        self.data = self.left.data * self.right.data

    def backward(self):
        self.left.grad += self.right.data * self.grad
        self.right.grad += self.left.data * self.grad


class Product(Gate):
    def __init__(self, x, w):
        super().__init__()
        self.x, self.w = x, w

    def forward(self):
        self.data = self.x.data.dot(self.w.data)

    def backward(self):
        self.x.grad += self.grad.dot(self.w.data.T)
        self.w.grad += self.x.data.T.dot(self.grad)


class Logistic(Gate):
    def __init__(self, z):
        super().__init__()
        self.z = z

    def forward(self):
        self.data = 1 / (1 + np.exp(-self.z.data))

    def backward(self):
        self.z.grad += self.grad * self.data * (1 - self.data)
