"""A right backward pass in closed form is named so, by counting; one that goes step by step is not."""

import ast
import json

import pytest
from typer.testing import CliRunner

from backpropviz.cli import app
from backpropviz.diagnose import diagnose
from backpropviz.study.values.trees import arithmetic

FORWARD = """import numpy as np

def {name}_forward(x, gamma, beta, {param}):
    eps = {param}.get("eps", 1e-5)
    mu = x.mean(axis={axis}{keep})
    var = x.var(axis={axis}{keep})
    ivar = 1 / np.sqrt(var + eps)
    xhat = (x - mu) * ivar
    return gamma * xhat + beta, (x, mu, xhat, ivar, gamma)

def {name}_backward(dout, cache):
    x, mu, xhat, ivar, gamma = cache
    N = dout.shape[{axis}]
    dbeta = dout.sum(axis=0)
    dgamma = (dout * xhat).sum(axis=0)
    dxhat = dout * gamma
"""
BATCHNORM = FORWARD.format(name="batchnorm", param="bn_param", axis=0, keep="")
LAYERNORM = FORWARD.format(name="layernorm", param="ln_param", axis=1, keep=", keepdims=True")
RETURN = "    return dx, dgamma, dbeta\n"
ONE_LINE = "    dx = ivar / N * (N * dxhat - dxhat.sum(axis=0) - xhat * (dxhat * xhat).sum(axis=0))\n"
BY_PARTS = """    shift = dxhat.mean(axis=1, keepdims=True)
    scale = (dxhat * xhat).mean(axis=1, keepdims=True)
    dx = ivar * (dxhat - shift - xhat * scale)
"""
FROM_DOUT = "    dx = gamma * ivar / N * (N * dout - dbeta - xhat * dgamma)\n"
STEPS = """    dvar = (dxhat * (x - mu)).sum(axis=0) * -0.5 * ivar**3
    dmu = -(dxhat * ivar).sum(axis=0)
    dx = dxhat * ivar + dvar * 2 * (x - mu) / N + dmu / N
"""
OTHERS = """import numpy as np

def softmax_loss(x, y):
    p = np.exp(x - x.max(axis=1, keepdims=True))
    p /= p.sum(axis=1, keepdims=True)
    N = x.shape[0]
    loss = -np.log(p[np.arange(N), y]).mean()
    dx = p.copy()
    dx[np.arange(N), y] -= 1
    dx /= N
    return loss, dx

def sigmoid_forward(x):
    out = 1 / (1 + np.exp(-x))
    return out, out

def sigmoid_backward(dout, cache):
    return dout * cache * (1 - cache)

def tanh_forward(x):
    out = np.tanh(x)
    return out, out

def tanh_backward(dout, cache):
    return dout * (1 - cache**2)

def unit_forward(v):
    length = np.sqrt((v**2).sum(axis=1, keepdims=True) + 1e-6)
    u = v / length
    return u, (u, length)

def unit_backward(du, cache):
    u, length = cache
    return (du - u * (du * u).sum(axis=1, keepdims=True)) / length
"""


@pytest.mark.parametrize(
    ("text", "words"),
    [
        (BATCHNORM + ONE_LINE, "9 operations from dxhat, where the chain rule takes 16 in 10 steps"),
        (BATCHNORM + FROM_DOUT, "operations from dout"),
        (LAYERNORM + BY_PARTS, "operations from dxhat"),
        (BATCHNORM + STEPS, ""),
        (BATCHNORM + ONE_LINE.replace("ivar / N", "ivar / (N - 1)"), ""),
    ],
    ids=["one line", "from dout", "by parts", "step by step", "wrong"],
)
def test_a_normalization(tmp_path, text, words):
    file = tmp_path / "norm.py"
    file.write_text(text + RETURN)
    (function,) = diagnose(file).functions
    told = " ".join(form.words for form in function.closed_forms)
    assert bool(told) == bool(words)
    assert words in told


def test_losses_and_layers_of_ones_own(tmp_path):
    file = tmp_path / "others.py"
    file.write_text(OTHERS)
    found = {function.name: function.closed_forms for function in diagnose(file).functions}
    assert [len(found[name]) for name in ("softmax_loss", "sigmoid_backward", "unit_backward")] == [1, 1, 1]
    assert found["softmax_loss"][0].operations == 2  # one from the right entries, and the division
    assert found["softmax_loss"][0].source == "the loss"
    assert found["tanh_backward"] == ()  # the chain rule has the same three


def test_as_text_and_as_a_record(tmp_path):
    file = tmp_path / "bn.py"
    file.write_text(BATCHNORM + ONE_LINE + RETURN)
    text = " ".join(CliRunner().invoke(app, ["diagnose", str(file)]).stdout.split())  # however wide the screen is
    assert "(5 configurations; dx in closed form)" in text
    record = json.loads(CliRunner().invoke(app, ["diagnose", str(file), "--json"]).stdout)
    (form,) = record["files"][0]["functions"][0]["closed_forms"]
    assert (form["gradient"], form["line"], form["operations"]) == ("dx", 17, 9)


