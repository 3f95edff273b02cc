"""Dictionaries and lists of parameters that loops go through: code reads `params[k]` and hands back `dparams[k]`.

A run has an input for each array in them, `params_W1` and `params_b1`. Where every round of a loop reads another one,
by what it counts with or goes through, one place stands for all: the entry of that round.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from backpropviz.code.listing import Listing
from backpropviz.code.past import Reads
from backpropviz.code.placed import Placed
from backpropviz.code.places import Body, LoopItem
from backpropviz.engine.graph import Node, Round
from backpropviz.engine.holders import Flat, is_users_object
from backpropviz.engine.named import plain
from backpropviz.engine.trace import Trace

Path = tuple[Any, ...]


@dataclass(eq=False)
class Entry:
    """What a place reads of a dictionary or list, one entry a round.

    Attributes:
        root: what holds the entries.
        parts: how each step of the way to an entry is written, or the loop that counts it.
        called: what the loop itself calls the entry, `W` of `for W in Ws`; empty if it looks it up.
        alone: whether nothing else reads these entries, and no other round.
    """

    root: str
    parts: list[str | LoopItem]
    called: str
    alone: bool = True


class Shelves:
    """What of a trace's inputs stands in dictionaries and lists.

    Attributes:
        spots: for each such input, the name of what holds it, and the way to it. roots: what holds them, by name.
        objects: what a root is called in the source, `self.Ws`.
    """

    def __init__(self, trace: Trace):
        self.spots: dict[Node, tuple[str, Path]] = {}
        self.roots: dict[str, Any] = {}
        self.objects: dict[str, str] = {}
        function = trace.callable
        for name, place in function.places.items() if isinstance(function, Flat) else ():
            value, at, root = function.holders[place.parameter], 0, place.parameter
            written = root
            while is_users_object(value) and at < len(place.path):
                root = str(place.path[at])
                value, written, at = getattr(value, root, None), f"{written}.{root}", at + 1
            path = place.path[at:]
            is_one = name in trace.inputs and bool(path) and root not in trace.inputs and _is_plain_way(value, path)
            if is_one and self.roots.setdefault(root, value) is value:
                self.spots[trace.inputs[name]] = root, path
                self.objects[root] = written

    def entry(self, program: Placed, reader: Body, reads: Reads) -> tuple[Entry, LoopItem] | None:
        """Which entry each round reads, and the innermost loop that tells them apart; None where that is not known."""
        values = [value for _, value in reads]
        if not all(isinstance(value, Node) and value in self.spots for value in values):
            return None
        spots, rounds = [self.spots[value] for value in values], [program.rounds(node) for node, _ in reads]
        found = self.told_apart(program, reader.chain(), spots, rounds)
        if found is None:
            return None
        parts, loop = found
        called = _called(values, [each[loop.parent.depth] for each in rounds], [path for _, path in spots])
        return Entry(spots[0][0], parts, called), loop

    @staticmethod
    def told_apart(
        program: Placed, loops: list[LoopItem], spots: list[tuple[str, Path]], rounds: list[tuple[Round, ...]]
    ) -> tuple[list[str | LoopItem], LoopItem] | None:
        """How the ways to entries are written by what loops count with, and the innermost of the loops that do so."""
        if len({(root, len(path)) for root, path in spots}) != 1:
            return None
        parts, deepest = list[str | LoopItem](), 0
        for steps in zip(*(path for _, path in spots)):
            if len({*steps}) == 1:
                parts.append(written_key(steps[0]))
                continue
            for depth in reversed(range(len(loops))):
                part = _counted(program, steps, [each[depth] for each in rounds], loops[depth])
                if part is not None:
                    parts.append(part)
                    deepest = max(deepest, depth)
                    break
            else:
                return None
        return parts, loops[deepest]


def written_key(key: Any) -> str:
    return json.dumps(key) if isinstance(key, str) else repr(key)


def _is_plain_way(value: Any, path: Path) -> bool:
    """Whether nothing but dictionaries, lists and tuples stand on the way to an array."""
    for key in path:
        if not isinstance(value, dict | list | tuple) or hasattr(value, "_fields"):
            return False
        value = value[key]
    return True


def _counted(program: Placed, steps: tuple[Any, ...], rounds: list[Round], loop: LoopItem) -> str | LoopItem | None:
    """How keys are written by what a loop counts with: `k`, `i + 1`, `f"W{l}"`; the loop, if by its rounds."""
    for name in rounds[0].variables:
        if not name.isidentifier():
            continue
        values = [plain(each.variables.get(name)) for each in rounds]
        if not all(isinstance(value, int | str) for value in values):
            continue
        if all(type(value) is type(step) and value == step for value, step in zip(values, steps)):
            return name
        if not all(type(value) is int for value in values):
            continue
        for offset in (0, 1, -1):
            counted = f"{name} {'+' if offset > 0 else '-'} 1" if offset else name
            numbers = [value + offset for value in values]
            if [*steps] == numbers:
                return counted
            if all(isinstance(step, str) for step in steps) and str(numbers[0]) in steps[0]:
                before, _, after = steps[0].partition(str(numbers[0]))
                if [*steps] == [f"{before}{number}{after}" for number in numbers]:
                    return f'f"{before}{{{counted}}}{after}"'
    return loop if [*steps] == [program.position(each) for each in rounds] else None


def _called(values: list[Any], rounds: list[Round], paths: list[Path]) -> str:
    """What a loop calls the entry that it goes through, or what holds it: `W`, `layer["W"]`."""
    for name in rounds[0].variables:
        for start in reversed(range(len(paths[0]) + 1)):
            rest = paths[0][start:]
            if all(path[start:] == rest for path in paths) and all(
                _is_at(each.variables.get(name), rest, value) for each, value in zip(rounds, values)
            ):
                return name + "".join(f"[{written_key(key)}]" for key in rest)
    return ""


def _is_at(value: Any, path: Path, node: Node) -> bool:
    for key in path:
        if not isinstance(value, dict | list | tuple):
            return False
        value = value[key] if isinstance(value, dict) and key in value else value[key] if type(key) is int else None
    return getattr(value, "node", None) is node


# ---- what code is given, and what it gives back ----------------------------------------------------------------------


def given(trace: Trace, code: Listing) -> list[Any]:
    """The arrays, dictionaries and lists that derived code is called with, of a run: gradients, then inputs."""
    alone = {str(red.name): red.value.copy() for red in trace.upstream.values()}
    together = held_together(trace)
    by_name = alone if code.upstream == [*alone] else {**alone, **together}  # dout may be one of several, or all
    inputs = {**together, **{name: node.value.copy() for name, node in trace.inputs.items()}}
    return [*(by_name[name] for name in code.upstream), *(inputs[name] for name in code.parameters)]


def held_together(trace: Trace) -> dict[str, Any]:
    """The dictionaries and lists of a run, with copies of its inputs in them; and of the gradients that arrive."""
    shelves, found = Shelves(trace), dict[str, Any]()
    for root in dict.fromkeys(root for node, (root, _) in trace.held.items() if node in trace.upstream):
        nodes = {path: node for node, (its, path) in trace.held.items() if its == root}
        found[f"d{root}"] = _built({path: trace.upstream[node].value for path, node in nodes.items()})
    for root, value in shelves.roots.items():
        values = {path: node.value for node, (its, path) in shelves.spots.items() if its == root}
        found[root] = _with_values(value, values)
    return found


def held_gradients(trace: Trace) -> dict[str, Any]:
    """The gradients of a run's dictionaries and lists, each in its like."""
    shelves, found = Shelves(trace), dict[str, Any]()
    for root in shelves.roots:
        nodes = {path: node for node, (its, path) in shelves.spots.items() if its == root}
        found[f"d{root}"] = _built({p: node.gradient.value for p, node in nodes.items() if node.gradient is not None})
    return {name: value for name, value in found.items() if value}


