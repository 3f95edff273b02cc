"""A backward pass as an assertion: for pytest, and for the test cells of nbgrader and otter."""

from __future__ import annotations

from backpropviz.classroom.words import output
from backpropviz.diagnose.objects import Code, diagnose_objects
from backpropviz.diagnose.verdict import LATE, RIGHT, UNKNOWN
from backpropviz.errors import LayerError


def check(backward: Code, forward: Code | None = None, *, seconds: float = 60.0, python2: bool = False) -> None:
    """Assert that a backward pass written by hand is right.

        def test_batchnorm():
            bp.check(batchnorm_backward)

    Args:
        backward: a function, or a class with both passes as methods.
        forward: its forward pass, where the names do not say which it is.
        seconds: the most that it may take. python2: read the text as Python 2.

    Raises:
        AssertionError: it is wrong, or not finished; the text names the first wrong line and what is wrong with it.
        LayerError: it could not be looked at; the text says why. That is no verdict on it.
    """
    report = diagnose_objects(backward, forward, seconds=seconds, python2=python2)
    problems = [*(finding.evidence for finding in report.findings)]
    judged = [its for its in report.functions if its.status not in (UNKNOWN, LATE)]
    problems += [output(its) for its in judged if its.status != RIGHT]
    if problems:
        raise AssertionError("\n\n".join(problems))
    if not judged:
        reasons = [its.reason for its in report.functions if its.reason] or list(report.notes)
        seen = f"{backward.__name__} was not examined" + (f": {reasons[0]}" if reasons else "")
        raise LayerError(seen, fix="Name the forward pass that it belongs to: bp.check(backward, forward).")
