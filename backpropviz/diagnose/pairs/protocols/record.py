"""What the search for a protocol passes on: a subject, a way to call it, and the functions written around it."""

from __future__ import annotations

import ast
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True, eq=False)
class Subject:
    """A forward and a backward pass that belong together: two functions, or two methods of a class.

    Attributes:
        stem: what the layer is called. forward, backward: their definitions; without a backward pass, the forward pass
            returns the gradients besides the loss. owner: the class, if they are methods of one.
        names: what the two are called in the file: `Linear.forward`, `Linear.backward`. enter: the method that is
            called for the forward pass, where that is another one. inner: further methods that the two call.
        own: the line and the name of what is the layer's own of an inherited backward pass.
        then: the loss that has to be computed between the two, `net.loss(net.forward(X), y)`, where the backward pass
            goes on from what it keeps.
    """

    stem: str
    forward: ast.FunctionDef
    backward: ast.FunctionDef | None
    owner: ast.ClassDef | None
    names: tuple[str, ...]
    enter: str = ""
    inner: tuple[ast.FunctionDef, ...] = ()
    own: tuple[str, int] | None = None
    then: ast.FunctionDef | None = None

    @property
    def line(self) -> int:
        return self.own[1] if self.own else (self.backward or self.forward).lineno

    @property
    def said(self) -> str:
        """What it goes by in reports."""
        return self.own[0] if self.own else self.names[1]

    @property
    def passes(self) -> tuple[ast.FunctionDef, ...]:
        """Both passes with all that they call in the layer."""
        return (self.forward, *((self.backward,) if self.backward is not None else ()), *self.inner)

    @property
    def passes_back(self) -> tuple[ast.FunctionDef, ...]:
        """The backward pass with all that both call in the layer; the forward pass, where that gives the gradients."""
        return self.passes[1:] or self.passes

    def calls_back(self) -> set[str]:
        """The functions and methods that the backward pass calls, as written but for `self`."""
        calls = (node.func for its in self.passes_back for node in ast.walk(its) if isinstance(node, ast.Call))
        return {ast.unparse(its).removeprefix("self.") for its in calls}


@dataclass(frozen=True)
class Wrapped:
    """What a pair of functions around a student's stands for.

    Attributes:
        forward, backward: the student's own, by name. line: of the second. shapes: of what a layer of a class learns.
        unseen: inputs whose gradients were not found. said: how the two are called, in code. convention: how it was
            read, where that is not a matter of course. manner: how its inputs are made up (see pairs/inputs.py).
        is_sure: names say how it is called, so that what fails is the student's. only: the function that is judged,
            where others that are right are run with it.
    """

    forward: str
    backward: str
    line: int
    shapes: dict[str, tuple[int, ...]] = field(default_factory=dict)
    unseen: tuple[str, ...] = ()
    said: str = ""
    convention: str = ""
    manner: tuple[str, ...] = ()
    only: str = ""
    is_sure: bool = True


@dataclass(frozen=True, eq=False)
class Adapter:
    """Two functions around a student's, in the form that everything else works on:

        def tanh_forward(x): ... return out, cache
        def tanh_backward(dout, cache): ... return dx

    Attributes:
        text: their source. forward, backward: their names. fit: how well they did when they were tried, higher is
            better. stands_for: the student's forward pass, and what its parameters are called in the first function.
    """

    text: str
    forward: str
    backward: str
    wrapped: Wrapped
    fit: tuple[float, ...] = ()
    stands_for: tuple[Any, dict[str, str]] = field(default=(None, {}))


class NoFit(Exception):  # noqa: N818
    """No way to call a subject was found; the text says which were tried, or what is missing."""


class GoesOn(NoFit):
    """The count of its work was up before a way was found."""
