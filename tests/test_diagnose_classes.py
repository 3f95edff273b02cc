"""Layers as classes: held against their own forward pass, or against the course's layer where they follow it."""

from __future__ import annotations

import pytest

from backpropviz.diagnose import diagnose
from backpropviz.diagnose.pairs.protocols.context import Context
from tests.handed_in import report

LINEAR = """
import numpy as np

class Linear:
    def __init__(self, n_in, n_out):
        self.W = np.random.randn(n_in, n_out) * 0.1
        self.b = np.zeros(n_out)

    def forward(self, x):
        self.x = x
        return x @ self.W + self.b

    def backward(self, dout):
        dx = dout @ self.W.T
        self.dW = self.x.T @ dout
        self.db = np.sum(dout, axis=0)
        return dx
"""

OUTWARD = """
import numpy as np

class Module:
    def forward(self, x):
        raise NotImplementedError

    def backward(self, grad):
        raise NotImplementedError

class Dense(Module):
    # weights as (out, in), biases as a row, gradients added up
    def __init__(self, n_in, n_out):
        super().__init__()
        self.params = {"W": np.random.randn(n_out, n_in), "b": np.zeros((1, n_out))}
        self.grads = {"W": np.zeros((n_out, n_in)), "b": np.zeros((1, n_out))}

    def forward(self, x):
        self.inputs = x
        return x.dot(self.params["W"].T) + self.params["b"]

    def backward(self, grad):
        self.grads["W"] += grad.T.dot(self.inputs)
        self.grads["b"] += grad.sum(axis=0, keepdims=True)
        return grad.dot(self.params["W"])
"""

CROSS_ENTROPY = """
import numpy as np

class SoftmaxCrossEntropy:
    def forward(self, scores, t):
        z = scores - scores.max(axis=1, keepdims=True)
        self.p = np.exp(z) / np.exp(z).sum(axis=1, keepdims=True)
        self.t = t
        return -np.sum(t * np.log(self.p)) / len(t)

    def backward(self):
        return (self.p - self.t) / len(self.t)
"""

BATCHNORM = """
import numpy as np

class BatchNorm:
    def __init__(self, dim, eps=1e-5, momentum=0.9):
        self.gamma, self.beta = np.ones(dim), np.zeros(dim)
        self.running_mean, self.running_var = np.zeros(dim), np.ones(dim)
        self.eps, self.momentum = eps, momentum

    def forward(self, x, training=True):
        if training:
            mu, var = x.mean(axis=0), x.var(axis=0)
            self._track(mu, var)
        else:
            mu, var = self.running_mean, self.running_var
        self.std = np.sqrt(var + self.eps)
        self.xhat = (x - mu) / self.std
        return self.gamma * self.xhat + self.beta

    def _track(self, mu, var):
        self.running_mean = self.momentum * self.running_mean + (1 - self.momentum) * mu
        self.running_var = self.momentum * self.running_var + (1 - self.momentum) * var

    def backward(self, dout):
        self.dgamma = np.sum(dout * self.xhat, axis=0)
        self.dbeta = np.sum(dout, axis=0)
        dxhat = dout * self.gamma
        total = dxhat.sum(axis=0)
        along = (dxhat * self.xhat).sum(axis=0)
        return (dxhat - total / len(dout) - self.xhat * along / len(dout)) / self.std
"""

EMBEDDING = """
import numpy as np

class Embedding:
    # one word an example
    def __init__(self, W):
        self.params, self.grads = [W], [np.zeros_like(W)]

    def forward(self, idx):
        self.idx = idx
        return self.params[0][idx]

    def backward(self, dout):
        dW = self.grads[0]
        dW[...] = 0
        for i, word in enumerate(self.idx):
            dW[word] += dout[i]
"""

