"""Gradients of values that a loop made and that are used after it: each round takes its own part.

`H = np.stack(hs, axis=1)` hands round t its `dH[:, t]`. Values that another loop reads one at a time collect their
gradients in a list, `dhs[t] += ...`.
"""

from __future__ import annotations

from contextlib import suppress
from typing import Any

import numpy as np

from backpropviz.code.binding import ATOM
from backpropviz.code.loop_names import LoopNames
from backpropviz.code.places import Gather, LoopItem, Place, Uneven
from backpropviz.code.program import Program
from backpropviz.engine.graph import Node, bare
from backpropviz.engine.named import Dim
from backpropviz.engine.trace import Trace
from backpropviz.primitives.shapes import TAKE

Lines = list[Any]
"""Code: lines, blocks of lines further in (lists), and places to fill in later (`Slot`)."""


class Slot(list[str]):
    """Lines that are known later, on the level where it stands."""


class ListsOfRounds(LoopNames):
    """Writes what a loop's rounds get from the readers of all their values."""

    def __init__(self, trace: Trace, program: Program):
        super().__init__(trace, program)
        self.pending: dict[Place, list[Any]] = {}  # terms of a gradient that is written once all are there
        self.begun: set[Place] = set()  # values whose gradient is there
        self.listed: set[Place] = set()  # values whose gradients are in a list that is there
        self.list_gradients: dict[Place, str] = {}
        self.rows: dict[Node, tuple[str, str]] = {}  # gradients that are rows of another: of which, and at which index

    def _prepare(self, red: Node) -> Lines:
        """Names for what stands in a gradient's expression more than once."""
        raise NotImplementedError

    def _past_gradient(self, place: Place) -> str:
        """The list of the gradients of what a loop's rounds made."""
        if place not in self.list_gradients:
            self.list_gradients[place] = self._fresh(f"d{self._list(place)}")
        return self.list_gradients[place]

    def _joined(self, item: LoopItem) -> Lines:
        """Names for the gradients of what joins the values of all rounds, where these are no names."""
        lines: Lines = []
        for place in self.program.places(item.body):
            for gather in place.gathers if place.listed_by is item else ():
                red = gather.reader.template.gradient
                if red is not None and self._part(gather.reader.template) is None and red not in self.names:
                    lines += self._prepare(red)
                    if red not in self.names and red.primitive is not None:
                        name = self._fresh(f"d{self._list(place)}")
                        lines.append(f"{name} = {self.printer.code(red)}")
                        self.names[red] = name
        return lines

    @staticmethod
    def _part(joined: Node) -> Node | None:
        """What every round gets alike: of a mean of all of them, for one."""
        red = joined.gradient
        while red is not None and red.primitive is TAKE:  # a row of what is joined after it
            red = red.args[0]
        if red is None or red.primitive is None or red.primitive.name != "broadcast_to":
            return None
        whole = red.args[0]
        return whole if isinstance(whole, Node) and not whole.shape else None

    def _gathered(self, item: LoopItem) -> Lines:
        """The terms of values that are used after the loop: each round's is its own part."""
        lines: Lines = []
        for place in self.program.places(item.body):
            if place.template.gradient is None or place.listed_by is not item:
                continue
            texts = [text for gather in place.gathers if (text := self._own_part(item, place, gather))]
            texts += [self.upstream_of[place]] if place in self.program.handed_out else []
            if place in self.listed:
                at = f"{self._index(item)}{' + 1' if place in self._with_start else ''}"
                texts.append(f"{self.list_gradients[place]}[{at}]")
            if place in self.collects:
                name = self.gradient[place]
                if texts and place.body.loop is not item:  # the last value of a loop within
                    self.begun.add(place)
                    lines.append(f"{name} = {' + '.join(texts)}")
                else:
                    lines += [f"{name} = {name} + {text}" for text in texts]
            else:
                self.pending.setdefault(place, []).extend(texts)
        return lines

    def parts(self) -> dict[tuple[Node, Node], str]:
        """What each round gets of what joins the values of all, `dout[:, t]`: by the value and by what joins."""
        found = {}
        for place in reversed([*self.program.places()]):  # of nested lists the whole before its rows
            for gather in place.gathers:
                whole = gather.reader.template.gradient
                if whole is not None and gather.reader in self.gradient:
                    self.names.setdefault(whole, self.gradient[gather.reader])
                with suppress(Uneven):
                    found[place.template, gather.reader.template] = self._own_part(gather.loop, place, gather)
        return found

    def _own_part(self, item: LoopItem, place: Place, gather: Gather) -> str:
        """A round's part of the gradient of what joins all rounds; empty if that has none."""
        joined = gather.reader.template
        if joined.gradient is None:
            return ""
        alike = self._part(joined)
        if alike is not None:
            return self.printer.reference(alike)
        red, number = self.printer._bound(joined.gradient, ATOM), self._index(item)
        given = joined.kwargs.get("axis", joined.args[1] if len(joined.args) > 1 else 0)
        name = joined.primitive.name if joined.primitive is not None else ""
        if given is None or name not in ("stack", "concatenate"):
            raise Uneven(item.site, "its rounds are joined in a way that is not known")
        axis = int(given) % len(joined.shape)
        number += f" + {gather.first}" if gather.first else ""
        if name == "stack":
            whole, before = self.rows.get(joined.gradient, (red, ""))
            if not axis and len(place.template.terms) == 1 and place.template.gradient is not None:
                self.rows[place.template.gradient] = whole, f"{before}{number}, "
            return f"{whole}[{before}{':, ' * axis}{number}]"
        first = next(at for at, node in enumerate(joined.args[0]) if node in place.nodes)
        if any(np.shape(bare(each))[axis] != place.template.shape[axis] for each in joined.args[0][:first]):
            raise Uneven(item.site, "its rounds are joined to arrays of other sizes")
        length = self.printer._dim(Dim(place.template, axis), place.template.shape[axis])[0]
        if length == "1":
            start, stop = number, f"{number} + 1"
        else:
            start, stop = (f"{f'({each})' if '+' in each else each} * {length}" for each in (number, f"{number} + 1"))
        return f"{red}[{':, ' * axis}{start} : {stop}]"
