"""Graphs of nodes, each of which keeps a value and a gradient for every node that it is made of.

    class Linear(Node):
        def __init__(self, X, W, b):
            Node.__init__(self, [X, W, b])
        def forward(self):
            X, W, b = (n.value for n in self.inbound_nodes)
            self.value = X @ W + b
        def backward(self):
            for n in self.outbound_nodes:
                self.gradients[self.inbound_nodes[0]] += n.gradients[self] @ W.T

Both passes take nothing: what is upstream is read off the nodes that use this one, or left on it before. So a node is
made of leaves, which are given arrays, and is used twice, or has a gradient already (`=` for `+=` shows).
"""

from __future__ import annotations

import ast
from collections.abc import Iterator
from dataclasses import dataclass
from types import SimpleNamespace
from typing import Any

import numpy as np

from backpropviz.diagnose.pairs.protocols.handing import parameters
from backpropviz.diagnose.pairs.protocols.record import Adapter, Subject, Wrapped
from backpropviz.diagnose.pairs.protocols.start import free
from backpropviz.diagnose.pairs.protocols.writing import function_text
from backpropviz.diagnose.student.parameters import left_on, stored

_PARTS = 0.25, 0.75  # of the upstream gradient, that come by two ways
_THERE = 0.5  # the gradient that a node has already


@dataclass(frozen=True)
class Family:
    """How the nodes of a file are put together.

    Attributes:
        leaf: the code that makes one without a value. value, gradient: the attributes with the array, and with its
            gradient, or with those of the nodes it is made of. users: the attribute with the nodes that use one; empty
            where each leaves the gradients on the nodes it is made of. there: what these have already, where they are
            added up.
    """

    leaf: str
    value: str
    gradient: str
    users: str
    there: float = 0.0


def consumer(gradient: str, node: Any, part: Any) -> Any:
    """What uses a node, and knows a gradient of it."""
    return SimpleNamespace(**{gradient: {node: part}})


def shaped(gradient: Any, like: Any) -> Any:
    """A gradient in the shape of what a node took for as many numbers in a column: y of `y.reshape(-1, 1)`."""
    return np.reshape(gradient, np.shape(like)) if np.size(gradient) == np.size(like) else gradient


GIVEN: dict[str, Any] = {"__consumer__": consumer, "__shaped__": shaped}


def adapters(every: list[Subject], namespace: dict[str, Any]) -> Iterator[tuple[Subject, Adapter]]:
    """The functions around each node of a file, and the subject that they are for."""
    family = _family(every, namespace)
    for subject in every:
        adapter = _around(subject, family, namespace) if family is not None else None
        if adapter is not None:
            yield subject, adapter


def _is_node(subject: Subject) -> bool:
    """Whether both passes take nothing."""
    passes = (subject.forward, subject.backward)
    return subject.owner is not None and all(its is not None and not parameters(its, True) for its in passes)


def _family(every: list[Subject], namespace: dict[str, Any]) -> Family | None:
    """How nodes are put together, by what their passes read of each other; None where there are none."""
    nodes = [subject for subject in every if _is_node(subject)]
    values = [_read_of_others(its.forward) & {*stored(its.forward)} for its in nodes]
    value = next((sorted(names)[0] for names in values if names), "")
    leaf = next((its.name for its in namespace["__classes__"] if value and _is_leaf(its.name, namespace)), "")
    if not leaf:
        return None
    for subject in nodes:
        assert subject.backward is not None
        if found := _asked(subject.backward):
            return Family(f"{leaf}()", value, *found)
    passes = [its.backward for its in nodes if its.backward is not None]
    marks = left_on(passes)
    sums = [node.target for its in passes for node in ast.walk(its) if isinstance(node, ast.AugAssign)]
    are_added = any(ast.unparse(target).endswith(f".{marks[0]}") for target in sums) if marks else False
    return Family(f"{leaf}()", value, marks[0], "", _THERE * are_added) if marks else None


def _read_of_others(function: ast.FunctionDef) -> set[str]:
    """The attributes that a function reads of anything but `self`: `value` of `self.inbound_nodes[0].value`."""
    places = [node for node in ast.walk(function) if isinstance(node, ast.Attribute | ast.Name)]
    dotted = [ast.unparse(place).rpartition(".") for place in places if not isinstance(place.ctx, ast.Store)]
    return {name for holder, _, name in dotted if holder not in ("", "self", "np")}