WEIGHT_SUM = """
import numpy as np

class WeightSum:
    # a is (N, T); a reshape would take (T, N) as well
    def forward(self, hs, a):
        N, T, H = hs.shape
        ar = a.reshape(N, T, 1).repeat(H, axis=2)
        self.cache = hs, ar
        return np.sum(hs * ar, axis=1)

    def backward(self, dout):
        hs, ar = self.cache
        N, T, H = hs.shape
        dt = dout.reshape(N, 1, H).repeat(T, axis=1)
        da = np.sum(dt * hs, axis=2)
        return dt * ar, da
"""


@pytest.mark.parametrize("text", [LINEAR, OUTWARD, CROSS_ENTROPY, BATCHNORM, EMBEDDING, WEIGHT_SUM])
def test_right_classes_are_right(tmp_path, text):
    found = report(tmp_path, text)
    assert [function.status for function in found.functions] == ["right"]
    assert not any("not looked at" in note for note in found.notes)


@pytest.mark.parametrize(
    ("text", "right", "wrong"),
    [
        (LINEAR, "self.dW = self.x.T @ dout", "self.dW = dout.T @ self.x"),
        (EMBEDDING, "dW[word] += dout[i]", "dW[word] = dout[i]"),
        (WEIGHT_SUM, "da = np.sum(dt * hs, axis=2)", "da = np.mean(dt * hs, axis=2)"),
        (LINEAR, "self.db = np.sum(dout, axis=0)", "self.db = np.mean(dout, axis=0)"),
        (LINEAR, "dx = dout @ self.W.T", "dx = dout @ self.W"),
        (LINEAR, "self.x = x", "self.x = x * x"),
        (OUTWARD, 'self.grads["b"] += grad.sum(axis=0, keepdims=True)', 'self.grads["b"] = 2 * grad.sum(axis=0)[None]'),
        (CROSS_ENTROPY, "return (self.p - self.t) / len(self.t)", "return (self.t - self.p) / len(self.t)"),
        (CROSS_ENTROPY, "return (self.p - self.t) / len(self.t)", "return self.p - self.t"),
        (BATCHNORM, "along = (dxhat * self.xhat).sum(axis=0)", "along = (dxhat * self.xhat).sum(axis=1)"),
        (BATCHNORM, "dxhat = dout * self.gamma", "dxhat = dout * self.beta"),
        (BATCHNORM, "self.std = np.sqrt(var + self.eps)", "self.std = np.sqrt(var) + self.eps"),
    ],
)
def test_the_wrong_line_of_a_method_is_proved(tmp_path, text, right, wrong):
    faulty = text.replace(right, wrong)
    found = report(tmp_path, faulty)
    line = next(number for number, row in enumerate(faulty.splitlines(), 1) if wrong in row)
    assert found.first is not None
    assert (found.first.line, found.first.proved) == (line, True)
    assert found.functions[0].name.endswith(".backward")
    assert "." in found.first.function


LAZY = """
import numpy as np

class Linear:
    def __init__(self, units):
        self.units = units
        self.W = None

    def forward(self, x):
        if self.W is None:
            self.W = np.random.randn(x.shape[1], self.units)
            self.b = np.zeros(self.units)
        self.x = x
        return x @ self.W + self.b

    def backward(self, dout):
        self.dW = self.x.T @ dout
        self.db = dout.sum(axis=0)
        return dout @ self.W.T
"""


def test_weights_that_are_made_when_it_first_runs(tmp_path):
    path = tmp_path / "lazy.py"
    path.write_text(LAZY, encoding="utf-8")
    assert [its.status for its in diagnose(path).functions] == ["right"]
    path.write_text(LAZY.replace("return dout @ self.W.T", "return -dout @ self.W.T"), encoding="utf-8")
    report = diagnose(path)
    assert (report.first.line, report.first.proved) == (19, True)


def test_a_value_that_was_saved_alone_comes_alone_in_one_manner_and_in_a_tuple_in_the_other():
    context = Context()
    context.save_for_backward(3.0)
    assert (context.saved_values, context.saved_tensors) == (3.0, (3.0,))
    context.save_for_backward(3.0, 4.0)
    assert context.saved_values == context.saved_tensors == (3.0, 4.0)
