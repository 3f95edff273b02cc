"""What a finding says: short, in the student's own spacing, with the change marked, and never empty words."""

from __future__ import annotations

import ast
from dataclasses import replace

import numpy as np
import pytest

from backpropviz.diagnose import diagnose, render_text
from backpropviz.diagnose.asked import only
from backpropviz.diagnose.runs.outcomes import Cell
from backpropviz.diagnose.telling import kinds
from backpropviz.diagnose.telling.hints import QUESTIONS, render_hints
from backpropviz.diagnose.telling.spacing import marks, mended
from backpropviz.diagnose.telling.words import cell_difference, guessed_kind
from backpropviz.diagnose.verdict import FileReport, Finding, FunctionReport
from tests import diagnose_figures as figures

NOTHING_AMISS = Finding(
    "a.py", 3, "f", "dx = dout", "sign", "dx is -1 times the right value", "the sign is wrong", "dx = -dout"
)
AMISS = {
    "words": {"meaning": "and so on " * 60},
    "no reason": {"meaning": " "},
    "the same number twice": {"evidence": "dx is 1.5 to 1.5 times the right value"},
    "names of ours: {'__pad__'}": {"expected": "dx = dout[__pad__:]"},
}

SPACINGS = [
    ("dx=1./N*np.sum( dout,axis=0)", "dx=1./N*np.sum(dout,axis=1)", "dx=1./N*np.sum( dout,axis=1)"),
    ("dv = 0.5 * 1. / np.sqrt(v) * d", "dv = 0.5*1./np.sqrt(v+eps)*d", "dv = 0.5 * 1. / np.sqrt(v + eps) * d"),
    ("dx = dy @ w.T  / len(x)", "dx = dy @ w.T", "dx = dy @ w.T"),
    ("return 7*dout*self.x", "return 2*dout*self.x", "return 2*dout*self.x"),
    ("for t in range( T ):", "for t in reversed(range(T)):", "for t in reversed(range( T )):"),
    ('p = d["a"] + (q)', "p = d['a'] + q * 2", 'p = d["a"] + q * 2'),
    ("return dx,dw,db", "return dw,dx,db", "return dw, dx,db"),
]


def test_words_that_are_amiss_are_seen():
    assert figures.troubles(NOTHING_AMISS, "dx = dout") == []
    for what, change in AMISS.items():
        assert [what in told for told in figures.troubles(replace(NOTHING_AMISS, **change), "dx = dout")] == [True]
    assert figures.troubles(replace(NOTHING_AMISS, expected="x = __pad__"), "x = __pad__ + 1") == []


def printed(text: str) -> str:
    return ast.unparse(ast.parse(f"{text} pass" if text.endswith(":") else text)).split("\n")[0]


@pytest.mark.parametrize(("original", "new", "wanted"), SPACINGS)
def test_a_mended_line_keeps_the_spacing_of_the_student(original, new, wanted):
    assert mended(original, printed(original), printed(new)) == wanted


@pytest.mark.parametrize(
    ("before", "after", "signs"),
    [("dx = a * b", "dx = a + b", "+"), ("dx = sqrt(v)", "dx = sqrt(v + eps)", "+ eps"), ("y = a / b", "y = a", "a")],
)
def test_what_is_new_in_a_line_is_marked(before, after, signs):
    assert [after[a:b] for a, b in marks(before, after)] == [signs]


CONV = """
import numpy as np

def conv_forward_naive(x, w, b, conv_param):
    s, p = conv_param["stride"], conv_param["pad"]
    N, C, H, W = x.shape
    F, _, HH, WW = w.shape
    Ho, Wo = H // s, W // s
    xp = np.pad(x, ((0, 0), (0, 0), (p, p), (p, p)))
    out = np.zeros((N, F, Ho, Wo))
    for i in range(Ho):
        for j in range(Wo):
            window = xp[:, None, :, i * s:i * s + HH, j * s:j * s + WW]
            out[:, :, i, j] = np.sum(window * w, axis=(2, 3, 4)) + b
    return out, (x, w, b, conv_param)
"""
RELU = """
import numpy as np

def relu_forward(x):
    return np.maximum(x,0), x

def relu_backward(dout, cache):
    dx = dout
    dx[cache <= 0] = 0
    return dx
"""

SINGLE = """
import numpy as np

def affine_forward(x, w, b):
    return x.reshape(x.shape[0], -1).dot(w) + b, (np.float32(x), w, b)

def affine_backward(dout, cache):
    x, w, b = cache
    dw = x.reshape(x.shape[0], -1).T.dot(dout)
    return dout.dot(w.T).reshape(x.shape), dw, dout.sum(axis=0)
"""


def first(folder, text):
    path = folder / "layers.py"
    path.write_text(text, encoding="utf-8")
    return diagnose(path)


def test_a_wrong_size_is_blamed_where_it_is_computed(tmp_path):
    found = first(tmp_path, CONV).first
    assert found is not None
    assert (found.statement, found.kind, found.proved) == ("Ho, Wo = H // s, W // s", "wrong_size", True)
    assert "where" in found.evidence


def test_an_array_changed_in_place_is_mild(tmp_path):
    report = first(tmp_path, RELU)
    (function,) = report.functions
    (finding,) = function.findings
    assert (finding.kind, function.score) == ("input_changed", 1.0)
    assert "relu_backward  results right in 3 of 3 configurations, but:" in render_text(report)


