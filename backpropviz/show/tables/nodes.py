"""One table of a trace: a row a node, with its code, shape, value and gradient side by side."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Literal

from rich.console import Console, ConsoleOptions, Group, RenderableType, RenderResult
from rich.table import Table
from rich.text import Text

from backpropviz.engine.graph import Array
from backpropviz.engine.keeping import uncollected
from backpropviz.errors import InputError
from backpropviz.show.loop_rows import handed_text, loop_text, sent_by
from backpropviz.show.numerals import telling_place
from backpropviz.show.records import FlowView, GradientView, GroupView, LoopView, StepView, TraceView
from backpropviz.show.rows import TERMS, added_up, origin_of, together, written
from backpropviz.show.tables.arrays import array_lines
from backpropviz.show.tables.cells import NOTE, Code, Lines, headed, styled
from backpropviz.show.tables.plain import FAINT, GAP, shape_text
from backpropviz.show.tree import named_groups, walk

VALUES = ("none", "short", "full")
RED, RED_NAME, NAME = "red", "bold red", "bold"
_LEAST_CODE = 30  # columns that code gets beside two columns of numbers; else the numbers stand below it
_BELOW = {1: 1.2, 2: 1.0}  # how much a line counts where gradients stand below values, which is harder to compare
_LOOKED_AT = 200  # rows, to see which way a table is shorter


@dataclass(frozen=True, slots=True, eq=False)
class Node:
    """One row: what its node is, and its numbers."""

    label: str
    code: Code
    gradient_code: Code = field(default_factory=Code)
    shape: str = ""
    value: Array | None = None
    gradient: Array | None = None

    @property
    def codes(self) -> tuple[Code, Code]:
        return self.code, self.gradient_code

    @property
    def shaped(self) -> tuple[Code, Code]:
        """The code and that of its gradient, the shape behind the first piece of code."""
        if not self.shape:
            return self.codes
        first, rest = self.codes if self.code else self.codes[::-1]
        line = first.lines[0]
        end = len(line.plain.partition(NOTE)[0])  # behind the words, the shape would often stand on a line of its own
        line = Text.assemble(line[:end], (f"{NOTE}{together(self.shape)}", FAINT), line[end:])
        told = Code(line, *first.lines[1:], depth=first.depth)
        return (told, rest) if self.code else (rest, told)


Key = tuple[Node, Literal["value", "gradient"]]
"""Which of a node's two arrays."""


@dataclass(frozen=True, slots=True)
class _Way:
    """A way to set the table: the lines of its arrays, in how many columns, and whether shapes have their own."""

    lines: Mapping[Key, list[str]]
    columns: int
    shapes: bool = True


