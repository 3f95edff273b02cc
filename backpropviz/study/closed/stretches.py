"""Stretches of a backward pass: from one gradient to another that every path to it passes."""

from __future__ import annotations

import ast
import itertools
import re
from collections.abc import Sequence
from dataclasses import dataclass

from backpropviz.code.derive import Statement, mentions
from backpropviz.engine.graph import Node
from backpropviz.study.closed.candidates import operations
from backpropviz.study.closed.scenes import Scene

_TURNED = re.compile(r"\w+\.(reshape|transpose)\(.*\)$")  # a line that only gives entries other places


@dataclass(frozen=True, eq=False)
class Stretch:
    """From one gradient to another that every path to it passes; both by name."""

    source: str
    target: str
    between: list[Statement]


def stretches_of(scene: Scene) -> list[Stretch]:
    """The longest first: what they could save is most."""
    found = []
    code = {statement.name: statement for statement in scene.listing.backward}
    for target, source in itertools.product(code, scene.gradients):
        if target != source and target in scene.forwards and source in scene.forwards:
            between = _between(scene, scene.gradients[source], scene.gradients[target])
            turned = any(_TURNED.match(s.code) for s in between if s.name == target or mentions(s.code, source))
            if between and count_of(between) > 3 and not turned:
                found.append(Stretch(source, target, between))
    return sorted(found, key=lambda stretch: -count_of(stretch.between))


def _between(scene: Scene, source: Node, target: Node) -> list[Statement]:
    """The statements from source to target; none where some path to it passes source by."""
    red, upstream = set(scene.trace.red.nodes), set(scene.trace.upstream.values())
    seen, waiting, passed = {target}, [target], False
    while waiting:
        for parent in waiting.pop().parents:
            if parent is source:
                passed = True
            elif parent in upstream:
                return []
            elif parent in red and parent not in seen:
                seen.add(parent)
                waiting.append(parent)
    return [s for s in scene.listing.backward if s.node in seen] if passed else []


def count_of(statements: Sequence[Statement]) -> int:
    return sum(operations(statement.code) for statement in statements)


def set_by(line: str) -> list[str]:
    return [
        node.id for node in ast.walk(ast.parse(line)) if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store)
    ]