def _is_leaf(name: str, namespace: dict[str, Any]) -> bool:
    """Whether a class is made of nothing, and is a node like others that are: they have a class in common."""
    made: Any = namespace[name]
    try:
        made()
    except Exception:  # it is made of something
        return False
    above = [its.name for its in namespace["__classes__"] if its.name != name]
    return any(issubclass(made, namespace[other]) for other in above)


def _asked(backward: ast.FunctionDef) -> tuple[str, str] | None:
    """Of `for n in self.outbound_nodes: ... n.gradients[self]`, the names of the gradients and of the nodes."""
    for loop in (node for node in ast.walk(backward) if isinstance(node, ast.For)):
        for node in ast.walk(loop):
            its = node.value if isinstance(node, ast.Subscript) and ast.unparse(node.slice) == "self" else None
            # in its syntax tree, `self.outbound_nodes` is one name
            holder, _, name = ast.unparse(its).rpartition(".") if its is not None else ("", "", "")
            users = ast.unparse(loop.iter).partition("self.")[2]
            if holder and holder == ast.unparse(loop.target) and users.isidentifier():
                return name, users
    return None


def _around(subject: Subject, family: Family, namespace: dict[str, Any]) -> Adapter | None:
    """The functions around one node; None where it is not made of nodes alone."""
    assert subject.owner is not None
    assert subject.backward is not None
    names = _made_of(subject.owner, namespace)
    if not names or not _is_node(subject):
        return None
    leaves = [f"{name}_node" for name in names]
    made = [f"{leaf} = {family.leaf}" for leaf in leaves]
    made += [f"{leaf}.{family.value} = {name}" for leaf, name in zip(leaves, names)]
    forward = [*made, f"node = {subject.owner.name}({', '.join(leaves)})", f"node.{subject.forward.name}()"]
    forward.append(f"return 1.0 * node.{family.value}, (node, {', '.join(leaves)})")
    back = [f"node, {', '.join(leaves)} = __copied__(cache)"]
    factor = ""
    if not family.users:
        back += [f"{leaf}.{family.gradient} = {family.there} + 0 * {leaf}.{family.value}" for leaf in leaves]
        back.append(f"node.{family.gradient} = dout")
    elif _asked(subject.backward):
        uses = ", ".join(f"__consumer__({family.gradient!r}, node, {part} * dout)" for part in _PARTS)
        back.append(f"node.{family.users} = [{uses}]")
    else:  # a loss, behind which there is nothing
        factor = "dout * "
    back.append(f"node.{subject.backward.name}()")
    left = f"{{}}.{family.gradient} - {family.there}" if family.there else f"{{}}.{family.gradient}"
    codes = [f"node.{family.gradient}[{leaf}]" if family.users else left.format(leaf) for leaf in leaves]
    if factor and "reshape" in ast.unparse(subject.forward):
        codes = [f"__shaped__({code}, {leaf}.{family.value})" for code, leaf in zip(codes, leaves)]
    back.append(f"return {', '.join(f'{factor}{code}' for code in codes)}")
    stem = f"{subject.stem}_node"
    text = function_text(f"{stem}_forward", names, forward) + function_text(f"{stem}_backward", ["dout", "cache"], back)
    wrapped = Wrapped(
        subject.names[0], subject.said, subject.line,
        said=f"{subject.owner.name}({', '.join(names)}).{subject.forward.name}(), then .{subject.backward.name}()",
    )  # fmt: skip
    original = getattr(namespace[subject.owner.name], subject.forward.name)
    return Adapter(text, f"{stem}_forward", f"{stem}_backward", wrapped, stands_for=(original, {}))


def _made_of(definition: ast.ClassDef, namespace: dict[str, Any]) -> list[str]:
    """What the constructor of a node calls the nodes that it is made of; empty for one that is made of none."""
    inits = [node for node in definition.body if isinstance(node, ast.FunctionDef) and node.name == "__init__"]
    return [free(name) for name, is_required in parameters(inits[0], True) if is_required] if inits else []
