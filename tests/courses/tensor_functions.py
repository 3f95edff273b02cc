"""An autograd engine whose operations are functions: each result depends on tensors, with a grad_fn for every one."""

from typing import Callable, List, NamedTuple, Optional

import numpy as np


class Dependency(NamedTuple):
    tensor: "Tensor"
    grad_fn: Callable[[np.ndarray], np.ndarray]


class Tensor:
    def __init__(self, data, requires_grad: bool = False, depends_on: Optional[List[Dependency]] = None):
        self._data = np.asarray(data, dtype=float)
        self.requires_grad = requires_grad
        self.depends_on = depends_on or []
        self.shape = self._data.shape
        self.grad = None
        if self.requires_grad:
            self.zero_grad()

    @property
    def data(self):
        return self._data

    def zero_grad(self):
        self.grad = Tensor(np.zeros_like(self.data))

    def __add__(self, other):
        return _add(self, other)

    def __mul__(self, other):
        return _mul(self, other)

    def __neg__(self):
        return _neg(self)

    def __matmul__(self, other):
        return _matmul(self, other)

    def sum(self):
        return tensor_sum(self)

    def backward(self, grad=None):
        assert self.requires_grad, "called backward on non-requires-grad tensor"
        if grad is None:
            if self.shape == ():
                grad = Tensor(1.0)
            else:
                raise RuntimeError("grad must be specified for a tensor that is no number")
        self.grad._data = self.grad.data + grad.data
        for dependency in self.depends_on:
            backward_grad = dependency.grad_fn(grad.data)
            dependency.tensor.backward(Tensor(backward_grad))


def tensor_sum(t):
    data = t.data.sum()
    depends_on = []
    if t.requires_grad:

        def grad_fn(grad):
            return grad * np.ones_like(t.data)

        depends_on.append(Dependency(t, grad_fn))
    return Tensor(data, t.requires_grad, depends_on)


def tanh(t):
    data = np.tanh(t.data)
    depends_on = []
    if t.requires_grad:

        def grad_fn(grad):
            return grad * (1 - data * data)

        depends_on.append(Dependency(t, grad_fn))
    return Tensor(data, t.requires_grad, depends_on)


def _add(t1, t2):
    data = t1.data + t2.data
    requires_grad = t1.requires_grad or t2.requires_grad
    depends_on = []
    if t1.requires_grad:

        def grad_fn1(grad):
            for _ in range(grad.ndim - t1.data.ndim):
                grad = grad.sum(axis=0)
            for i, dim in enumerate(t1.shape):
                if dim == 1:
                    grad = grad.sum(axis=i, keepdims=True)
            return grad

        depends_on.append(Dependency(t1, grad_fn1))
    if t2.requires_grad:

        def grad_fn2(grad):
            for _ in range(grad.ndim - t2.data.ndim):
                grad = grad.sum(axis=0)
            for i, dim in enumerate(t2.shape):
                if dim == 1:
                    grad = grad.sum(axis=i, keepdims=True)
            return grad

        depends_on.append(Dependency(t2, grad_fn2))
    return Tensor(data, requires_grad, depends_on)


def _mul(t1, t2):
    data = t1.data * t2.data
    requires_grad = t1.requires_grad or t2.requires_grad
    depends_on = []
    if t1.requires_grad:

        def grad_fn1(grad):
            grad = grad * t2.data
            for _ in range(grad.ndim - t1.data.ndim):
                grad = grad.sum(axis=0)
            return grad

        depends_on.append(Dependency(t1, grad_fn1))
    if t2.requires_grad:

        def grad_fn2(grad):
            grad = grad * t1.data
            for _ in range(grad.ndim - t2.data.ndim):
                grad = grad.sum(axis=0)
            return grad

        depends_on.append(Dependency(t2, grad_fn2))
    return Tensor(data, requires_grad, depends_on)


def _neg(t):
    depends_on = [Dependency(t, lambda grad: -grad)] if t.requires_grad else []
    return Tensor(-t.data, t.requires_grad, depends_on)


def _matmul(t1, t2):
    data = t1.data @ t2.data
    requires_grad = t1.requires_grad or t2.requires_grad
    depends_on = []
    if t1.requires_grad:

        def grad_fn1(grad):
            return grad @ t2.data.T

        depends_on.append(Dependency(t1, grad_fn1))
    if t2.requires_grad:

        def grad_fn2(grad):
            return t1.data.T @ grad

        depends_on.append(Dependency(t2, grad_fn2))
    return Tensor(data, requires_grad, depends_on)
