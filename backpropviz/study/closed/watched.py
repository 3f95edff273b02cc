"""The values that a program's lines set on several runs, and the names that sizes have in it."""

from __future__ import annotations

import ast
from collections.abc import Sequence
from typing import Any

import numpy as np

from backpropviz.code.listing import imports
from backpropviz.engine.graph import Array
from backpropviz.study.closed.lines import Line
from backpropviz.study.closed.program import Program
from backpropviz.study.closed.scenes import Scene
from backpropviz.study.closed.stretches import Name, Stretch, bodies
from backpropviz.study.values.trees import names_in

Seen = list[dict[Line, dict[str, Array]]]


class Watched:
    """A program with its values on several runs, and again with other gradients coming in.

    Attributes:
        seen: the values that its lines set, run by run. tainted: the names that depend on what comes in.
    """

    def __init__(self, program: Program, scenes: Sequence[Scene], tainted: set[Name]):
        self.program, self.tainted = program, tainted
        self.arguments = [scene.arguments(program.listing) for scene in scenes]
        self.seen: Seen = [program.watched(arguments) for arguments in self.arguments]
        random = np.random.default_rng(3)
        others = [{n: _drawn_like(a[n], random) for n in program.listing.upstream} for a in self.arguments]
        self.arguments_again = [{**arguments, **other} for arguments, other in zip(self.arguments, others)]
        self.seen_again: Seen = [program.watched(arguments) for arguments in self.arguments_again]
        self._body = {line: body for body in bodies(program.backward) for line in body}
        self._forward = [line for line in program.forward if line.depth == 0]

    def scopes(self, stretch: Stretch) -> list[dict[str, Any]] | None:
        """All names with their values, on every run and both upstream gradients; None within a loop."""
        if stretch.target.depth:
            return None
        called: dict[str, Any] = {}
        exec("\n".join(imports(self.program.listing.helpers)), called)
        runs = zip([*self.arguments, *self.arguments_again], [*self.seen, *self.seen_again])
        return [
            {
                "np": np,
                **called,
                **arguments,
                **{name: v for line in self.program.lines for name, v in seen.get(line, {}).items()},
            }
            for arguments, seen in runs
        ]

    def _value(self, of: Name, again: bool = False) -> tuple[Array, ...] | None:
        line, called = of
        if line is not None:
            values = [seen.get(line, {}).get(called) for seen in (self.seen_again if again else self.seen)]
        else:
            values = [each.get(called) for each in (self.arguments_again if again else self.arguments)]
        found = [np.asarray(v) for v in values if v is not None and np.asarray(v).dtype.kind in "fbiu"]
        return tuple(found) if len(found) == len(self.seen) else None

    def _target(self, stretch: Stretch, again: bool = False) -> tuple[Array, ...] | None:
        """What the stretch sets, or the sum of the terms that are meant."""
        if not stretch.parts:
            return self._value((stretch.target, stretch.target.name), again)
        known = {name: line for line in stretch.between for name in line.names}
        parts = [self._value((known.get(part), part), again) for part in stretch.parts]
        if any(part is None for part in parts):
            return None
        return tuple(np.asarray(sum(values)) for values in zip(*(part for part in parts if part is not None)))

    def of_another_source(self, stretch: Stretch) -> tuple[tuple[Array, ...] | None, tuple[Array, ...] | None]:
        """A gradient drawn in the source's place, and what the stretch makes of it, on every run.

        All that comes from a loss is a multiple of its one number: another upstream gradient says nothing there. In a
        loop it is all there is.
        """
        sources, targets = [], []
        scopes = None if any(line.depth for line in stretch.between) else self.scopes(stretch)
        source = self._value(stretch.source)
        if scopes is None or source is None:
            return self._value(stretch.source, again=True), self._target(stretch, again=True)
        random = np.random.default_rng(4)
        terms = stretch.parts or (stretch.target.name,)
        for value, scope in zip(source, scopes):
            scope[stretch.source[1]] = random.standard_normal(value.shape)
            sources.append(scope[stretch.source[1]])
            with np.errstate(all="ignore"):
                exec("\n".join(line.text for line in stretch.between), scope)
            targets.append(np.asarray(sum(scope[term] for term in terms)))
        return tuple(sources), tuple(targets)

    def _known(self, called: str, stretch: Stretch) -> tuple[Array, ...] | None:
        """A forward value by name, where the stretch's target is set."""
        body = self._body.get(stretch.target, [])
        upto = body[: body.index(stretch.target)] if stretch.target in body else []
        line = next((n for n in reversed(upto) if called in n.names), None)
        if line is None:
            line = next((n for n in self._forward if called in n.names), None)
        if line is not None and line in stretch.between:
            return None
        if (line, called) in self.tainted:
            return None
        return self._value((line, called))

    def evaluated(self, tree: ast.expr, stretch: Stretch, kinds: str = "fb") -> tuple[Array, ...] | None:
        """What code over forward values gives on every run; None where that is not an array of these kinds."""
        code = compile(ast.Expression(ast.fix_missing_locations(tree)), "<part>", "eval")
        names = names_in(tree) - {"np"}
        known = {called: self._known(called, stretch) for called in names}
        if any(values is None for values in known.values()):
            return None
        made = []
        for number in range(len(self.seen)):
            scope = {called: values[number] for called, values in known.items() if values is not None}
            try:
                with np.errstate(all="ignore"):
                    made.append(np.asarray(eval(code, {"np": np, **scope})))
            except Exception:
                return None
        return tuple(made) if all(m.dtype.kind in kinds for m in made) else None

    def _is_number(self, line: Line, called: str) -> bool:
        values = [seen.get(line, {}).get(called) for seen in self.seen]
        return all(v is not None and v.ndim == 0 and v.dtype.kind in "iu" for v in values)

    def _sized(self, target: tuple[Array, ...]) -> str:
        """`x.size`, of an input that is as large as the target."""
        for called in self.program.listing.parameters:
            values = self._value((None, called))
            if values is not None and [v.shape for v in values] == [t.shape for t in target]:
                return f"{called}.size"
        return ""

    def _length(self, target: tuple[Array, ...], axis: int) -> str:
        """The shortest code for how long an axis is, which says it on every run; "?" where nothing does."""
        lengths = [t.shape[axis] for t in target]
        for line in self._forward:
            for called in line.names:
                if called != "_" and self._is_number(line, called):
                    values = self._value((line, called))
                    if values is not None and [int(v) for v in values] == lengths:
                        return called
        known = [(n, self._value((None, n))) for n in self.program.listing.parameters]
        known += [(n.name, self._value((n, n.name))) for n in self._forward if n.name]
        for called, values in known:
            if values is None or len(values) < len(lengths):
                continue
            for at in range(values[0].ndim):
                if all(v.ndim > at for v in values) and [v.shape[at] for v in values] == lengths:
                    return f"{called}.shape[{at}]"
        return f"?{axis}"


def _drawn_like(value: Any, random: np.random.Generator) -> Any:
    """Random numbers in the shape of an array, or of each of those in a dictionary or a list."""
    if isinstance(value, dict):
        return {key: _drawn_like(part, random) for key, part in value.items()}
    if isinstance(value, list):
        return [_drawn_like(part, random) for part in value]
    return random.standard_normal(np.shape(value))
