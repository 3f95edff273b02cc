"""A softmax whose backward pass hands on what arrives, and the loss whose backward pass is that of both together.

`SoftMax.backward` returns what it is given, `NLL.backward` gives `Ypred - Y`: neither is right alone, and both are
together. So they are run together, and what is wrong is the loss's.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator, Sequence
from typing import Any

from backpropviz.diagnose.pairs.protocols.handing import parameters, required
from backpropviz.diagnose.pairs.protocols.names import TARGET, roles
from backpropviz.diagnose.pairs.protocols.record import Subject


def candidates(subjects: Sequence[Subject]) -> Iterator[tuple[Subject, Subject]]:
    """Layers that hand on what arrives though they do not hand on what comes in, each with a loss after it."""
    losses = [its for its in subjects if _is_loss(its)]
    for layer in filter(_hands_on, subjects):
        yield from ((layer, loss) for loss in losses)


def together(layer: Subject, loss: Subject, namespace: dict[str, Any]) -> tuple[Subject, str]:
    """Both as one subject, and the text of the class that it is."""
    assert layer.owner is not None
    assert loss.owner is not None
    assert loss.backward is not None
    inner, outer = layer.owner.name, loss.owner.name
    name = f"{inner}_{outer}"
    (scores, _), (_, (target, _)) = parameters(layer.forward, True)[0], parameters(loss.forward, True)[:2]
    text = (
        f"class {name}:\n"
        f"    def __init__(self):\n"
        f"        self.layer, self.loss = {inner}(), {outer}()\n"
        f"    def forward(self, {scores}, {target}):\n"
        f"        return self.loss.{loss.forward.name}(self.layer.{layer.forward.name}({scores}), {target})\n"
        f"    def backward(self):\n"
        f"        return self.layer.{layer.names[1].partition('.')[2]}(self.loss.{loss.backward.name}())\n\n"
    )
    exec(compile(text, "<both together>", "exec"), namespace)
    (definition,) = ast.parse(text).body
    assert isinstance(definition, ast.ClassDef)
    _, forward, backward = definition.body
    assert isinstance(forward, ast.FunctionDef)
    assert isinstance(backward, ast.FunctionDef)
    own = loss.names[1], loss.backward.lineno
    passes = (f"{outer}.{loss.forward.name}", f"{outer}.backward")
    return Subject(loss.stem, forward, backward, definition, passes, inner=loss.passes, own=own), text


def said(layer: Subject, loss: Subject) -> str:
    """The convention, in words."""
    return f"read as: {layer.said} hands on what arrives, and {loss.said} gives the gradient of both together"


def _hands_on(subject: Subject) -> bool:
    """Its backward pass returns what it is given, though its forward pass takes an exponential of what comes in."""
    if subject.owner is None or subject.backward is None or len(parameters(subject.forward, True)) != 1:
        return False
    *_, last = subject.backward.body
    given = [name for name, _ in parameters(subject.backward, True)]
    names = {getattr(node, "attr", getattr(node, "id", "")) for node in ast.walk(subject.forward)}
    returned = last.value if isinstance(last, ast.Return) else None
    return isinstance(returned, ast.Name) and given[:1] == [returned.id] and any("exp" in name for name in names)


def _is_loss(subject: Subject) -> bool:
    """It takes predictions and targets, and its backward pass needs nothing that arrives."""
    if subject.owner is None or subject.backward is None:
        return False
    takes = required(subject.forward, is_method=True)
    asked = required(subject.backward, is_method=True)
    return len(takes) == 2 and TARGET in roles(takes[1]) and not asked
