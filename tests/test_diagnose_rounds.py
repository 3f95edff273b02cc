"""A wrong line inside of a loop is named with the round in which it goes wrong first."""

import pytest

from backpropviz.diagnose import diagnose

RNN = """
import numpy as np


def rnn_forward(x, h0, Wx, Wh, b):
    N, T, D = x.shape
    h = np.zeros((N, T, h0.shape[1]))
    prev = h0
    for t in range(T):
        prev = np.tanh(x[:, t] @ Wx + prev @ Wh + b)
        h[:, t] = prev
    return h, (x, h0, Wx, Wh, b, h)


def rnn_backward(dh, cache):
    x, h0, Wx, Wh, b, h = cache
    N, T, D = x.shape
    dx, dWx, dWh, db = np.zeros_like(x), np.zeros_like(Wx), np.zeros_like(Wh), np.zeros_like(b)
    dprev = np.zeros_like(h0)
    for t in range(T - 1, -1, -1):
        dnext = dh[:, t] + dprev
        prev = h[:, t - 1] if t > 0 else h0
        da = dnext * (1 - h[:, t] ** 2)
        dx[:, t] = da @ Wx.T
        dprev = da @ Wh.T
        dWx += x[:, t].T @ da
        dWh += prev.T @ da
        db += da.sum(axis=0)
    return dx, dprev, dWx, dWh, db
"""

SUMS = """
import numpy as np


def rows_forward(x, w):
    out = np.zeros(x.shape[0])
    for i in range(x.shape[0]):
        for j in range(x.shape[1]):
            out[i] = out[i] + x[i, j] * w[j]
    return out, (x, w)


def rows_backward(dout, cache):
    x, w = cache
    dx, dw = np.zeros_like(x), np.zeros_like(w)
    for i in range(x.shape[0]):
        for j in range(x.shape[1]):
            dx[i, j] = dout[i] * w[j]
            dw[j] += dout[i] * x[i, j]
    return dx, dw
"""


def told(tmp_path, text):
    file = tmp_path / "handin.py"
    file.write_text(text, encoding="utf-8")
    report = diagnose(file)
    return [finding for function in report.functions for finding in function.findings]


def test_a_carried_gradient_that_is_not_taken_over_is_told_as_that(tmp_path):
    (finding,) = told(tmp_path, RNN.replace("dnext = dh[:, t] + dprev", "dnext = dh[:, t]"))
    assert " on (t = " in finding.evidence
    assert ": the gradient that the round before hands on is missing; " in finding.evidence


LATER = "right in round 0 (t = {last}), wrong from round 1 on (t = {then})"


@pytest.mark.costly
@pytest.mark.parametrize(("line", "by", "said"), [
    ("dnext = dh[:, t] + dprev", "dnext = dh[:, t]", LATER),
    ("dWh += prev.T @ da", "dWh = prev.T @ da", LATER),
    ("dprev = da @ Wh.T", "dprev = da @ Wh", ""),
])  # fmt: skip
def test_a_round_of_an_rnn(tmp_path, line, by, said):
    assert RNN.count(line) == 1
    (finding,) = told(tmp_path, RNN.replace(line, by))
    assert finding.proved
    assert finding.statement == by
    expected = {said.format(last=last, then=last - 1) for last in range(1, 9)}
    assert any(finding.evidence.startswith(text) for text in expected)
    assert ("round 0" in finding.evidence) == bool(said)


SCAN = """
import numpy as np


def scan_forward(x, a, b):
    T, N, D = x.shape
    s = np.zeros((T + 1, N, D))
    for t in range(T):
        s[t + 1] = np.tanh(a * s[t] + b * x[t])
    return s[1:], (x, a, b, s)


def scan_backward(dout, cache):
    x, a, b, s = cache
    dx, da, db = np.zeros_like(x), np.zeros_like(a), np.zeros_like(b)
    carry = np.zeros_like(s[0])
    for t in range(x.shape[0] - 1, -1, -1):
        ds = dout[t] + carry
        dz = ds * (1 - s[t + 1] ** 2)
        dx[t] = b * dz
        da += np.sum(dz * s[t], axis=0)
        db += np.sum(dz * x[t], axis=0)
        carry = a * dz
    return dx, da, db
"""


@pytest.mark.parametrize(
    ("line", "slip"),
    [
        ("dz = ds * (1 - s[t + 1] ** 2)", "dz = ds * (1 - s[t] ** 2)"),
        ("da += np.sum(dz * s[t], axis=0)", "da += np.sum(dz * s[t + 1], axis=0)"),
    ],
)
def test_the_state_of_the_round_before_or_after(tmp_path, line, slip):
    assert SCAN.count(line) == 1
    (finding,) = told(tmp_path, SCAN.replace(line, slip))
    assert finding.proved
    assert finding.statement == slip


def test_in_loops_within_loops_their_variables_say_where(tmp_path):
    line = "dw[j] += dout[i] * x[i, j]"
    (finding,) = told(tmp_path, SUMS.replace(line, "dw[j] = dout[i] * x[i, j]"))
    assert finding.statement == "dw[j] = dout[i] * x[i, j]"
    assert finding.evidence.startswith("right ")
    assert "times, wrong from i = 1, j = 0 on: " in finding.evidence


@pytest.mark.parametrize("text", [RNN, SUMS])
def test_right_ones_are_right(tmp_path, text):
    assert told(tmp_path, text) == []
