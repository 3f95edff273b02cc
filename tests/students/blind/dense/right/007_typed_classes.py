from __future__ import annotations

from abc import ABC, abstractmethod
from typing import Optional

import numpy as np
from numpy import ndarray


class Layer(ABC):
    @abstractmethod
    def forward(self, inputs: ndarray) -> ndarray:
        ...

    @abstractmethod
    def backward(self, grad_output: ndarray) -> ndarray:
        ...


class Linear(Layer):
    def __init__(self, in_dim: int, out_dim: int, rng: Optional[np.random.Generator] = None) -> None:
        rng = rng or np.random.default_rng(0)
        self.W: ndarray = rng.standard_normal((in_dim, out_dim)) * (1.0 / in_dim) ** 0.5
        self.b: ndarray = np.zeros((out_dim,))
        self.dW: Optional[ndarray] = None
        self.db: Optional[ndarray] = None
        self._inputs: Optional[ndarray] = None

    def forward(self, inputs: ndarray) -> ndarray:
        assert inputs.shape[-1] == self.W.shape[0]
        self._inputs = inputs
        return np.einsum("nd,dm->nm", inputs, self.W) + self.b

    def backward(self, grad_output: ndarray) -> ndarray:
        assert self._inputs is not None, "call forward first"
        self.dW = np.einsum("nd,nm->dm", self._inputs, grad_output)
        self.db = np.einsum("nm->m", grad_output)
        return np.einsum("nm,dm->nd", grad_output, self.W)


class Tanh(Layer):
    def forward(self, inputs: ndarray) -> ndarray:
        self._inputs = inputs
        return np.tanh(inputs)

    def backward(self, grad_output: ndarray) -> ndarray:
        sech2 = 1.0 - np.tanh(self._inputs) ** 2
        return grad_output * sech2


class Sigmoid(Layer):
    @staticmethod
    def _sigma(z: ndarray) -> ndarray:
        return 1.0 / (1.0 + np.exp(-z))

    def forward(self, inputs: ndarray) -> ndarray:
        self._inputs = inputs
        return self._sigma(inputs)

    def backward(self, grad_output: ndarray) -> ndarray:
        s = self._sigma(self._inputs)
        return grad_output * s * (1.0 - s)


class SoftmaxCrossEntropy:
    def __init__(self) -> None:
        self._logits: Optional[ndarray] = None
        self._labels: Optional[ndarray] = None

    def forward(self, logits: ndarray, labels: ndarray) -> float:
        self._logits = logits - logits.max(axis=1, keepdims=True)
        self._labels = labels
        lse = np.log(np.exp(self._logits).sum(axis=1))
        picked = np.take_along_axis(self._logits, labels[:, None], axis=1)[:, 0]
        return float(np.mean(lse - picked))

    def backward(self) -> ndarray:
        num_samples, num_classes = self._logits.shape
        exps = np.exp(self._logits)
        probs = exps / exps.sum(axis=1, keepdims=True)
        return (probs - np.eye(num_classes)[self._labels]) / num_samples
