"""Searches the lines that set one gradient from another, and writes them as textbooks do."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator, Sequence
from fractions import Fraction
from typing import Any

import numpy as np

from backpropviz.code.derive import Statement, mentions
from backpropviz.code.scope import scope_of
from backpropviz.engine.graph import Node
from backpropviz.study.closed.candidates import Axes, Valued, atoms, distinct, linear, operations, products, tidy
from backpropviz.study.closed.fitting import Coefficient, Sum, sums
from backpropviz.study.closed.scenes import Scene
from backpropviz.study.closed.stretches import Stretch, set_by

_MOST_LEAVES = 8


def expressions(scenes: Sequence[Scene], stretch: Stretch) -> Iterator[list[str]]:
    """Lines that set the target from the source, the shortest first."""
    wanted = [scene.gradients[stretch.target].value for scene in scenes]
    u = Valued(stretch.source, tuple(scene.gradients[stretch.source].value for scene in scenes))
    leaves, helpers = _leaves(scenes, stretch)
    one = Valued("1", tuple(np.ones(()) for _ in scenes))
    with np.errstate(all="ignore"):
        parts = atoms(leaves)
        inner = [one, *products(leaves, parts)]
        outer = [one, *leaves]
        terms = distinct(linear(u, inner, outer, _axes(scenes[0], stretch)))
        sizes = _sizes(scenes, stretch)
        taken = {*scenes[0].trace.taken(), *(name for size in scenes[0].trace.sizes for name in size.names)}
        found: list[tuple[int, list[str]]] = []
        for factor in [u, one, *(p for p in parts if p.values[0].dtype.kind == "f")]:
            if factor.cost > 1 or any(np.any(f == 0) for f in factor.values):
                continue
            if not all(_below(f, w) for f, w in zip(factor.values, wanted)):
                continue
            rest = [w / f for w, f in zip(wanted, factor.values)]
            for total in sums(rest, inner if factor is u else terms, sizes):
                lines = _written(stretch.target, factor.code, total, taken)
                lines = [f"{n} = {c}" for n, c in helpers.items() if mentions(lines[-1], n)] + lines
                found.append((sum(operations(line.split(" = ", 1)[1]) for line in lines), lines))
    for _, lines in sorted(found, key=lambda pair: (pair[0], len(pair[1][-1]))):
        yield lines


def _below(factor: Any, wanted: Any) -> bool:
    try:
        return bool(np.broadcast_shapes(factor.shape, wanted.shape) == wanted.shape)
    except ValueError:
        return False


def _leaves(scenes: Sequence[Scene], stretch: Stretch) -> tuple[list[Valued], dict[str, str]]:
    """The forward values on the way, and what the backward lines make of values alone: masks, one-hot rows."""
    last = scenes[0].forwards[stretch.source]
    first = scenes[0].forwards[stretch.target]
    names = {node.index: _name_of(scenes[0], node) for node in scenes[0].trace.nodes}
    window = [n for n in scenes[0].trace.nodes if first.index <= n.index <= last.index and names[n.index]]
    leaves, helpers = list[Valued](), dict[str, str]()
    for node in reversed(window):
        values = tuple(scene.trace.nodes[node.index].value for scene in scenes)
        if node.value.dtype.kind in "fb" and all(scene.trace.nodes[node.index].name == node.name for scene in scenes):
            leaves.append(Valued(str(names[node.index]), values))
    for statement in stretch.between:
        code = _onehot(scenes[0], statement)
        if code and not helpers:
            helpers["onehot"] = code
            picked = tuple((scene.gradients[statement.name].value != 0).astype(float) for scene in scenes)
            leaves.insert(0, Valued("onehot", picked))
    return distinct(leaves[:_MOST_LEAVES]), helpers


def _onehot(scene: Scene, statement: Statement) -> str:
    """Ones where a backward line puts a gradient at places that an input names; "" where it does not."""
    call = ast.parse(statement.code, mode="eval").body
    if not (isinstance(call, ast.Call) and ast.unparse(call.func) == "put" and isinstance(call.args[1], ast.Subscript)):
        return ""
    named = {node.id for node in ast.walk(call.args[1]) if isinstance(node, ast.Name)}
    labels = [name for name, node in scene.trace.inputs.items() if name in named and node.value.dtype.kind in "iu"]
    if not labels:
        return ""
    places, shape = (ast.unparse(argument) for argument in call.args[1:])
    return f"put(np.ones({labels[0]}.shape), {places}, {shape})"


def _name_of(scene: Scene, node: Node) -> str | None:
    return node.name if node.name and node.name.isidentifier() else None


def _axes(scene: Scene, stretch: Stretch) -> list[Axes]:
    """The axes that something on the way is summed or averaged over."""
    found: dict[Axes, None] = {}
    first, last = scene.forwards[stretch.target].index, scene.forwards[stretch.source].index
    for node in scene.trace.nodes[first : last + 1]:
        if "axis" in node.kwargs and node.parents:
            axis, rank = node.kwargs["axis"], len(node.parents[0].shape)
            axes = (axis,) if isinstance(axis, int) else axis
            found[None if axes is None else tuple(sorted(a % rank for a in axes))] = None
    return list(found)


def _sizes(scenes: Sequence[Scene], stretch: Stretch) -> dict[str, list[int]]:
    """Sizes by the code that asks for them: the axes of the target, and how many entries a sum runs over."""
    values = [scene.gradients[stretch.target].value for scene in scenes]
    sizes = _named_sizes(scenes)
    sizes |= {f"{stretch.source}.size": [scene.gradients[stretch.source].value.size for scene in scenes]}
    of = scenes[0].forwards[stretch.target].name or ""
    if not of:
        return {}
    for axis in range(values[0].ndim):
        sizes[f"{of}.shape[{axis}]"] = [v.shape[axis] for v in values]
    for axes in _axes(scenes[0], stretch):
        if axes is not None and len(axes) > 1 and max(axes) < values[0].ndim:
            asked = " * ".join(f"{of}.shape[{axis}]" for axis in axes)
            sizes[f"({asked})"] = [int(np.prod([v.shape[axis] for axis in axes])) for v in values]
    return {code: lengths for code, lengths in sizes.items() if len(set(lengths)) > 1}


def _named_sizes(scenes: Sequence[Scene]) -> dict[str, list[int]]:
    """The sizes that derived code has names for already."""
    found = []
    for scene in scenes:
        scope = scope_of(scene.trace)
        names = [name for line in scene.listing.sizes for name in set_by(line)]
        found.append({name: int(scope[name]) for name in names if isinstance(scope.get(name), int)})
    return {name: [lengths.get(name, 0) for lengths in found] for name in found[0]}


def _written(target: str, factor: str, total: Sum, taken: set[str]) -> list[str]:
    """The sum as textbooks print it: `ivar / N * (N * dxhat - np.sum(dxhat, axis=0) - ...)`."""
    size = next((c.size for c, _ in total if c.size), "")
    lines: list[str] = []
    letter = ""
    if size.isidentifier():
        letter = size
    elif size:
        usual = "M" if "*" in size or ".size" in size else "N" if size.endswith("[0]") else "D"
        letter = next(name for name in (usual, "M", "n", "count", "how_many") if name not in taken)
        lines = [f"{letter} = {size.strip('()')}"]
    shared = total[0][0].number if len({abs(c.number) for c, _ in total}) == 1 else Fraction(1)
    front = "" if factor == "1" else factor
    if abs(shared) != 1:
        front = f"{front} * {float(abs(shared)):g}" if front else f"{float(abs(shared)):g}"
    if letter:
        front = f"{front} / {letter}" if front else f"1 / {letter}"
    scaled = [(Coefficient(c.number / abs(shared), letter if letter and not c.size else ""), t) for c, t in total]
    scaled.sort(key=lambda pair: pair[0].number < 0)
    text = ""
    for c, term in scaled:
        product = (f"{float(abs(c.number)):g} * " if abs(c.number) != 1 else "") + (f"{c.size} * " if c.size else "")
        text += f" {'-' if c.number < 0 else '+'} {product}{term.code}" if text or c.number < 0 else product + term.code
    if (inverse := re.fullmatch(r"\(1 / (\w+)\)", front)) is not None:
        return [*lines, f"{target} = {tidy(f'({text}) / {inverse[1]}')}"]
    if front == f"1 / {letter}" and letter:
        return [*lines, f"{target} = {tidy(f'({text}) / {letter}')}"]
    return [*lines, f"{target} = {tidy(f'{front} * ({text})' if front else text.strip())}"]
