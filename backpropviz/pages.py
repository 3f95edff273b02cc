"""Puts the records of a trace on pages: what stands where in `show LAYER` and `show LAYER --step 7`."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import Any

from backpropviz.errors import InputError
from backpropviz.layout import Columns, Line, Row, paragraphs, table, wrap
from backpropviz.records import FlowView, GroupView, OperationView, StepView, TermView, TraceView

RED = "gradient"
_COUNTS = ("no", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten")
_INPUTS = "0"
_TUPLE = re.compile(r"\([-\d, ]+\)")


class Page:
    """The lines of one view at one width; the sections are added in order."""

    def __init__(
        self, view: TraceView, width: int, *, ops: bool = False, expand: Sequence[str] = (), explain: bool = False
    ):
        self.view, self.width, self.ops, self.explain = view, width, ops, explain
        self.lines: list[Line] = []
        self.sections: list[tuple[str, list[Row]]] = []
        self.groups = {group.label: group for group in view.groups}
        self.opened = set(self.groups) if ops else self._opened(expand)
        self.parts: dict[str, Any] = {part.name: part for part in (*view.inputs, *view.steps)}
        self.paths = {step.label: step.groups for step in view.steps}
        self.parameters = view.parameters
        items = {self._closed(step.groups) or step.label for step in view.steps}
        closed = [self.groups[label] for label in items if label in self.groups]
        # a network is mostly made of layers: what counts are their volumes and parameters
        self.network = 2 * len(closed) >= len(items) and any(self._parameters(group) for group in closed)
        self.brief = self.network and not self.opened  # one line per layer

    def _opened(self, wanted: Sequence[str]) -> set[str]:
        """The labels of the groups that are opened, by label, function or result, with those around them."""
        opened: set[str] = set()
        for word in wanted:
            found = [group for group in self.view.groups if word in (group.label, group.function, group.name)]
            if not found:
                there = ", ".join(dict.fromkeys(group.function for group in self.view.groups))
                raise InputError(
                    f"there is no group {word!r} to expand",
                    fix=f"The groups are {there}."
                    if there
                    else f"{self.view.layer} calls no functions: it has no groups.",
                )
            for group in found:
                opened.update((group.label, *group.groups))
        return opened

    def _closed(self, path: tuple[str, ...]) -> str | None:
        """The outermost group of a path that is not opened."""
        return next((label for label in path if label not in self.opened), None)

    def _parameters(self, part: StepView | GroupView) -> int:
        return sum(self.parameters.get(name, 0) for name in part.operands)

    # ---- sections ----------------------------------------------------------------------------------------------------

    def add(self, title: str, rows: list[Row]) -> None:
        if rows:
            self.sections.append((title, rows))

    def tables(self) -> None:
        """The sections added so far, one below the other, their columns in line."""
        columns = Columns([row for _, rows in self.sections for row in rows], self.width)
        for title, rows in self.sections:
            self.lines += [[], *paragraphs([title], self.width, "title"), [("─" * self.width, "rule")]]
            self.lines += table(rows, columns)
        self.sections.clear()

    def heading(self) -> None:
        view = self.view
        self.lines.append([(view.layer, "title")])
        self.lines += paragraphs([view.summary] if view.summary else [], self.width)
        signature: Line = []
        for part in view.inputs:
            signature += [(part.name, "name"), (_together(f" {_shape(part.value)}") + "   ", "shape")]
        signature.append(("->   ", ""))
        for output in view.outputs:
            signature += [(output.name, "name"), (_together(f" {_shape(output.value)}") + "   ", "shape")]
        self.lines += wrap(signature, self.width, hang=2)
        settings = ", ".join(
            _together(f"{name} = {value!r}") for name, value in view.settings.items() if value is not None
        )
        self.lines += paragraphs([settings] if settings else [], self.width, "caption")

    def forward(self) -> None:
        rows = [] if self.brief else [self._input_row(part.name) for part in self.view.inputs]
        seen: set[str] = set()
        for step in self.view.steps:
            closed = self._closed(step.groups)
            for label in step.groups:
                if label not in seen:
                    seen.add(label)
                    rows.append(self._group_row(self.groups[label], closed=label == closed))
                if label == closed:
                    break
            if closed is None:
                rows += self._step_rows(step)
        if self.network:
            used = {name for part in (*self.view.steps, *self.view.groups) for name in part.operands}
            total = sum(count for name, count in self.parameters.items() if name in used)
            rows.append(Row("", [[("in all", "caption")]], "", _parameters(total), "caption"))
        self.add("Forward", rows)

    def _input_row(self, name: str) -> Row:
        value = self.parts[name].value
        dtype = "" if value.dtype == "float64" else f" {value.dtype}"
        return Row(_INPUTS, [[(name, "name"), (dtype, "caption")]], _shape(value), value)

    def _group_row(self, group: GroupView, closed: bool) -> Row:
        texts = [_statement(group.name, group.code)]
        if group.caption and not self.brief:
            texts.append([(group.caption, "caption")])
        value: Any = group.value if closed else None
        if self.network:
            value = _parameters(self._parameters(group)) if closed else None
        return Row(group.label, texts, _shape(group.value), value)

    def _step_rows(self, step: StepView) -> Iterator[Row]:
        texts = [_statement(step.name, step.code)]
        if step.caption and not self.brief:
            texts.append([(step.caption, "caption")])
        value: Any = _parameters(self._parameters(step)) if self.brief else step.value
        yield Row(step.label, texts, _shape(step.value), value)
        if self.ops:
            for operation in step.operations[:-1]:
                yield Row(
                    "", [[(_code(operation.code), "")]], _shape(operation.value), operation.value, "", 2, opens=False
                )

    def backward(self) -> None:
        if not self.view.upstream:
            return
        rows = [
            Row("", [[(each.name, RED + " name")], [(_origin(each), "caption")]], _shape(each.value), each.value, RED)
            for each in self.view.upstream
        ]
        flows: dict[str, list[FlowView]] = {}
        for flow in self.view.backward:
            flows.setdefault(flow.step, []).append(flow)
        seen: set[str] = set()
        for step in reversed(self.view.steps):
            closed = self._closed(step.groups)
            if closed is None:
                rows += self._backward_rows(step, flows.get(step.label, []))
            elif closed not in seen:
                seen.add(closed)
                rows += self._through(self.groups[closed], flows)
        self.add("Backward, from the last step to the first", rows)
        rows = list(self._input_rows(flows.get(_INPUTS, [])))
        self.add("Gradients of the inputs", rows)

    def _backward_rows(self, step: StepView, flows: list[FlowView]) -> Iterator[Row]:
        if not flows:
            return
        header: Line = [(f"{step.name} = {_code(step.code)}", "caption")]
        yield Row(step.label, [header])
        sweep = iter(step.sweep if self.ops else ())
        for flow in flows:
            if not flow.shared:
                for operation in sweep:
                    if operation.name == flow.name:
                        break
                    yield _operation_row(operation)
            yield self._flow_row(flow)

    def _flow_row(self, flow: FlowView) -> Row:
        formula = flow.formula
        texts: list[Line] = []
        if flow.terms:
            terms = self.parts[str(flow.of)].gradient.terms
            if any(term.step and self._visible(term.step) != term.step for term in terms):
                formula = " + ".join(flow.terms)  # the formula speaks of values in a closed group
            texts.append([(self._meeting(terms), "caption")])
        texts.insert(0, [(flow.name, RED + " name"), (f" = {_code(formula)}", "")])
        value = "passed on unchanged" if flow.shared else flow.value
        style = "caption" if flow.shared else RED
        return Row("", texts, _shape(flow.value), value, style, opens=False, flat=self.brief)

    def _through(self, group: GroupView, flows: dict[str, list[FlowView]]) -> Iterator[Row]:
        """What a closed group hands back to the values it was given."""
        inside = [step for step in reversed(self.view.steps) if group.label in step.groups]
        own = {step.name for step in inside}
        yield Row(group.label, [[(_call(group), "caption")]])
        for step in inside:
            for flow in flows.get(step.label, []):
                if flow.kind == "sum" and flow.of == group.name:
                    yield self._flow_row(flow)
                elif flow.of is not None and flow.of not in own:
                    texts: list[Line] = [[(flow.name, RED + " name"), (f" through {group.function}", "")]]
                    yield Row("", texts, _shape(flow.value), flow.value, RED, opens=False, flat=self.network)

    def _visible(self, label: str) -> str:
        """A step's label, or that of the closed group it is in."""
        return self._closed(self.paths[label]) or label

    def _meeting(self, terms: tuple[TermView, ...]) -> str:
        """`two paths meet: from step 7 (xhat) and step 3 (sq)`."""
        count = _COUNTS[len(terms)] if len(terms) < len(_COUNTS) else str(len(terms))
        places = []
        for term in terms:
            shown = self._visible(term.step) if term.step else None
            name = self.groups[shown].function if shown in self.groups else term.consumer
            places.append(f"step {shown} ({name})" if shown else "outside")
        if len(set(places)) == 1:
            return f"{count} paths meet, all of them from {places[0]}"
        return f"{count} paths meet: from {', '.join(places[:-1])} and {places[-1]}"

    def _input_rows(self, flows: list[FlowView]) -> Iterator[Row]:
        gradients = {flow.of: flow for flow in flows}
        for part in self.view.inputs:
            flow = gradients.get(part.name)
            if flow is None:
                why = f"{part.value.dtype}: no gradient" if part.value.dtype.kind != "f" else "no gradient reaches it"
                yield Row(_INPUTS, [[(part.name, "name"), (f"  {why}", "caption")]], _shape(part.value))
            elif flow.kind == "sum":
                row = self._flow_row(flow)
                row.label, row.opens = _INPUTS, True
                yield row
            else:
                sender = part.gradient.terms[0].step if part.gradient else None
                place = f"  from step {self._visible(sender)}" if sender else ""
                text: Line = [(flow.name, RED + " name"), (place, "caption")]
                yield Row(_INPUTS, [text], _shape(flow.value), flow.value, RED, flat=self.brief)

    def notes(self) -> None:
        if self.view.notes:
            self.lines += [[], [("Notes", "title")]]
            self.lines += paragraphs(self.view.notes, self.width)


