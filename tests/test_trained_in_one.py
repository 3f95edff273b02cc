"""Loops that go forward and back and take the steps in one place are told, with how they can be examined."""

from __future__ import annotations

import ast

import pytest

from backpropviz.diagnose import diagnose
from backpropviz.diagnose.whole_file import trained_in_one

LOOP = """
for i in range(9):
    h = np.tanh(X @ w1)
    delta = h @ w2 - y
    w2 {step} rate * h.T @ delta
    w1 {step} rate * X.T @ (delta @ w2.T * (1 - h**2))
"""
FIT = "class Net:\n    def fit(self, X, y, w1, w2, rate=0.1):" + LOOP.replace("\n", "\n        ")


@pytest.mark.parametrize("step", ["-=", "= w2 -"])
def test_a_loop_at_the_top_is_told_with_its_line(step):
    loop = LOOP.replace("w1 {step}", "w1 = w1 -").replace("{step}", step)
    assert "the loop in line 2, which goes forward and back in one loop" in trained_in_one(ast.parse(loop), ())


def test_a_method_is_told_unless_it_was_examined():
    tree = ast.parse(FIT.replace("{step}", "-="))
    assert trained_in_one(tree, ()).startswith("not looked at: Net.fit, ")
    assert trained_in_one(tree, {"Net.fit"}) == ""


@pytest.mark.parametrize("loop", ["for w in ws:\n    w -= rate * g\n    b -= rate * g", "while True:\n    y = x @ w"])
def test_steps_alone_and_products_alone_are_no_training(loop):
    assert trained_in_one(ast.parse(loop), ()) == ""


def test_the_report_has_the_note(tmp_path):
    path = tmp_path / "net.py"
    path.write_text(FIT.replace("{step}", "-="), encoding="utf-8")
    (note,) = diagnose(path).notes
    assert "train_step(X, y)" in note