ATTENTION = """import numpy as np

def attention_forward(x, wq, wk, wv):
    q, k, v = x @ wq, x @ wk, x @ wv
    scale = np.sqrt(wq.shape[1])
    s = q @ k.T / scale
    e = np.exp(s - s.max(axis=1, keepdims=True))
    p = e / e.sum(axis=1, keepdims=True)
    return p @ v, (x, wq, wk, wv, q, k, v, p, scale)

def attention_backward(dout, cache):
    x, wq, wk, wv, q, k, v, p, scale = cache
    dv = p.T @ dout
    dp = dout @ v.T
    ds = p * (dp - np.sum(dp * p, axis=1, keepdims=True)) / scale
    dq = ds @ k
    dk = ds.T @ q
    dx = dq @ wq.T + dk @ wk.T + dv @ wv.T
    return dx, x.T @ dq, x.T @ dk, x.T @ dv
"""


def test_the_softmax_within_an_attention(tmp_path):
    file = tmp_path / "att.py"
    file.write_text(ATTENTION)
    (function,) = diagnose(file).functions
    (form,) = function.closed_forms
    assert form.words.startswith("ds is in closed form: 5 operations from dp,")


RELU = """
import numpy as np

def relu_forward(x):
    return np.where(x > 0, x, 0), x > 0

def relu_backward(dout, cache):
    dx = np.zeros_like(dout)
    dx[cache] = dout[cache]
    return dx
"""


def test_what_only_fills_an_array_that_it_begins_is_no_operation_and_no_closed_form(tmp_path):
    assert arithmetic(ast.parse("dx = np.zeros_like(dout)")) == arithmetic(ast.parse("dx = np.ones(3)")) == 0
    assert arithmetic(ast.parse("dx = np.ones_like(dout) * 3")) == 1
    file = tmp_path / "relu.py"
    file.write_text(RELU)
    report = diagnose(file)
    assert (report.status, report.functions[0].closed_forms) == ("right", ())


CLASSES = """import numpy as np

class Softmax:
    def forward(self, x):
        e = np.exp(x - np.max(x, axis=1, keepdims=True))
        self.p = e / np.sum(e, axis=1, keepdims=True)
        return self.p

    def backward(self, dout):
        return self.p * (dout - np.sum(dout * self.p, axis=1, keepdims=True))

class SpatialNorm:
    def __init__(self, channels=3, eps=1e-5):
        self.gamma, self.beta, self.eps = np.ones(channels), np.zeros(channels), eps

    def forward(self, x):
        mu = x.mean(axis=(0, 2, 3), keepdims=True)
        self.ivar = 1 / np.sqrt(x.var(axis=(0, 2, 3), keepdims=True) + self.eps)
        self.xhat = (x - mu) * self.ivar
        return self.gamma[None, :, None, None] * self.xhat + self.beta[None, :, None, None]

    def backward(self, dout):
        axes = (0, 2, 3)
        m = dout.size / dout.shape[1]
        self.dgamma = np.sum(dout * self.xhat, axis=axes)
        self.dbeta = np.sum(dout, axis=axes)
        dxhat = dout * self.gamma[None, :, None, None]
        of_sums = dxhat.sum(axis=axes, keepdims=True) + self.xhat * np.sum(dxhat * self.xhat, axis=axes, keepdims=True)
        return self.ivar / m * (m * dxhat - of_sums)

class Step:
    def forward(self, x):
        self.out = np.tanh(x)
        return self.out

    def backward(self, dout):
        self.slope = 1 - self.out**2
        return dout * self.slope

class Kept:
    def forward(self, x):
        e = np.exp(x - np.max(x, axis=1, keepdims=True))
        self.p = e / np.sum(e, axis=1, keepdims=True)
        return self.p

    def backward(self, dout):
        self.along = dout * self.p
        self.across = self.p * np.sum(self.along, axis=1, keepdims=True)
        return self.along - self.across
"""


def test_layers_as_classes_of_ones_own(tmp_path):
    file = tmp_path / "layers.py"
    file.write_text(CLASSES)
    functions = diagnose(file).functions
    assert all(function.status == "right" for function in functions)
    found = {function.name.partition(".")[0]: [its.words for its in function.closed_forms] for function in functions}
    assert found["Softmax"][0].startswith("dx is in closed form: 4 operations from dout,")
    assert found["SpatialNorm"][0].startswith("dx is in closed form: 10 operations from dxhat,")
    assert found["Step"] == []  # as the chain rule has it
    assert found["Kept"][0].startswith("dx is in closed form: 4 operations from dout,")
