"""Layers that are not the course's: held against `graphs/`, or against their own forward pass."""

from __future__ import annotations

import json
from dataclasses import replace

import numpy as np
import pytest

from backpropviz.diagnose import diagnose
from backpropviz.diagnose.pairs import inputs
from backpropviz.diagnose.runs.forms import Forms
from backpropviz.diagnose.runs.outcomes import all_right
from backpropviz.diagnose.telling.render import render_text
from tests.handed_in import report

LEAKY = """
import numpy as np

def leaky_relu_forward(x, alpha=0.1):
    out = np.where(x > 0, x, alpha * x)
    return out, (x, alpha)

def leaky_relu_backward(dout, cache):
    x, alpha = cache
    dx = dout.copy()
    dx[x < 0] *= alpha
    return dx
"""

CROSS_CORRELATION = """
import numpy as np

def slide_forward(x, w):
    HH, WW = w.shape
    out = np.zeros((x.shape[0] - HH + 1, x.shape[1] - WW + 1))
    for i in range(out.shape[0]):
        for j in range(out.shape[1]):
            out[i, j] = np.sum(x[i:i + HH, j:j + WW] * w)
    return out, (x, w)

def slide_backward(dout, cache):
    x, w = cache
    HH, WW = w.shape
    dx, dw = np.zeros_like(x), np.zeros_like(w)
    for i in range(dout.shape[0]):
        for j in range(dout.shape[1]):
            dx[i:i + HH, j:j + WW] += dout[i, j] * w
            dw += dout[i, j] * x[i:i + HH, j:j + WW]
    return dx, dw
"""

SQUARED_ERROR = """
import numpy as np

def mse_loss(pred, target):
    d = pred - target
    loss = np.sum(d ** 2) / d.shape[0]
    dpred = 2 * d / d.shape[0]
    return loss, dpred
"""

SANDWICH = """
import numpy as np

def affine_forward(x, w, b):
    return x.reshape(x.shape[0], -1) @ w + b, (x, w)

def affine_backward(dout, cache):
    x, w = cache
    dx = (dout @ w.T).reshape(x.shape)
    dw = x.reshape(x.shape[0], -1).T @ dout
    db = np.sum(dout, axis=0)
    return dx, dw, db

def relu_forward(x):
    return np.maximum(0, x), x

def relu_backward(dout, x):
    return dout * (x > 0)

def affine_relu_forward(x, w, b):
    a, fc_cache = affine_forward(x, w, b)
    out, relu_cache = relu_forward(a)
    return out, (fc_cache, relu_cache)

def affine_relu_backward(dout, cache):
    fc_cache, relu_cache = cache
    da = relu_backward(dout, relu_cache)
    return affine_backward(da, fc_cache)
"""

LINEAR = """
import numpy as np

def softmax_loss_vectorized(W, X, y, reg):
    scores = X.dot(W)
    scores -= scores.max(axis=1, keepdims=True)
    p = np.exp(scores)
    p /= p.sum(axis=1, keepdims=True)
    N = X.shape[0]
    loss = -np.log(p[np.arange(N), y]).sum() / N + 0.5 * reg * np.sum(W * W)
    p[np.arange(N), y] -= 1
    dW = X.T.dot(p) / N + reg * W
    return loss, dW
"""

GAINS = """
import numpy as np

def channel_gain_forward(z, a, c):
    return z * a[None, :, None, None] + c[None, :, None, None], (z, a)

def channel_gain_backward(do, cache):
    z, a = cache
    return do * a[None, :, None, None], (do * z).sum(axis=(0, 2, 3)), do.sum(axis=(0, 2, 3))
"""

TEMPERATURE = """
import numpy as np

def scaled_forward(logit, tau):
    return logit / tau, (logit, tau)

def scaled_backward(g, cache):
    logit, tau = cache
    return g / tau, -np.sum(g * logit) / tau ** 2
"""

