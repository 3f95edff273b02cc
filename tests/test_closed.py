"""Closed forms: found by value, held against fresh runs, and refused where they are wrong by a little or by a shape."""

import pytest

from backpropviz.layers.library import load
from backpropviz.study.closed.candidates import operations
from backpropviz.study.closed.form import PROOFS, closed_form, proved

SOFTMAX = """
import numpy as np
def probabilities(x):
    e = np.exp(x - np.max(x, axis=1, keepdims=True))
    total = np.sum(e, axis=1, keepdims=True)
    p = e / total
    return p
"""
LINE = "dx = ivar / N * (N * dxhat - np.sum(dxhat, axis=0) - xhat * np.sum(dxhat * xhat, axis=0))"


TEXTBOOK = f"""
import numpy as np
def batchnorm_backward(dout, x, gamma, beta, *, eps=1e-5):
    mu = np.mean(x, axis=0)
    xmu = x - mu
    var = np.mean(xmu**2, axis=0)
    ivar = 1 / np.sqrt(var + eps)
    xhat = xmu * ivar
    dxhat = dout * gamma
    N = x.shape[0]
    {LINE}
    return dx, np.sum(dout * xhat, axis=0), np.sum(dout, axis=0)
"""


def test_batchnorm_is_what_textbooks_print():
    batchnorm = closed_form(load("batchnorm"))
    assert batchnorm.lines == ["N = x.shape[0]", LINE]
    assert batchnorm.proofs == PROOFS
    assert batchnorm.shapes > 5
    assert batchnorm.after < batchnorm.before


def test_sigmoid():
    form = closed_form(load("sigmoid"))
    assert form.lines == ["dx = dout * (1 - out) * out"]


def test_softmax_loss_is_probabilities_minus_answers():
    form = closed_form(load("softmax_loss"))
    assert form.lines[-1] == "dshifted = dout / N * (e / total - onehot)"


def test_a_function_of_the_user(tmp_path):
    path = tmp_path / "mine.py"
    path.write_text(SOFTMAX, encoding="utf-8")
    form = closed_form(load(str(path)))
    assert form.proofs == PROOFS
    assert operations(form.lines[-1].split(" = ", 1)[1]) <= 4


def test_nothing_shorter_is_no_closed_form():
    assert closed_form(load("tanh")) is None


@pytest.mark.parametrize(
    ("right", "wrong"),
    [
        ("ivar / N *", "1.001 * ivar / N *"),  # 0.1 % off
        ("N = x.shape[0]", "N = 5"),  # right for five rows only
        ("xhat * np.sum(dxhat * xhat, axis=0)", "xhat * np.sum(dxhat * xhat, axis=0) * var / (var + eps)"),
        ("ivar / N *", "1 / np.sqrt(var) / N *"),  # right as eps goes to 0
    ],
)
def test_what_is_nearly_right_is_not_proved(right, wrong):
    assert right in TEXTBOOK
    held, _ = proved(load("batchnorm"), TEXTBOOK.replace(right, wrong), {})
    assert held < PROOFS


def test_the_right_one_is():
    assert proved(load("batchnorm"), TEXTBOOK, {}, 10)[0] == 10
