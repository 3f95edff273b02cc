"""What is not written yet, a template's `out = None`, `dx = ...`, `pass` or `raise`; and what fails because of it."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING

import numpy as np

from backpropviz.diagnose.runs.matching import describe
from backpropviz.diagnose.student.loading import Student
from backpropviz.diagnose.student.program import Program
from backpropviz.diagnose.student.recorder import Statement, targets
from backpropviz.diagnose.telling import kinds
from backpropviz.diagnose.verdict import Finding
from backpropviz.study.values.trees import elements, names_in

if TYPE_CHECKING:
    from backpropviz.diagnose.runs.outcomes import Failure, Outcome


_OF_TENSORS = {"torch", "tensorflow", "jax", "cupy", "mxnet"}
"""Modules whose arrays have methods that NumPy's have not."""


def missing(error: Exception, student: Student) -> str:
    """What an exception says was needed of a module that is not here: a name, a method of its arrays, or nothing."""
    if isinstance(error, NameError) and student.star_imports and error.name:
        return str(error.name)
    holders = sorted(_OF_TENSORS & {name.partition(".")[0] for name in student.missing})
    if holders and isinstance(error, AttributeError) and isinstance(error.obj, np.ndarray | np.generic):
        return f"the method {error.name} of {holders[0]}'s arrays"
    return ""


def gap(program: Program, function: str) -> Statement | None:
    """The first statement that raises, passes or assigns nothing yet; None where there is no such."""
    found = program.statements(function)
    return next((s for s in found if isinstance(s.node, ast.Pass | ast.Raise) or is_blank(s.node)), None)


def is_blank(node: ast.stmt) -> bool:
    """Whether a statement assigns or returns what stands for nothing yet: None, or `...`."""
    value = getattr(node, "value", None) if isinstance(node, ast.Assign | ast.AugAssign | ast.Return) else None
    parts = elements(value)
    return all(isinstance(part, ast.Constant) and part.value in (None, Ellipsis) for part in parts)


def is_untouched(program: Program, failure: Failure) -> bool:
    """Whether an exception only says that something was left to be written: None or `...` is used that stands in for a
    result, or a name that a branch with nothing but `pass` was to assign."""
    if failure.function not in program.definitions:
        return False
    statements = program.statements(failure.function)
    failed = [s for s in statements if s.line <= failure.line <= (s.node.end_lineno or s.line)]
    if failed and isinstance(failed[-1].node, ast.AugAssign) and is_blank(failed[-1].node):
        return True
    if any(words in failure.message for words in ("NoneType", "ellipsis", "object arrays")):
        if not failed:  # the line is not known: of the judge
            return any(is_blank(s.node) for s in statements)
        before = [s for s in statements if s.index < failed[-1].index and is_blank(s.node)]
        read = names_in(failed[-1].node)
        return bool(read & {name for s in before for name in targets(s.node)})
    return failure.type == "UnboundLocalError" and any(isinstance(s.node, ast.Pass) for s in statements)


def unfinished(program: Program, function: str, outcome: Outcome | None = None) -> Finding:
    """The finding on a function that is not finished: where its gap is, and what is right all the same."""
    found = program.statements(function)
    where = gap(program, function) or found[-1]
    cells = outcome.cells if outcome is not None else {}
    right = [name for name, cell in cells.items() if cell.ok and " " not in name and name.startswith("d")]
    left = [name for name, cell in cells.items() if cell.trouble == "None"]
    wrong = [
        f"{name} {describe(cell.got, cell.want, {}).words}" for name, cell in cells.items()
        if not cell.ok and cell.got is not None and " " not in name and name.startswith("d")
    ]  # fmt: skip
    evidence = "there is no result yet"
    if not any(isinstance(s.node, ast.Return | ast.Raise) for s in found):
        evidence = "nothing is returned"
    elif right and left:
        evidence = (
            f"there is no {', '.join(left)} yet, and {', '.join(right)} {'are' if len(right) > 1 else 'is'} right"
        )
    evidence = "; ".join([*wrong, evidence])
    return Finding(
        program.student.path.name, where.line, function, where.text, "not_finished", evidence,
        kinds.WORDS["not_finished"], "", True,
    )  # fmt: skip
