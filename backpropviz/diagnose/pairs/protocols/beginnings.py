"""What is done to a layer before it first runs for good: it is told its shapes, or runs once to make what it learns."""

from __future__ import annotations

import ast
import copy
import re
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from backpropviz.diagnose.pairs.protocols.handing import required
from backpropviz.diagnose.pairs.protocols.record import Subject
from backpropviz.diagnose.pairs.protocols.start import Start
from backpropviz.diagnose.student.parameters import Parameter, held_at

_BUILD = re.compile(r"_?(build|initialize|init_(weights|params|parameters)|set_?up)")
_TELLS_SHAPE = re.compile(r"set_?(in|input)_?shape")
_LENGTH = re.compile(r"\w*(dim|size|features|units|n_in)\w*")


def built_by(subject: Subject, namespace: Mapping[str, Any], main: str) -> list[str]:
    """The call that tells a layer the shape of its input, `layer.build(x.shape)`, where it has such a method and its
    forward pass does not call it."""
    passes = "\n".join(ast.unparse(its) for its in (subject.forward, *subject.inner))
    known = {its.name: its for its in namespace["__classes__"]}
    for base in namespace[subject.owner.name].__mro__ if subject.owner is not None else ():
        for node in known[base.__name__].body if base.__name__ in known else ():
            if isinstance(node, ast.FunctionDef) and _BUILD.fullmatch(node.name) and f".{node.name}(" not in passes:
                takes = required(node, is_method=True)
                if len(takes) == 1 and "shape" in takes[0]:
                    return [f"layer.{node.name}({main}.shape)"]
                if len(takes) == 1 and _LENGTH.fullmatch(takes[0]):
                    return [f"layer.{node.name}({main}.shape[-1])"]
                if len(takes) == 1 and "optim" in takes[0]:
                    told = [f"layer.{name}({main}.shape[1:])" for name in dir(namespace[subject.owner.name])
                            if _TELLS_SHAPE.fullmatch(name)] if subject.owner is not None else []  # fmt: skip
                    return [*told, f"layer.{node.name}(__optimizer__())"]
    return []


class Optimizer:
    """Whatever it is called, it takes a step as long as the gradient."""

    def __getattr__(self, name: str) -> Callable[..., Any]:
        if name.startswith("__"):
            raise AttributeError(name)
        return lambda parameter, gradient, *_: parameter - gradient


def warming(ran: Any, run: str, known: Mapping[str, Any]) -> str:
    """The line that runs a layer once, so that it makes what it learns; without what it piles up with every run.

    Args:
        ran: a layer that ran once. run: the call. known: all that the call names.
    """
    twin = copy.deepcopy(ran)
    exec(run, {**known, "layer": twin})
    grows = any(len(two) > len(one) for one, two in zip(_lists(ran), _lists(twin)))
    return f"__warmed__(layer, lambda layer: {run})" if grows else run


def warmed(layer: Any, run: Callable[[Any], Any]) -> None:
    """Run a layer once; from the lists that grow with every run, what this one added is taken away."""
    run(layer)
    twin = copy.deepcopy(layer)
    run(twin)
    for one, two in zip(_lists(layer), _lists(twin)):
        if len(two) > len(one):
            del one[2 * len(one) - len(two) :]


def _lists(layer: Any) -> Iterator[list[Any]]:
    """The lists that a layer holds, in attributes and in dictionaries."""
    for value in vars(layer).values():
        yield from (its for its in (value.values() if isinstance(value, dict) else [value]) if isinstance(its, list))


def lasting(made: dict[str, Parameter], known: dict[str, Any], lines: list[str], start: Start) -> dict[str, Parameter]:
    """What a layer made when it first ran, and keeps when it runs on other inputs: what it computes is made anew."""
    before = {name: held_at(known["layer"], its.path) for name, its in made.items()}
    known |= {name: value * 1.5 for name, value in start.values.items() if value.dtype.kind == "f"}
    exec("\n".join([line for line in lines if not line.startswith("layer = ")] + [start.run]), known)
    return {name: its for name, its in made.items() if held_at(known["layer"], its.path) is before[name]}


GIVEN: dict[str, Any] = {"__warmed__": warmed, "__optimizer__": Optimizer}
