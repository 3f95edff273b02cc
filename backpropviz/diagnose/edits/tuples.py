"""Slips with tuples, lists and dictionaries: what is packed, returned, or named as axes."""

from __future__ import annotations

import ast
import itertools
from collections.abc import Iterator
from typing import Any

import numpy as np

from backpropviz.diagnose.edits.tree import Proposal, Scope
from backpropviz.study.values.trees import name, number


def fits(value: Any, like: Any) -> bool:
    return bool(np.shape(value) == np.shape(like))


def tuple_swaps(node: ast.Tuple | ast.List, kind: str) -> Iterator[Proposal]:
    for i, j in itertools.combinations(range(len(node.elts)), 2):
        elements = list(node.elts)
        elements[i], elements[j] = elements[j], elements[i]
        yield type(node)(elements, node.ctx), kind, 1.0


def siblings(node: ast.Tuple | ast.List) -> Iterator[Proposal]:
    """One element as its neighbour is: `((p, p), (0, 0))` for `((p, p), (p, p))`."""
    for i, j in itertools.permutations(range(len(node.elts)), 2):
        if ast.unparse(node.elts[i]) != ast.unparse(node.elts[j]):
            elements = [*node.elts[:i], node.elts[j], *node.elts[i + 1 :]]
            yield type(node)(elements, node.ctx), "stride_pad", 1.6


def permutations(node: ast.Tuple, is_return: bool) -> Iterator[Proposal]:
    if is_return and 3 <= len(node.elts) <= 4:
        for order in itertools.permutations(range(len(node.elts))):
            yield ast.Tuple([node.elts[i] for i in order], ast.Load()), "gradient_order", 1.2
    if len(node.elts) == 1:
        yield node.elts[0], "shape_kept", 0.8


def axes(node: ast.Tuple) -> Iterator[Proposal]:
    """One more axis."""
    axes = [element.value for element in node.elts if isinstance(element, ast.Constant)]
    if node.elts and len(axes) == len(node.elts) and all(type(axis) is int for axis in axes):
        for axis in range(5):
            if axis not in axes:
                more = sorted([*axes, axis], key=str)
                yield ast.Tuple([number(n) for n in more], ast.Load()), "wrong_axis", 0.8


def of_the_batch(node: ast.Tuple, scope: Scope) -> Iterator[Proposal]:
    """The statistics of the batch where the running ones stand."""
    running = [i for i, e in enumerate(node.elts) if isinstance(e, ast.Name) and "run" in e.id and e.id in scope.arrays]
    others = [k for k in scope.arrays if "run" not in k]
    for chosen in itertools.permutations(others, len(running)) if 2 <= len(running) <= 3 else ():
        elements = list(node.elts)
        for i, other in zip(running, chosen):
            elements[i] = name(other)
        if all(fits(scope.arrays[c], scope.arrays[getattr(node.elts[i], "id", "")]) for i, c in zip(running, chosen)):
            yield ast.Tuple(elements, ast.Load()), "cache", 1.3


def handed_on(node: ast.Dict, scope: Scope) -> Iterator[Proposal]:
    """eps handed on in a dictionary of settings."""
    keys = [key.value for key in node.keys if isinstance(key, ast.Constant)]
    if "mode" not in keys or "eps" in keys:
        return
    values: list[ast.expr] = [name(own) for own in scope.eps_names]
    for holder, held in scope.others.items():
        if isinstance(held, dict) and "eps" in held:
            values.insert(0, ast.Subscript(name(holder), ast.Constant("eps"), ast.Load()))
    for value in values[:2]:
        yield ast.Dict([*node.keys, ast.Constant("eps")], [*node.values, value]), "eps", 0.8
