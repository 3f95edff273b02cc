"""Graphs of nodes, gradients asked of those behind: each keeps its value, and a gradient for all that it is made of."""

import numpy as np


class Node:
    def __init__(self, inbound=()):
        self.inbound = list(inbound)
        self.outbound = []
        self.value = None
        self.gradients = {}
        for node in self.inbound:
            node.outbound.append(self)

    def forward(self):
        raise NotImplementedError

    def backward(self):
        raise NotImplementedError


class Variable(Node):
    def forward(self):
        pass

    def backward(self):
        self.gradients[self] = sum(node.gradients[self] for node in self.outbound)


class Affine(Node):
    def __init__(self, x, w, b):
        super().__init__([x, w, b])

    def forward(self):
        x, w, b = (node.value for node in self.inbound)
        self.value = x @ w + b

    def backward(self):
        x, w, b = self.inbound
        self.gradients = {node: np.zeros_like(node.value) for node in self.inbound}
        for user in self.outbound:
            upstream = user.gradients[self]
            self.gradients[x] += upstream @ w.value.T
            self.gradients[w] += x.value.T @ upstream
            self.gradients[b] += upstream.sum(axis=0)


class Tanh(Node):
    def __init__(self, z):
        super().__init__([z])

    def forward(self):
        self.value = np.tanh(self.inbound[0].value)

    def backward(self):
        self.gradients = {self.inbound[0]: 0}
        for user in self.outbound:
            self.gradients[self.inbound[0]] += user.gradients[self] * (1 - self.value**2)


class Squares(Node):
    """Half of the mean of the squared differences."""

    def __init__(self, target, prediction):
        super().__init__([target, prediction])

    def forward(self):
        target = self.inbound[0].value.reshape(-1, 1)
        prediction = self.inbound[1].value.reshape(-1, 1)
        self.difference = target - prediction
        self.value = 0.5 * np.mean(self.difference**2)

    def backward(self):
        count = len(self.difference)
        self.gradients[self.inbound[0]] = self.difference / count
        self.gradients[self.inbound[1]] = -self.difference / count
