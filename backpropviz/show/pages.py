"""What stands where on the page of `show LAYER`."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from rich.console import RenderableType

from backpropviz.show.layout import Columns, Row, laid_out, paragraph
from backpropviz.show.loop_rows import carried_rows, loop_text, turning
from backpropviz.show.numerals import counted
from backpropviz.show.records import FlowView, GroupView, StepView, TermView, TraceView
from backpropviz.show.rows import (
    INPUTS,
    RED,
    RED_NAME,
    TERMS,
    added_up,
    code_text,
    constant_row,
    flow_row,
    input_row,
    operation_row,
    parameters_text,
    shares_of,
    statement,
    step_row,
    story_rows,
    together,
    upstream_row,
    written,
)
from backpropviz.show.tables.cells import Line, Words, styled
from backpropviz.show.tree import named_groups, walk


class Page:
    """What is printed of one view at one width; sections are added in order.

    Args:
        ops: open every step into its operations. expand: the groups to open, by label, function or result.
        explain: say in words what happens. only: the label of the group to show alone.

    Raises:
        InputError: there is no such group.
    """

    def __init__(
        self,
        view: TraceView,
        width: int,
        *,
        ops: bool = False,
        expand: Sequence[str] = (),
        explain: bool = False,
        only: str | None = None,
    ):
        self.view, self.width, self.ops, self.explain = view, width, ops, explain
        self.parts: list[RenderableType] = []
        self.sections: list[tuple[str, list[Row], str]] = []
        self.groups = {group.label: group for group in view.groups}
        self.named: dict[str, Any] = {}
        self.named.update((part.name, part) for part in view.inputs)
        self.named.update((part.name, part) for part in view.steps)
        self.found = {each.before_name: each.before for loop in view.loops for each in loop.carried}
        self.around = self.groups[only].loops if only else ()  # the loops that the page stands in
        self.paths = {step.label: step.groups for step in view.steps}
        self.steps = [step for step in view.steps if only is None or only in step.groups]
        self.parameters = view.parameters
        everything = ops or (explain and not expand)
        self.opened = set(self.groups) if everything else named_groups(view, [*expand, *([only] if only else [])])
        items = {self._closed(step.groups) or step.label for step in self.steps}
        closed = [self.groups[label] for label in items if label in self.groups]
        # a network is mostly made of layers: what counts are their volumes and parameters
        self.network = 2 * len(closed) >= len(items) and any(self._parameters(group) for group in closed)
        self.brief = self.network and not self.opened  # one line per layer
        self.flows: dict[str, list[FlowView]] = {}
        for flow in view.backward:
            self.flows.setdefault(flow.step, []).append(flow)

    def _closed(self, path: tuple[str, ...]) -> str | None:
        """The outermost group of a path that is not opened."""
        return next((label for label in path if label not in self.opened), None)

    def visible(self, label: str) -> str:
        """A step's label, or that of the closed group it is in."""
        return self._closed(self.paths[label]) or label

    def _parameters(self, part: StepView | GroupView) -> int:
        return sum(self.parameters.get(name, 0) for name in part.operands)

    # ---- sections ----------------------------------------------------------------------------------------------------

    def add(self, title: str, rows: list[Row], what: str = "value") -> None:
        if rows:
            self.sections.append((title, rows, what))

    def tables(self) -> None:
        """The sections added so far, one below the other, their columns in line."""
        columns = Columns([row for _, rows, _ in self.sections for row in rows], self.width)
        for title, rows, what in self.sections:
            self.parts += ["", paragraph(title, "title"), *laid_out(rows, columns, what)]
        self.sections.clear()

    def heading(self) -> None:
        view = self.view
        self.parts.append(paragraph(view.layer, "title"))
        if view.summary:
            self.parts.append(paragraph(view.summary))
        signature: Line = []
        for part in view.inputs:
            signature += [(part.name, "name"), (together(f" {part.value.shape}") + "   ", "shape")]
        signature.append(("->   ", ""))
        for output in view.outputs:
            signature += [(output.name, "name"), (together(f" {output.value.shape}") + "   ", "shape")]
        self.parts.append(Words(styled(signature), gap=0))
        settings = [f"{name} = {value!r}" for name, value in view.settings.items() if value is not None]
        if settings:
            self.parts.append(paragraph(", ".join(map(together, settings)), "caption"))

    def forward(self, inputs: Sequence[str]) -> None:
        rows = [] if self.brief else [self.value_row(name) for name in inputs]
        rows += [] if self.brief else map(constant_row, self.view.constants)
        for part in walk(self.view, self.steps, self.opened, self.around):
            record, start = part.record, len(rows)
            if isinstance(record, StepView):
                rows += self._step_rows(record)
            elif isinstance(record, GroupView):
                rows.append(self._group_row(record, closed=part.kind == "closed"))
            elif part.kind == "end":
                rows += carried_rows(record, self.named)
            else:
                text = loop_text(record) if part.kind == "loop" else f"round {part.number}"
                style = "name" if part.kind == "loop" else "caption"
                rows.append(
                    Row(record.label * (part.kind == "loop"), [[(text, style)]], spans=True, opens=not part.depth)
                )
            for row in rows[start:]:
                row.indent += 2 * part.depth
        if self.network:
            used = {name for step in self.steps for name in step.operands}
            total = sum(count for name, count in self.parameters.items() if name in used)
            rows.append(Row("", [[("in all", "caption")]], "", parameters_text(total), "caption"))
        self.add("Forward", rows)

    def value_row(self, name: str) -> Row:
        """An input, or a value that another step made, without its code."""
        part = self.named.get(name)
        if part is None:  # of a round that is not shown
            before = self.found.get(name)
            text: Line = [
                (name, "name"),
                ("  from the round before" if before is not None else "  from a round before", "caption"),
            ]
            return Row("↻", [text], str(before.shape) if before is not None else "", before)
        if isinstance(part, StepView):
            return Row(self.visible(part.label), [[(name, "name")]], str(part.value.shape), part.value)
        return input_row(part)

    def _group_row(self, group: GroupView, closed: bool) -> Row:
        texts = [statement(group.name, group.code)]
        if group.caption and not self.brief:
            texts.append([(group.caption, "caption")])
        value: Any = parameters_text(self._parameters(group)) if self.network else group.value
        return Row(group.label, texts, str(group.value.shape), value if closed else None)

    def _step_rows(self, step: StepView) -> Iterator[Row]:
        row = step_row(step)
        if self.brief:
            row.texts, row.value = row.texts[:1], parameters_text(self._parameters(step))
        yield row
        if self.ops:
            yield from map(operation_row, step.operations[:-1])

    def backward(self, arriving: Sequence[Row]) -> None:
        rows = list(arriving)
        seen: set[str] = set()
        around: tuple[int, ...] = ()
        for step in reversed(self.steps):
            loops = tuple(index for index in step.loops if index not in self.around)
            rows += turning(self.view, around, loops)
            around = loops
            closed = self._closed(step.groups)
            if closed is None:
                rows += self.backward_rows(step)
            elif closed not in seen:
                seen.add(closed)
                rows += self._through(self.groups[closed])
        rows += turning(self.view, around, ())
        if arriving:
            self.add("Backward, from the last step to the first", rows, "gradient")

    def backward_rows(self, step: StepView, alone: bool = False) -> Iterator[Row]:
        """What a step's backward pass makes; `alone`, on a page of its own, without what arrives there."""
        flows = [flow for flow in self.flows.get(step.label, []) if not (alone and flow.kind == "sum")]
        if flows and not alone:
            yield Row(step.label, [[("".join(map(code_text, written(step))), "caption")]], spans=True)
        shares = shares_of(step.explanation) if self.explain else {}
        if self.explain and step.explanation is not None:
            yield from story_rows(step.explanation)
        sweep = iter(step.sweep if self.ops else ())
        for flow in flows:
            if not flow.shared:
                for operation in sweep:
                    if operation.name == flow.name:
                        break
                    if operation.name is None:
                        yield operation_row(operation, RED)
            yield flow_row(flow, told=shares[flow.name]) if flow.name in shares else self._flow_row(flow)

    def _flow_row(self, flow: FlowView) -> Row:
        if not flow.terms:
            return flow_row(flow)
        terms = self.named[str(flow.of)].gradient.terms
        hidden = any(term.rounds or (term.step and self.visible(term.step) != term.step) for term in terms)
        row = flow_row(flow, self._meeting(terms), added_up(flow.terms) if hidden or len(flow.terms) > TERMS else "")
        row.flat = self.brief
        return row

    def _through(self, group: GroupView) -> Iterator[Row]:
        """What a closed group hands back to the values it was given."""
        inside = [step for step in reversed(self.steps) if group.label in step.groups]
        own = {step.name for step in inside}
        yield Row(
            group.label, [[("".join(text for text, _ in statement(group.name, group.code)), "caption")]], spans=True
        )
        for step in inside:
            for flow in self.flows.get(step.label, []):
                if flow.kind == "sum" and flow.of == group.name:
                    yield self._flow_row(flow)
                elif flow.of is not None and flow.of not in own:
                    text: Line = [(flow.name, RED_NAME), (f" through {group.function}", "")]
                    yield Row("", [text], str(flow.value.shape), flow.value, RED, opens=False, flat=self.network)

    def _meeting(self, terms: tuple[TermView, ...]) -> str:
        """`two paths meet: from step 7 (xhat) and step 3 (sq)`."""
        places = []
        for term in terms:
            if term.rounds:
                places.append(term.rounds)
                continue
            shown = self.visible(term.step) if term.step else None
            name = self.groups[shown].function if shown in self.groups else term.consumer
            places.append(f"step {shown} ({name})" if shown else "outside")
        count = counted(len(terms))
        if len(set(places)) == 1:
            return f"{count} paths meet, all of them from {places[0]}"
        told = f": from {', '.join(places[:-1])} and {places[-1]}"
        return f"{count} paths meet{told if len(places) <= TERMS else ''}"

    def gradients(self) -> None:
        """The gradients of the inputs, step 0."""
        if self.view.upstream:
            self.add("Gradients of the inputs", list(self._input_rows()), "gradient")

    def _input_rows(self) -> Iterator[Row]:
        flows = {flow.of: flow for flow in self.flows.get(INPUTS, [])}
        for part in self.view.inputs:
            flow = flows.get(part.name)
            if flow is None:
                why = f"{part.value.dtype}: no gradient" if part.value.dtype.kind != "f" else "no gradient reaches it"
                yield Row(INPUTS, [[(part.name, "name"), (f"  {why}", "caption")]], str(part.value.shape))
            elif flow.kind == "sum":
                row = self._flow_row(flow)
                row.label, row.opens = INPUTS, True
                yield row
            else:
                sender = part.gradient.terms[0].step if part.gradient else None
                rounds = part.gradient.terms[0].rounds if part.gradient else None
                place = f"  from step {self.visible(sender)}" if sender else f"  from {rounds}" if rounds else ""
                text: Line = [(flow.name, RED_NAME), (place, "caption")]
                yield Row(INPUTS, [text], str(flow.value.shape), flow.value, RED, flat=self.brief)

    def notes(self) -> None:
        if self.view.notes:
            self.parts += ["", paragraph("Notes", "title"), *map(paragraph, self.view.notes)]


def overview(view: TraceView, width: int, **options: Any) -> list[RenderableType]:
    """The whole trace: heading, forward pass, backward pass, gradients of the inputs, notes."""
    page = Page(view, width, **options)
    page.heading()
    page.forward([part.name for part in view.inputs])
    page.backward([upstream_row(upstream) for upstream in view.upstream])
    for write in (page.gradients, page.tables, page.notes):
        write()
    return page.parts