class NodeTable:
    """The table of a trace, for any terminal.

    Args:
        values: "none", "short" for two or three digits a number, "full" for all that `show` has.
        expand: the groups to open, by label, function or result; `everything` opens all.

    Raises:
        InputError: there is no such group, or no such way to show values.
    """

    def __init__(self, view: TraceView, values: str = "short", expand: Collection[str] = (), everything: bool = False):
        if values not in VALUES:
            raise InputError(
                f"--values {values} is no way to write numbers", fix=f"Choose {', '.join(VALUES[:-1])} or {VALUES[-1]}."
            )
        self.view, self.values = view, values
        self.groups = {group.label: group for group in view.groups}
        self.steps = {step.label: step for step in view.steps}
        self.parts: dict[str, list[FlowView]] = {}
        for flow in view.backward:
            if flow.kind == "part":
                self.parts.setdefault(flow.step, []).append(flow)
        self.opened = set(self.groups) if everything else named_groups(view, expand)
        with uncollected():
            self.rows = list(self._rows())

    # ---- rows --------------------------------------------------------------------------------------------------------

    def _rows(self) -> Iterator[Node]:
        for part in self.view.inputs:
            dtype = "" if part.value.dtype == "float64" else f"  {part.value.dtype}"
            code = Text.assemble((part.name, NAME), (dtype, FAINT))
            yield self._node("", code, part.value, part.gradient)
        for constant in self.view.constants:
            yield self._node("", Text.assemble((constant.name, NAME), ("  constant", FAINT)), constant.value, None)
        for item in walk(self.view, self.view.steps, self.opened):
            record = item.record
            if isinstance(record, StepView):
                yield self._step(record, item.depth)
            elif isinstance(record, GroupView):
                yield self._group(record, item.kind == "closed", item.depth)
            elif item.kind == "end":
                yield from self._going_round(record, item.depth)
            else:
                text = loop_text(record) if item.kind == "loop" else f"round {item.number}"
                code = Text(text, NAME if item.kind == "loop" else FAINT)
                yield Node(record.label if item.kind == "loop" else "", Code(code, depth=item.depth))

    def _step(self, step: StepView, depth: int) -> Node:
        target, equals, code = written(step)
        return self._node(step.label, Text.assemble((target, NAME), equals, code), step.value, step.gradient, depth)

    def _going_round(self, loop: LoopView, depth: int) -> Iterator[Node]:
        """What the round shown takes over and hands on, and what it adds to the gradients of values from outside."""
        for each in loop.carried:
            code = Code(Text.assemble((each.before_name, NAME), ("  before the round", FAINT)), depth=depth)
            red = Code(styled(handed_text(each)), depth=depth)
            yield Node("↻", code, red, shape_text(each.before.shape), each.before, each.handed)
            code = Code(Text.assemble((each.after_name, NAME), ("  after it", FAINT)), depth=depth)
            arriving = Text.assemble((f"d{each.after_name}", RED_NAME), ("  from what comes after", FAINT))
            red = Code(*([arriving] if each.arriving is not None else []), depth=depth)
            yield Node("", code, red, shape_text(each.after.shape), each.after, each.arriving)
        for total in loop.added:
            for array, when in ((total.before, "from the rounds after"), (total.after, "with this round's share")):
                code = Code(Text.assemble((total.name, RED_NAME), (f"  {when}", FAINT)), depth=depth)
                yield Node(
                    "↺" if array is total.before else "", Code(depth=depth), code, shape_text(array.shape), None, array
                )

    def _group(self, group: GroupView, closed: bool, depth: int) -> Node:
        name = f"{group.name} = " if group.name else ""
        code = Text.assemble((name.removesuffix(" = "), NAME), " = " if name else "", " ".join(group.code.split()))
        if not closed:
            code.stylize(FAINT)
            return Node(group.label, Code(code, depth=depth))
        result = next((step for step in self.view.steps if step.name == group.name), None)
        return self._node(group.label, code, group.value, result.gradient if result else None, depth)

    def _node(self, label: str, code: Text, value: Array, gradient: GradientView | None, depth: int = 0) -> Node:
        red = Code(*self._red(label, gradient), depth=depth) if gradient is not None else Code()
        array = None if gradient is None else gradient.value
        return Node(label, Code(code, depth=depth), red, shape_text(value.shape), value, array)

    def _red(self, label: str, gradient: GradientView) -> Iterator[Text]:
        """The formulas of a gradient: its terms, their sum, and what the step computes for them."""
        inside = self.parts.get(label, [])
        given = {each.name: origin_of(each) for each in self.view.upstream}
        terms = gradient.terms if len(gradient.terms) <= TERMS else (*gradient.terms[:2], gradient.terms[-1])
        for term in terms:
            through = self._closed(term.step)
            if term.rounds is not None:
                yield styled(sent_by(term, gradient.name))
            elif term.formula is None:
                yield Text.assemble((term.name, RED_NAME), (f"  {given.get(term.name, '')}", FAINT))
            elif through is not None:
                yield Text.assemble((term.name, RED_NAME), (f" through {through.function}", RED))
            elif len(gradient.terms) == 1 or term.formula not in {each.name for each in gradient.terms}:
                yield Text.assemble((term.name, RED_NAME), (f" = {term.formula}", RED))
        if len(gradient.terms) > 1:
            added = added_up([term.name for term in gradient.terms])
            yield Text.assemble((gradient.name, RED_NAME), (f" = {added}", RED))
        for part in inside:
            yield Text.assemble((part.name, RED_NAME), (f" = {part.formula}", RED))

    def _closed(self, label: str | None) -> GroupView | None:
        """The outermost closed group that a step stands in."""
        step = self.steps.get(label or "")
        closed = [] if step is None else [each for each in step.groups if each not in self.opened]
        return self.groups[closed[0]] if closed else None

    # ---- the table ---------------------------------------------------------------------------------------------------

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        yield Text(self.view.layer, NAME)
        if self.view.summary:
            yield Text(self.view.summary)
        with uncollected():  # a long table is ten thousands of lines, and all of them are kept until they are printed
            yield from console.render(self._table(options.max_width), options)
        if self.view.notes:
            yield Text("\n" + "\n".join(self.view.notes))

    def _table(self, room: int) -> Table:
        """The first way that leaves room for code; if gradients do not stand beside values then, a low one."""
        lines, ways = self.lines(room), []
        if self.view.upstream:
            closer = self.lines(room, gap=" ")  # between numbers
            ways = [_Way(each, 2, shapes) for shapes in (True, False) for each in (lines, closer)]
        fitting = [way for way in [*ways, _Way(lines, 1)] if self._code_columns(way, room) >= _LEAST_CODE]
        if self.values == "none" or not fitting:
            return self._stacked(lines)
        if fitting[0] not in ways[:1]:
            fitting.sort(key=lambda way: _BELOW[way.columns] * self._height(way, self._code_columns(way, room)))
        return self._side_by_side(fitting[0])

    def _code_columns(self, way: _Way, room: int) -> int:
        """How much room code has beside its numbers."""
        wide = max((len(line) for part in way.lines.values() for line in part), default=0)
        label, shape = (max(map(len, texts)) for texts in zip(("step", ""), *((r.label, r.shape) for r in self.rows)))
        return room - label - GAP - (shape + GAP) * way.shapes - way.columns * (wide + GAP)

    def _height(self, way: _Way, room: int) -> int:
        """How many lines the first rows take."""
        high = 0
        for row in self.rows[:_LOOKED_AT]:
            black, red = (sum(1 for _ in code.at(room)) for code in (row.codes if way.shapes else row.shaped))
            value, gradient = len(way.lines.get((row, "value"), ())), len(way.lines.get((row, "gradient"), ()))
            high += max(black + red, value, gradient) if way.columns == 2 else max(black, value) + max(red, gradient)
        return high

    def _side_by_side(self, way: _Way) -> Table:
        """Values beside their code, and gradients beside them or below."""
        value, gradient = Lines("value →", right=True), Lines("← gradient", style=RED_NAME, right=True)
        if not self.view.upstream:
            titles = [value]
        elif way.columns == 1:
            titles = [Lines("value →", "← gradient", right=True)]
        else:
            titles = [value, gradient]
        table = headed(_label("step"), Lines("node"), *([Lines("shape")] * way.shapes), *titles, wide=1)
        for row in self.rows:
            label, shape = _label(row.label), [Lines(row.shape, style=FAINT)] * way.shapes
            forward, backward = _numbers(way.lines, row, "value", True), _numbers(way.lines, row, "gradient", True)
            code, red = row.codes if way.shapes else row.shaped
            if way.columns == 2:
                table.add_row(label, Code(*code.lines, *red.lines, depth=code.depth), *shape, forward, backward)
            elif not code:
                table.add_row(label, red, *shape, backward)
            else:
                table.add_row(label, code, *shape, forward)
                if red:
                    table.add_row(Lines(), red, *([Lines()] * way.shapes), backward)
        return table

    def _stacked(self, lines: Mapping[Key, list[str]]) -> Table:
        """All of a node below each other, for a narrow window."""
        table = headed(_label("step"), Lines("node"), wide=1)
        for row in self.rows:
            code, red = row.shaped
            parts: list[RenderableType] = [code, _numbers(lines, row, "value"), red, _numbers(lines, row, "gradient")]
            table.add_row(_label(row.label), Group(*(part for part in parts if part)))
        return table

    def lines(self, room: int = 100, gap: str = "  ") -> dict[Key, list[str]]:
        """All arrays in lines, in a window of so many columns."""
        arrays: dict[Key, Array] = {(row, "value"): row.value for row in self.rows if row.value is not None}
        arrays |= {(row, "gradient"): row.gradient for row in self.rows if row.gradient is not None}
        # a value and its gradient are shown at the same place: where the gradient is largest
        places = {row: telling_place(row.value if row.gradient is None else row.gradient) for row, _ in arrays}
        return array_lines(arrays, {key: places[key[0]] for key in arrays}, self.values, room - len("step") - GAP, gap)


def _label(text: str) -> Lines:
    return Lines(text, style="cyan", right=True, gap=0)


def _numbers(
    lines: Mapping[Key, list[str]], row: Node, which: Literal["value", "gradient"], right: bool = False
) -> Lines:
    return Lines(*lines.get((row, which), []), style=RED if which == "gradient" else "", right=right)