MIXING = """
import numpy as np

def mixing_forward(x, w, w_out, heads=3):
    N, T, D = x.shape
    parts = (x @ w).reshape(N, T, 3, heads, D // heads).transpose(2, 0, 3, 1, 4)
    q, k, v = parts
    scores = q @ k.swapaxes(-1, -2) / np.sqrt(D // heads)
    scores = np.where(np.tri(T) == 0, -1e9, scores)
    p = np.exp(scores - scores.max(axis=-1, keepdims=True))
    p = p / p.sum(axis=-1, keepdims=True)
    y = (p @ v).transpose(0, 2, 1, 3).reshape(N, T, D)
    return y @ w_out, (x, w, w_out, q, k, v, p, y, heads)

def mixing_backward(dout, cache):
    x, w, w_out, q, k, v, p, y, heads = cache
    N, T, D = x.shape
    dw_out = y.reshape(-1, D).T @ dout.reshape(-1, D)
    dy = (dout @ w_out.T).reshape(N, T, heads, D // heads).transpose(0, 2, 1, 3)
    dp = dy @ v.swapaxes(-1, -2)
    ds = p * (dp - (dp * p).sum(axis=-1, keepdims=True)) / np.sqrt(D // heads)
    dparts = np.stack([ds @ k, ds.swapaxes(-1, -2) @ q, p.swapaxes(-1, -2) @ dy])
    dboth = dparts.transpose(1, 3, 0, 2, 4).reshape(-1, 3 * D)
    return (dboth @ w.T).reshape(x.shape), x.reshape(-1, D).T @ dboth, dw_out
"""

LEARNED_LEAK = """
import numpy as np

def leak_forward(x, a):
    positive = x > 0
    out = np.where(positive, x, a * x)
    return out, (x, a, positive)

def leak_backward(dout, cache):
    x, a, positive = cache
    dx = np.where(positive, dout, a * dout)
    da = np.sum(np.where(positive, 0, x) * dout, axis=0)
    return dx, da
"""

PRODUCT = """
import numpy as np

def product_forward(x, u, v):
    p = x @ u
    q = x @ v
    return p * q, (x, u, v, p, q)

def product_backward(dout, cache):
    x, u, v, p, q = cache
    dp, dq = dout * q, dout * p
    dx = dp @ u.T + dq @ v.T
    du = x.T @ dp
    dv = x.T @ dq
    return dx, du, dv
"""

KNOB = """
import numpy as np

def knob_forward(x, g, s):
    h = x * g
    return h / (1 + np.abs(h)) + s, {"x": x, "g": g, "h": h}

def knob_backward(dout, cache):
    dh = dout / (1 + np.abs(cache["h"])) ** 2
    ds = np.sum(dout, axis=0)
    dg = np.sum(dh * cache["x"], axis=0)
    return dh * cache["g"], dg, ds
"""

TWO_NUMBERS = """
import numpy as np

def shifted_forward(x, alpha, beta):
    s = 1 / (1 + np.exp(-(alpha * x + beta)))
    return x * s, (x, alpha, s)

def shifted_backward(dout, cache):
    x, alpha, s = cache
    dz = dout * x * s * (1 - s)
    dx = dout * s + dz * alpha
    dalpha = np.sum(dz * x)
    dbeta = np.sum(dz)
    return dx, dalpha, dbeta
"""


@pytest.mark.parametrize("text", [LEAKY, CROSS_CORRELATION, SQUARED_ERROR, SANDWICH, LINEAR, GAINS, TEMPERATURE])
def test_right_pairs_are_right(tmp_path, text):
    found = report(tmp_path, text)
    assert found.functions
    assert {function.status for function in found.functions} == {"right"}


@pytest.mark.costly
@pytest.mark.parametrize(
    ("text", "right", "wrong"),
    [
        (LEAKY, "dx[x < 0] *= alpha", "dx[x < 0] = alpha"),
        (CROSS_CORRELATION, "dw += dout", "dw = dout"),
        (SQUARED_ERROR, "dpred = 2 * d / d.shape[0]", "dpred = d / d.shape[0]"),
        (LINEAR, "p[np.arange(N), y] -= 1", "p[np.arange(N), y] = 1"),
        (LINEAR, "/ N + reg * W", "/ N + 2 * reg * W"),
        (GAINS, "(do * z).sum", "(do * do).sum"),
    ],
)
def test_the_wrong_line_is_proved(tmp_path, text, right, wrong):
    faulty = text.replace(right, wrong)
    first = report(tmp_path, faulty).first
    line = next(number for number, line in enumerate(faulty.splitlines(), 1) if wrong in line)
    assert (first.line, first.proved) == (line, True)


FAILS = {
    LEARNED_LEAK: [("dout, axis=0)", "dout, axis=3)"), ("dx = np.where(positive", "dx = np.where(above")],
    PRODUCT: [("dp, dq = dout", "dp, dg = dout")],
    KNOB: [('cache["h"]', 'cache["hh"]'), ('* cache["g"]', '* cache["gain"]')],
    TWO_NUMBERS: [("np.sum(dz * x)", "np.sum(dz * z)"), ("alpha, s = cache", "alpha, beta, s = cache")],
}


