"""What a finding says: short, in the student's own spacing, with the change marked, and never empty words."""

from __future__ import annotations

import ast
from dataclasses import replace

import pytest

from backpropviz.diagnose import diagnose, kinds, render_text
from backpropviz.diagnose.hints import QUESTIONS, render_hints
from backpropviz.diagnose.spacing import marks, mended
from backpropviz.diagnose.verdict import Finding
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
