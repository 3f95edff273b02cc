"""Lines that never run: what comes out right where nothing was done.

`for layer in self.layers: x = layer.forward(x)` hands its input on as it is where there are no layers, and the gradient
likewise. Both are right, and nothing was looked at. So it is with `if self.l2 > 0: self.dW += ...` where l2 is 0.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator

from backpropviz.diagnose.runs.examine import Examination
from backpropviz.diagnose.runs.scene import recorded
from backpropviz.diagnose.student.program import Program
from backpropviz.diagnose.student.recorder import Statement, targets
from backpropviz.study.values.trees import names_in


def idle(program: Program, examination: Examination) -> Statement | None:
    """The line of a forward pass that hands values through layers, and never ran; None where there is no such line."""
    pair = examination.pair
    its = program.student.wrapped.get(pair.forward)
    forward = its.forward if its is not None else pair.forward
    if forward not in program.definitions:
        return None
    return next(iter(_never_run(examination, list(_handing_through(program.statements(forward))))), None)


def terms_left_out(program: Program, examination: Examination) -> list[Statement]:
    """The lines of a backward pass that add a term on some condition, and never ran: those of a strength that is 0."""
    its = program.student.wrapped.get(examination.pair.backward or "")
    backward = its.backward if its is not None else examination.pair.backward
    if backward not in program.definitions:
        return []
    statements = program.statements(backward)
    inside = {id(node) for its in statements if isinstance(its.node, ast.If) for node in ast.walk(its.node)}
    adding = [its for its in statements if isinstance(its.node, ast.AugAssign) and isinstance(its.node.op, ast.Add)]
    return _never_run(examination, [its for its in adding if id(its.node) in inside])


def _never_run(examination: Examination, lines: list[Statement]) -> list[Statement]:
    """Those of the lines that no case reaches; without cases none is known."""
    if not lines or not examination.cases:
        return []
    visits = [recorded(examination, *its).record.visits for its in examination.cases]
    ran = {key[:2] for seen in visits for key in seen}
    return [line for line in lines if line.key not in ran]


def _handing_through(statements: list[Statement]) -> Iterator[Statement]:
    """`x = layer(x)`, `x = layer.forward(x)`, `x = self.layers[i].forward(x)`, where the loop around it says which."""
    for loop in statements:
        if not isinstance(loop.node, ast.For):
            continue
        chosen = names_in(loop.node.target)
        inside = {id(node) for node in ast.walk(loop.node)}
        for statement in statements:
            call = getattr(statement.node, "value", None)
            if id(statement.node) in inside and isinstance(call, ast.Call):
                names = names_in(call.func)
                handed = {n.id for part in call.args for n in ast.walk(part) if isinstance(n, ast.Name)}
                if names & chosen and handed & {*targets(statement.node)}:
                    yield statement