@pytest.mark.whole
@pytest.mark.parametrize(("text", "slip"), [(text, slip) for text, slips in FAILS.items() for slip in (None, *slips)])
def test_a_backward_pass_that_fails_is_not_excused_by_looking_at_less(loaded, text, slip):
    program, (pair,) = loaded(text.replace(*slip) if slip else text)
    form = Forms(program, pair).best()
    assert all_right(form.outcomes) == (slip is None)
    assert form.examination.pair.layer.wants == tuple(form.examination.cases[0][0].inputs)
    if slip is not None:  # as it is written, on rows
        assert form.examination.pair == replace(pair, layer=form.examination.pair.layer)
        assert all(case.inputs["x"].ndim == 2 for case, _ in form.examination.cases)
        assert all(outcome.failure.is_backward for outcome in form.outcomes)


def test_a_line_that_fails_does_not_hide_the_shapes_that_others_give(loaded):
    program, (pair,) = loaded(KNOB.replace('cache["h"]', 'cache["hh"]'))
    case, _ = Forms(program, pair).best().examination.cases[0]
    assert case.inputs["s"].shape == case.inputs["x"].shape[1:]  # `ds` is a sum over the rows


def test_heads_of_an_attention_are_found_without_a_long_search(tmp_path):
    namespace = {}
    exec(MIXING, namespace)
    runs = []

    def counted(x, w, w_out, heads=3):
        runs.append(x.shape)
        return namespace["mixing_forward"](x, w, w_out, heads)

    x, columns = [], []
    for its in inputs.cases(counted, {}, None, square=("w_out",))[:2]:
        x.append(its.inputs["x"].shape)
        columns.append(its.inputs["w_out"].shape)
    assert len(x) == 2  # at two sizes
    assert len(runs) < 600
    assert all(shape[-1] % 3 == 0 for shape in x)
    assert columns == [(shape[-1], shape[-1]) for shape in x]


@pytest.mark.rest
def test_weights_that_the_way_back_takes_to_be_square_are(tmp_path):
    [found] = report(tmp_path, MIXING).functions
    assert (found.status, len(found.ran)) == ("right", 3)  # the third has weights around zero
    faulty = MIXING.replace("dout @ w_out.T", "dout @ w_out")
    assert report(tmp_path, faulty).first.line == next(
        number for number, line in enumerate(faulty.splitlines(), 1) if "dout @ w_out)" in line
    )


def test_a_function_that_calls_a_wrong_one_is_not_blamed(tmp_path):
    found = report(tmp_path, SANDWICH.replace("db = np.sum(dout, axis=0)", "db = np.mean(dout, axis=0)"))
    affine, relu, sandwich = found.functions
    assert (affine.status, relu.status, sandwich.status) == ("wrong", "right", "wrong")
    assert sandwich.findings == affine.findings
    assert len(found.all_findings) == 1


def test_what_the_forward_pass_needs_from_elsewhere_is_named(tmp_path):
    text = SANDWICH.replace("def affine_forward", "from .layers import *\n\ndef _unused")
    function = report(tmp_path, text).functions[-1]
    assert function.status == "not examined"
    assert "affine_forward" in function.reason


