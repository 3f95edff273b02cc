"""Assignments become steps: what was computed since the last one belongs to it, and its value has a name."""

from __future__ import annotations

from typing import Any

import numpy as np

from backpropviz.engine.constants import ConstantKeeper
from backpropviz.engine.graph import Node, Step
from backpropviz.engine.named import Named, plain
from backpropviz.engine.reports import Site
from backpropviz.engine.slate import Slate, now
from backpropviz.engine.traced import Traced
from backpropviz.primitives.shapes import IDENTITY


class StepRecorder(ConstantKeeper):
    """A tape in which operations are gathered into steps."""

    def __init__(self, held: set[str], held_arrays: set[str]) -> None:
        super().__init__(held)
        self.held_arrays = held_arrays
        self._renamed: set[Node] = set()
        self._changed: list[Traced] = []  # arrays changed in place by the statement that runs
        self._pending = 0  # nodes before this index belong to a step already

    def changed(self, traced: Traced) -> None:
        if not any(each is traced for each in self._changed):  # `in` would compare their values
            self._changed.append(traced)

    def _assigned(self, site: Site, name: str, value: Any, more: bool = False) -> Any:
        """Make `value` a step. With `more` to come from the same statement, later operations are left to those."""
        if type(value) is not Traced:
            value = now(value)
        if type(value) is not Traced or value.tape is not self:
            if isinstance(value, Named) or type(value) in (int, float):
                if self.constants_recorded and name in self.become_values and site.code == repr(plain(value)):
                    return self._as_value(np.array(float(value)), None)
                return self._size(site, name, value)
            if type(value) in (np.ndarray, Slate):
                value = self._held(value)
                self._constant_named(site, name, value)
            return value
        node = value.node
        if node.name is None:
            self._step(site, name, node, end=node.index + 1 if more else None)
            return value
        if node.step is not None and self._just_returned(node, len(site.names) > 1):
            # the result of a call that was a group of its own: it goes by the caller's name
            self._names.pop(node.name, None)
            node.name = node.step.name = self._version(name)
            self._renamed.add(node)
            if node.step.group is not None:
                group = node.step.group
                while group.parent is not self._frames[-1].group and group.parent is not None:
                    group = group.parent
                if group.name is None:  # the first of several results names it
                    group.name, group.code, group.line = node.name, site.code, site.line
                    group.caption = site.caption or group.caption
            return value
        if node.name == name and name in self.held_arrays and "." not in site.statement.partition("=")[0]:
            return value  # `W1 = params["W1"]` takes it out, and that is all
        again = self.record(IDENTITY, (value,), {})
        self._step(site, name, again.node, end=again.node.index + 1 if more else None)
        return again

    def _just_returned(self, node: Node, several: bool = False) -> bool:
        """Whether a call gave it just now; of `several` values, others may have been computed since."""
        frame, step = self._frames[-1], node.step
        return (
            step is not None
            and step.group is not None
            and step.group is not frame.group
            and (several or self._pending == len(self.nodes))
            and node not in self._renamed
        )

    def _step(
        self, site: Site, name: str, node: Node, code: str = "", statement: str = "", end: int | None = None
    ) -> None:
        frame = self._frames[-1]
        frame.count += 1
        node.name = self._version(name)
        made = self.nodes[self._pending : end]
        self._pending += len(made)
        step = Step(
            "", node.name, code or site.code, statement or site.statement, site.caption, node, made, frame.group,
            site.file, site.line, frame.round,
        )  # fmt: skip
        if not made and node.step is not None and node.step.node is not node:
            node.step.nodes.remove(node)  # of `a, b = f(x), g(x)`: the first took all there was
            step.nodes, made = [node], [node]
        for part in made:
            part.step = step
        self.steps.append(step)

    def _name_changed(self, site: Site) -> None:
        """Arrays that were changed in place are new values under their old names."""
        while self._changed:
            traced = self._changed.pop(0)
            node = traced._node
            if node.name is None:
                self._step(site, self._name_before(node) or (site.names[0] if site.names else "out"), node)

    def _name_before(self, node: Node) -> str | None:
        """The name, as it was written, of the value that a node is a new version of."""
        while node.args and node.primitive is not None:
            node = node.args[0]
            if type(node) is not Node:
                return None
            if node.name is not None:
                return self._names[node.name][0]
        return None