def overview(view: TraceView, width: int, **options: Any) -> list[Line]:
    """The whole trace: heading, forward pass, backward pass, gradients of the inputs, notes."""
    page = Page(view, width, **options)
    page.heading()
    page.forward()
    page.backward()
    page.tables()
    page.notes()
    return page.lines


def _parameters(count: int) -> str:
    return f"{count:,} parameters" if count else "no parameters"


def _code(text: str) -> str:
    """Code whose tuples of numbers are not broken into lines."""
    return _TUPLE.sub(lambda found: _together(found[0]), text)


def _together(text: str) -> str:
    """A text that is not broken into lines."""
    return text.replace(" ", "\xa0")


def _shape(value: Any) -> str:
    return str(value.shape)


def _statement(name: str | None, code: str) -> Line:
    return [(name, "name"), (f" = {_code(code)}", "")] if name else [(_code(code), "")]


def _call(group: GroupView) -> str:
    return f"{group.name} = {group.code}" if group.name else group.code


def _operation_row(operation: OperationView) -> Row:
    return Row("", [[(_code(operation.code), "")]], _shape(operation.value), operation.value, RED, 2, opens=False)


def _origin(upstream: Any) -> str:
    if upstream.origin == "random":
        return f"drawn from seed {upstream.seed}"
    return "the gradient of a loss itself" if upstream.origin == "one" else "as given"
