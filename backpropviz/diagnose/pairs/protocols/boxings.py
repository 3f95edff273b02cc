"""What the arguments of a forward pass may be put into: an object that has them and their gradients."""

from __future__ import annotations

import ast
from typing import Any

from backpropviz.diagnose.pairs.protocols.boxes import Box, boxes, read_on
from backpropviz.diagnose.pairs.protocols.handing import parameters
from backpropviz.diagnose.pairs.protocols.names import TARGET, roles
from backpropviz.diagnose.pairs.protocols.record import Subject
from backpropviz.diagnose.student.parameters import left_on

Boxed = tuple[Box | None, tuple[str, ...]]
"""What arguments are put into, and which of them; also which attributes of the layer hold such objects."""
PLAIN: Boxed = (None, ())


def boxings(subject: Subject, takes: list[str], namespace: dict[str, Any]) -> list[Boxed]:
    """What the arguments of a forward pass may be put into, the likeliest first. Where the backward pass is handed
    nothing, gradients come another way than as arguments."""
    ways: list[Boxed] = []
    is_read = False
    bare = subject.backward is not None and not parameters(subject.backward, subject.owner is not None)
    passes: list[ast.AST] = [*subject.passes]
    if bare and not left_on(passes):  # a network calls its layers, which do it
        passes += namespace.get("__classes__", [])
    for box in boxes(passes, namespace):
        every = {name for function in subject.passes for name in read_on(function, box)} if box.data else {*takes[:0]}
        read = every & {*takes}
        is_read |= bool(read)
        names = [name for name in takes if name in read or (not read and TARGET not in roles(name))]
        ways.append((box, (*names, *sorted(every - read))))
    is_left = bare or (subject.owner is None and any(not box.data for box, _ in ways if box is not None))
    return [*ways, PLAIN] if is_read or is_left else [PLAIN, *ways]
