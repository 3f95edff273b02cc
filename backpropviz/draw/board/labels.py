"""Finds the place of every text on a board: names above the wires, formulas below them, each where there is room."""

from __future__ import annotations

import math
from collections import Counter, defaultdict
from dataclasses import replace

from backpropviz.draw.board.anchors import BESIDE, Placed, Spacing
from backpropviz.draw.board.blocks import Block, Formula, array_of, label, red_block, with_array
from backpropviz.draw.board.grid import Route
from backpropviz.draw.board.groups import Surrounded
from backpropviz.draw.board.stations import Station

_SHORT = 60.0  # wide; as the name of an upstream gradient is


def place_texts(made: Spacing) -> None:
    """Place all texts and arrays; the room for gates and wires is known already."""
    _Labels(made).place()


class _Labels:
    def __init__(self, made: Spacing):
        self.made, self.style = made, made.style
        self.row, self.column = made.grid.row, made.grid.column
        self.leaving: dict[Station, list[Route]] = defaultdict(list)
        for route in made.grid.routes:
            self.leaving[route.link.tail].append(route)
        self.changing = Counter(trunk.anchor[0] for trunk in made.trunks.values())  # wires that change rows, by gap
        self.lines: dict[int, list[Surrounded]] = defaultdict(list)  # around groups that begin at a column
        for each in made.surrounded:
            self.lines[each.columns[0]].append(each)

    def place(self) -> None:
        for station in self.made.grid.stations:
            gate = station.gate
            name, shown = label(gate, self.style), self.style.values
            if shown and not station.chip and gate.kind != "end":
                array = array_of(gate.value, "ink", shown)
                name = name.beside(array, math.inf) if shown.beside else replace(name, array=array)
                self._behind(station, "arrays", Block(array=name.array))
            self._behind(station, "names", replace(name, array=None))
            self._formulas(station)

    def _formulas(self, station: Station) -> None:
        """The sum right behind the gate; terms there, too, or on the wire that brings them."""
        gate, routes = station.gate, self.leaving[station]
        behind = [Formula(gate.sum, f"sum_{gate.id}", True)] if gate.sum and not station.chip else []
        for route in routes:
            use = route.link.use
            terms = [Formula(term, f"backward_{use.number}") for term in use.terms or ()]
            near = self.column[route.link.head] == self.column[station] + 1
            level = route.row == self.row[station]
            if not terms:
                continue
            if len(routes) == 1 or (level and near and route.enters == "left"):
                behind += terms
            elif not level and (route.enters == "left" or near):
                self._behind_trunk(route, terms)
            else:
                self._before(route, terms)
        behind += [Formula(part, f"inner_{gate.id}") for part in gate.inner]
        grad = array_of(gate.grad, "red", self.style.values) if self.style.values and not station.chip else None
        block = red_block(self.made.shortened(behind), self.style.formula)
        self._behind(station, "formulas", with_array(block, grad, self.style, gate))

    def _behind(self, station: Station, band: str, block: Block) -> None:
        """Place a block behind a gate, on the wire that leaves it; behind wires that pass there, too."""
        if not block:
            return
        row, column, half = self.row[station], self.column[station], self.made.half[station][0]
        anchor = column, 0
        taken = self.made.extents[row, band].get(anchor, [0.0, -half])[1]
        last = all(route.link.head.gate.kind == "end" for route in self.leaving[station])
        below = taken + 2 if taken > -half else 4 - half  # a formula may begin below its gate
        if last and band == "formulas" and taken == -half and block.width < _SHORT:
            below = half + 7  # no gate follows: its wire is made as long as that
        offset = max(half, taken) + 8 if band == "names" else below
        passing = [(column, number) for number in range(1, self.changing[column] + 1)]
        passing = [each for each in passing if each in self.made.extents[row, band]]
        if passing:
            anchor, offset = passing[-1], BESIDE + 2
        self._put(Placed(station.gate.id, row, band, block, anchor, offset))

    def _behind_trunk(self, route: Route, terms: list[Formula]) -> None:
        """Place terms where their wire has changed rows."""
        anchor = self.made.trunks[route.link.tail].anchor
        taken = self.made.extents[route.row, "formulas"].get(anchor, [0.0, -2.0])[1]
        block = red_block(self.made.shortened(terms), self.style.formula)
        self._put(Placed(terms[0].owner, route.row, "formulas", block, anchor, max(0.0, taken) + 2 * (taken > -2)))

    def _before(self, route: Route, terms: list[Formula]) -> None:
        """Place terms on the level part of their wire, just before the gate that sends them and the lines around it."""
        head = route.link.head
        anchor, block = (self.column[head], 0), red_block(self.made.shortened(terms), self.style.formula)
        if route.enters == "left":
            taken = self.made.extents[route.row, "formulas"].get(anchor, [-2.0, 0.0])[0]
            end = min(-self.made.half[head][0] - 4, -taken - 2)
        else:
            end = self.made.slots[route] - (BESIDE + 2 if route.enters == "above" else 0.0)
        crossed = (each for each in self.lines[anchor[0]] if each.rows[0] <= route.row <= each.rows[1])
        end = min([end, *(-each.left for each in crossed)])
        self._put(Placed(terms[0].owner, route.row, "formulas", block, anchor, end - block.width, ends=True))

    def _put(self, placed: Placed) -> None:
        self.made.placed.append(placed)
        self.made.need(placed.row, placed.band, placed.anchor, -placed.offset, placed.offset + placed.block.width)