def test_single_precision_is_mild(tmp_path):
    text = render_text(first(tmp_path, SINGLE))
    assert "affine_backward  results right in 3 of 3 configurations, but:" in text
    assert "in single precision" in text


@pytest.mark.parametrize("text", [CONV, RELU])
def test_a_finding_has_at_most_160_words_and_no_empty_ones(tmp_path, text):
    report = first(tmp_path, text)
    for finding in report.all_findings:
        assert finding.evidence
        assert finding.meaning
        assert len(render_text(report).split()) <= 160 * len(report.all_findings)


def test_hints_are_a_question_then_where_then_what(tmp_path):
    report = first(tmp_path, CONV)
    question, where, what = (render_hints(report, level) for level in (1, 2, 3))
    assert "How many windows fit?" in question
    assert "layers.py:8" not in question
    assert "layers.py:8  Ho, Wo = H // s, W // s" in where
    assert "expected" not in where
    assert what == render_text(report)


def test_every_question_is_about_a_kind():
    assert QUESTIONS.keys() <= kinds.WORDS.keys()


POOL = """
import numpy as np

def max_pool_forward(x, pool_param):
    ph, pw, s = pool_param["pool_height"], pool_param["pool_width"], pool_param["stride"]
    N, C, H, W = x.shape
    Ho, Wo = 1 + (H - ph) // s, 1 + (W - pw) // s
    out = np.zeros((N, C, Ho, Wo))
    for i in range(Ho):
        for j in range(Wo):
            top = {i}
            left = {j}
            out[:, :, i, j] = x[:, :, top:top + ph, left:left + pw].max(axis=(2, 3))
    return out, (x, pool_param)
"""
NET = """
import numpy as np

class Net:
    def __init__(self, inputs, hidden, outputs):
        self.params = {{"W1": 0.1 * np.random.randn(inputs, hidden), "W2": 0.1 * np.random.randn(hidden, outputs)}}

    def loss(self, X, y, reg=0.0):
        W1, W2 = self.params["W1"], self.params["W2"]
        h = np.maximum(0, X.dot(W1))
        scores = h.dot(W2)
        p = np.exp(scores - scores.max(axis=1, keepdims=True))
        p /= p.sum(axis=1, keepdims=True)
        N = X.shape[0]
        loss = -np.log(p[np.arange(N), y]).mean() + reg * (np.sum(W1 * W1) + np.sum(W2 * W2))
        p[np.arange(N), y] -= 1
        p /= N
        dh = p.dot(W2.T) * (h > 0)
        grads = {{"W1": X.T.dot(dh) + 2 * reg * W1, "W2": h.T.dot(p) + {factor} * W2}}
        return loss, grads
"""


@pytest.mark.parametrize(("i", "j", "wanted"), [("i", "j * s", "top = i * s"), ("i * s", "j", "left = j * s")])
def test_the_line_that_makes_a_position_is_mended_not_its_uses(tmp_path, i, j, wanted):
    found = first(tmp_path, POOL.format(i=i, j=j)).first
    assert found is not None
    assert (found.expected, found.kind, found.proved) == (wanted, "stride_pad", True)


@pytest.mark.parametrize(("factor", "is_right"), [("2 * reg", True), ("reg", False)])
def test_a_loss_is_also_looked_at_with_a_regularization(tmp_path, factor, is_right):
    path = tmp_path / "net.py"
    path.write_text(NET.format(factor=factor), encoding="utf-8")
    (report,) = diagnose(path).functions
    assert report.looked_at == ("out", "dW1", "dW2")
    assert (report.status == "right") == is_right


def test_of_many_consequences_five_are_named(tmp_path):
    report = first(tmp_path, POOL.format(i="i", j="j * s"))
    (function,) = report.functions
    names = tuple("abcdefg")
    many = replace(report, functions=(replace(function, findings=(replace(function.findings[0], cascade=names),)),))
    text = " ".join(render_text(many).split())
    assert "a, b, c, d, e and 2 more are wrong only because of this line." in text


def test_a_plus_for_a_minus_within_a_factor_is_not_told_as_the_sign_of_the_whole():
    """`out * (1 + out)` for `out * (1 - out)` is no multiple by -1."""
    assert kinds.WORDS["sign"].startswith("a plus stands where a minus belongs")


def test_who_was_asked_for_a_layer_and_has_none_is_not_told_of_others():
    (its,) = only(FileReport("a.py"), "batchnorm").functions
    assert its.reason == "no function of it was held against batchnorm"
    another = FunctionReport("f_backward", "affine", 1, "right")
    (its,) = only(FileReport("a.py", (another,)), "batchnorm").functions
    assert its.reason == "no function of it was held against batchnorm; it was read as affine"


def test_a_kind_is_what_differs_and_no_word_in_a_name():
    """A gradient called dkept, or dmissing, is no dropout and no path."""
    cell = Cell(False, np.ones(3), np.array([1.0, 1.0, 2.0]))
    told = [cell_difference(name, cell, {}) for name in ("dkept", "dmissing")]
    assert [guessed_kind([its]) for its in told] == ["wrong_value", "wrong_value"]
    halved = cell_difference("dx", Cell(False, np.ones(3), np.full(3, 2.0)), {})
    assert (halved.words, guessed_kind([*told, halved])) == (
        "dx is 0.5 times the right value in every entry",
        "constant_factor",
    )