def test_a_notebook_is_diagnosed_by_cell_and_line(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    cells = [
        ("markdown", "# Swish"),
        ("code", "%matplotlib inline\nimport numpy as np\nimport matplotlib.pyplot as plt"),
        ("code", "def swish_forward(x):\n    s = 1 / (1 + np.exp(-x))\n    return x * s, (x, s)"),
        ("code", "def swish_backward(dout, cache):\n    x, s = cache\n    dx = dout * (s + x * s)\n    return dx"),
    ]
    notebook = {"cells": [{"cell_type": kind, "source": text} for kind, text in cells], "nbformat": 4}
    path = tmp_path / "swish.ipynb"
    path.write_text(json.dumps(notebook), encoding="utf-8")
    text = render_text(diagnose(path))
    assert "swish.ipynb:cell 4:1  swish_backward  wrong" in text
    assert "swish.ipynb:cell 4:3  dx = dout * (s + x * s)" in text
    right = path.read_text(encoding="utf-8").replace("(s + x * s)", "(s + x * s * (1 - s))")
    path.write_text(right, encoding="utf-8")
    assert "swish_backward  right" in render_text(diagnose(path))


@pytest.mark.parametrize(
    ("package", "other"), [("hypothesis", "pytest_benchmark"), ("nowhere", "elsewhere")]
)  # installed, and not
def test_what_is_installed_besides_numpy_makes_no_difference(tmp_path, package, other):
    path = tmp_path / "layer.py"
    path.write_text(
        f"""
import numpy as np
import {package}.nn as nn
try:
    import {other} as xp
except ImportError:
    xp = np

class Square(nn.Module):
    @staticmethod
    def forward(ctx, x):
        ctx.save_for_backward(x)
        return xp.square(x)

    @staticmethod
    def backward(ctx, grad_output):
        (x,) = ctx.saved_tensors
        return grad_output * 2 * x

model = nn.Linear(3, 2)
""",
        encoding="utf-8",
    )
    report = diagnose(path)
    assert [(function.name, function.status) for function in report.functions] == [("Square.backward", "right")]
    assert f"not loaded, and stood in for: {package}, {package}.nn" in report.notes


def test_a_network_is_also_run_with_weights_around_zero():
    """Behind positive ones, everything is positive: a ReLU that the backward pass forgets changes nothing."""

    def network(x, w1, w2):
        return np.maximum(0, np.maximum(0, x @ w1) @ w2), (x, w1, w2)

    (its,) = (one for one in inputs.cases(network, {}, None) if one.words == "weights around zero")
    assert all(abs(np.mean(its.inputs[name])) < 1e-12 for name in ("w1", "w2"))


PENALIZED = """
import numpy as np

class Dense:
    def __init__(self, n_inputs, n_neurons, l2=0):
        self.weights = np.random.randn(n_inputs, n_neurons)
        self.l2 = l2

    def forward(self, inputs):
        self.inputs = inputs
        self.output = inputs @ self.weights

    def backward(self, dvalues):
        self.dweights = self.inputs.T @ dvalues
        if self.l2 > 0:
            self.dweights += 7 * self.l2 * self.weights
        self.dinputs = dvalues @ self.weights.T
"""


def test_a_term_on_a_condition_that_is_never_true_is_told(tmp_path):
    path = tmp_path / "dense.py"
    path.write_text(PENALIZED, encoding="utf-8")
    (function,) = diagnose(path).functions
    assert function.status == "right"
    assert "not looked at: what line 16 would add, on a condition that was never true" in function.notes


GATES_IN_ONE = """
import numpy as np
def blend_forward(x, h, W, U, b):
    H = h.shape[1]
    gx, gh = x @ W + b, h @ U
    r, z = (1 / (1 + np.exp(-(gx[:, i * H : (i + 1) * H] + gh[:, i * H : (i + 1) * H]))) for i in (0, 1))
    n = np.tanh(gx[:, 2 * H :] + r * gh[:, 2 * H :])
    return (1 - z) * n + z * h, (x, h, W, U, r, z, n, gh)
def blend_backward(dout, cache):
    x, h, W, U, r, z, n, gh = cache
    H = h.shape[1]
    dan = dout * (1 - z) * (1 - n * n)
    dar = dan * gh[:, 2 * H :] * r * (1 - r)
    daz = dout * (h - n) * z * (1 - z)
    dgx, dgh = np.hstack([dar, daz, dan]), np.hstack([dar, daz, dan * r])
    return dgx @ W.T, dout * z + dgh @ U.T, x.T @ dgx, h.T @ dgh, dgx.sum(axis=0)
"""


def test_sizes_that_run_by_broadcasting_alone_are_held_against_nobody(tmp_path):
    """Of what is left of the gates, one column was enough for the forward pass."""
    (tmp_path / "gated.py").write_text(GATES_IN_ONE, encoding="utf-8")
    assert diagnose(tmp_path / "gated.py").status == "right"


KEYED = """
import numpy as np
def shear_forward(x, w, *, gain=1.0, stride=1):
    return gain * x[:, ::stride].dot(w[::stride]), (x, w, gain, stride)
def shear_backward(dout, cache):
    x, w, gain, stride = cache
    dx, dw = np.zeros_like(x), np.zeros_like(w)
    dx[:, ::stride] = gain * dout.dot(w[::stride].T)
    dw[::stride] = gain * x[:, ::stride].T.dot(dout)
    return dx, dw
"""


@pytest.mark.parametrize("left_out", ["", "gain * dout"])
def test_settings_that_are_given_by_name_alone_are_changed_as_well(tmp_path, left_out):
    text = KEYED.replace(left_out, "dout") if left_out else KEYED
    (tmp_path / "keyed.py").write_text(text, encoding="utf-8")
    report = diagnose(tmp_path / "keyed.py")
    assert report.status == ("wrong" if left_out else "right")
    assert {"other settings", "stride 2"} <= {*report.functions[0].ran}