def by_input(trace: Trace, code: Listing, returned: Any) -> dict[str, Any]:
    """What derived code returned, by the names of the run's inputs."""
    shelves = Shelves(trace)
    graded = {root for node, (root, _) in shelves.spots.items() if node.gradient is not None}
    graded |= {name for name, node in trace.inputs.items() if node.gradient is not None}
    names = [name for name in code.parameters if name in graded]
    values = dict(zip(names, returned if isinstance(returned, tuple) else (returned,), strict=True))
    found = {name: value for name, value in values.items() if name in trace.inputs}
    for node, (root, path) in shelves.spots.items():
        if root in values and node.gradient is not None:
            found[str(node.name)] = _part(values[root], path)
    return found


def by_output(trace: Trace, code: Listing, returned: list[Any]) -> list[Any]:
    """What a derived forward pass returned, in the order of the run's outputs."""
    whole = [root for root in dict.fromkeys(root for root, _ in trace.held.values()) if f"d{root}" in code.upstream]
    spots = [trace.held.get(node, ("", ())) for node in trace.outputs]
    order: list[Any] = []
    for node, (root, _) in zip(trace.outputs, spots):  # an array may be returned twice; a dictionary is all its parts
        if root not in whole or root not in order:
            order.append(root if root in whole else node)
    values = dict(zip(order, returned, strict=True))
    return [
        _part(values[root], path) if root in values else values[node]
        for node, (root, path) in zip(trace.outputs, spots)
    ]


def _part(value: Any, path: Path) -> Any:
    """What stands somewhere in dictionaries and lists; None if nothing does."""
    for key in path:
        if isinstance(value, dict) and key not in value:
            return None
        value = value[key]
    return value


def _with_values(value: Any, values: Mapping[Path, Any], path: Path = ()) -> Any:
    """A dictionary or list like `value`, with copies of these arrays in their places."""
    if path in values:
        return values[path].copy()
    if isinstance(value, dict):
        return {key: _with_values(part, values, (*path, key)) for key, part in value.items()}
    if isinstance(value, list | tuple):
        return type(value)([_with_values(part, values, (*path, at)) for at, part in enumerate(value)])
    return value


def _built(values: Mapping[Path, Any]) -> Any:
    """The dictionary or list that has these arrays in these places."""
    if () in values:
        return values[()].copy()
    keys = list(dict.fromkeys(path[0] for path in values))
    parts = {key: _built({path[1:]: value for path, value in values.items() if path[0] == key}) for key in keys}
    return [parts[key] for key in sorted(parts)] if all(type(key) is int for key in keys) else parts
