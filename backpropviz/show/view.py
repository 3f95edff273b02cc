"""Collects what there is to show of a trace: the records of `records.py`, every gradient with its name and formula."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from backpropviz.code.printing import Printer
from backpropviz.engine.graph import Array, Group, Loop, Node, Step, Term
from backpropviz.engine.keeping import uncollected
from backpropviz.engine.named import plain
from backpropviz.engine.rounds import Rounds
from backpropviz.engine.trace import Trace
from backpropviz.show.carried import adding, summed
from backpropviz.show.folded import Folded, enclosing
from backpropviz.show.records import (
    ConstantView,
    FlowView,
    GradientView,
    GroupView,
    InputView,
    OperationView,
    OutputView,
    StepView,
    TermView,
    TraceView,
    UpstreamView,
)
from backpropviz.text import file_name, summary_of

if TYPE_CHECKING:
    from backpropviz.show.explain import Explainer

__all__ = ["TraceView", "view"]


def view(
    trace: Trace,
    layer_name: str = "",
    summary: str | None = None,
    explain: bool = True,
    rounds: Rounds | None = None,
) -> TraceView:
    """Everything there is to show of `trace`, forward and, if it was run, backward.

    Args:
        layer_name: what the user calls it; the function's name without one.
        summary: a sentence about it; without one, the first line of the function's or its file's docstring.
        explain: put the backward pass of every step in words, too.
        rounds: which rounds of loops are shown; all of them, as steps that follow each other, without it.
    """
    if summary is None:
        summary = summary_of(trace.callable)
    with uncollected():
        return _Viewer(trace, explain, rounds).view(layer_name or trace.function, summary)


class _Viewer:
    """Reads one trace: who made which gradient, and under what name."""

    def __init__(self, trace: Trace, explain: bool = False, rounds: Rounds | None = None):
        self.trace, self.rounds = trace, rounds
        self.steps = trace.steps if rounds is None else rounds.steps
        self.members: dict[Group, list[Step]] = {}
        for step in self.steps:
            for group in enclosing(step.group):
                self.members.setdefault(group, []).append(step)
        self.handed: dict[Node, list[tuple[Node, int]]] = {}  # consumer: the operands it sends terms to, and which term
        self.shown = {*self.steps}
        self.names = trace.gradient_names
        self.printer = Printer(trace, dict(self.names.red))
        self.folded = Folded(trace, rounds, self.printer)
        for node in trace.nodes:
            for number, term in enumerate(node.terms):
                if self.folded.is_shown(term.consumer):
                    self.handed.setdefault(term.consumer, []).append((node, number))
        hidden = self.folded.sums() | self.folded.untold()
        self.parts = {node: name for node, name in self.names.parts.items() if node not in hidden}
        self.spread = self.folded.spread()
        self.parts |= {red: self.names.inside[red] for red in self.spread}
        self.printer.temporaries |= self.parts
        self.explainer = self._explainer() if explain else None

    def _explainer(self) -> Explainer:
        from backpropviz.show.explain import Explainer

        formulas = {
            name: self._formula(term.node, name)
            for node, names in self.names.terms.items()
            for term, name in zip(node.terms, names)
            if term.consumer.step in self.shown
        }
        return Explainer(self.trace, self.printer, self.names.terms, formulas)

    def view(self, layer: str, summary: str) -> TraceView:
        trace = self.trace
        steps = tuple(self.step(step) for step in self.steps)
        backward = tuple(self.backward())
        return TraceView(
            layer=layer,
            summary=summary,
            function=trace.function,
            file=trace.file.name,
            inputs=tuple(InputView(name, node.value, self.gradient(node)) for name, node in trace.inputs.items()),
            # the printer met them while it wrote the formulas above
            constants=tuple(
                ConstantView(name, array) for name, array in {**self.printer.made, **self.printer.constants}.items()
            ),
            settings={name: plain(value) for name, value in trace.settings.items()},
            steps=steps,
            groups=tuple(self.group(group) for group in trace.groups if group in self.members),
            loops=tuple(map(self.folded.view, self.folded.loops)),
            backward=backward,
            outputs=tuple(OutputView(node.name or "out", node.value) for node in trace.outputs),
            upstream=tuple(self.upstream(output, node) for output, node in trace.upstream.items()),
            notes=(*trace.notes, *self._without_upstream()),
        )

    def _without_upstream(self) -> Iterator[str]:
        """A note on outputs that could have an upstream gradient and were given none."""
        trace = self.trace
        left = [node for node in trace.outputs if node.carries_gradient and node not in trace.upstream]
        if trace.upstream and left:
            names = ", ".join(node.name or "out" for node in left)
            yield f"no upstream gradient was given for {names}: what is shown is the gradient without it"

    # ---- names of gradients ------------------------------------------------------------------------------------------

    def _formula(self, red: Node, name: str) -> str:
        """How a gradient that goes by `name` was computed: its operation, or the other name of what it is."""
        return self.printer.code(red) if red.name == name else self.printer.reference(red)

    def gradient(self, node: Node) -> GradientView | None:
        red = node.gradient
        if red is None:
            return None
        names = self.names.terms[node]
        several = len(names) > 1
        name = self.names.gradient(node)
        terms = tuple(self._terms(node, name))
        if len(terms) < len(names):  # some stand for many
            formula = terms[0].formula if len(terms) == 1 else " + ".join(term.name for term in terms)
            return GradientView(name, formula, red.value, terms)
        return GradientView(name, self._formula(red, name) if several else terms[0].formula, red.value, terms)

    def _terms(self, node: Node, name: str) -> Iterator[TermView]:
        """The terms of a gradient: those of other rounds than the one shown together."""
        together: dict[Loop | Term, list[tuple[Term, str]]] = {}
        for term, own, loop in zip(node.terms, self.names.terms[node], self.folded.over(node)):
            together.setdefault(loop or term, []).append((term, own))
        for sender, pairs in together.items():
            if isinstance(sender, Term):
                yield self.term(*pairs[0])
                continue
            terms, names = zip(*pairs)
            every = len(terms) == len(node.terms)
            shown = next((term for term in terms if self.folded.is_shown(term.consumer)), None)
            of = name if every else names[0] if len(names) == 1 else f"{names[0]} … {names[-1]}"
            value = node.gradient.value if every and node.gradient is not None else summed(terms)
            formula = None if shown is None else adding(self.trace, node, shown, self.printer)
            first = "" if shown is None else self.folded.first(shown.consumer)
            yield TermView(of, None, None, formula, value, self.folded.which(node, sender, terms), first)

    def term(self, term: Term, name: str) -> TermView:
        if term.position < 0:  # from outside
            return TermView(name, None, None, None, term.value)
        step = term.consumer.step
        label, consumer = (self.folded.label(step), step.name) if step is not None else (None, term.consumer.name)
        return TermView(name, label, consumer, self._formula(term.node, name), term.value)

    def upstream(self, output: Node, red: Node) -> UpstreamView:
        seed = self.trace.drawn.get(output)
        origin = "given" if seed is None else "random" if output.value.ndim else "one"
        return UpstreamView(
            str(red.name), output.name or "out", origin, seed if origin == "random" else None, red.value
        )

    # ---- the forward pass --------------------------------------------------------------------------------------------

    def step(self, step: Step) -> StepView:
        operations = tuple(self.operation(node, node.grad) for node in step.nodes if node.primitive is not None)
        sweep = tuple(self.operation(node, None) for node in step.backward)
        return StepView(
            label=self.folded.label(step),
            groups=self.folded.path(step.group),
            name=step.name,
            code=step.code,
            formula=self.printer.code(step.node),
            caption=step.caption,
            file=file_name(step.file),
            line=step.line,
            operands=self._operands([step]),
            value=step.value,
            gradient=self.gradient(step.node),
            operations=operations,
            sweep=sweep,
            explanation=self.explainer.step(step) if self.explainer else None,
            statement=self.printer.assignment(step) if step.sets_a_part else None,
            loops=self.folded.loop_numbers(step),
            rounds=self.folded.round_numbers(step),
        )

    def operation(self, node: Node, gradient: Array | None) -> OperationView:
        assert node.primitive is not None
        name = node.name or self.parts.get(node)
        return OperationView(
            node.primitive.name, node.primitive.formula, name, self.printer.code(node), node.value, gradient
        )

    def group(self, group: Group) -> GroupView:
        inside = self.members[group]
        result = next((step for step in inside if step.name == group.name), inside[-1])
        return GroupView(
            label=self.folded.label(group),
            groups=self.folded.path(group.parent),
            function=group.function,
            name=group.name,
            code=group.code,
            caption=group.caption,
            line=group.line,
            operands=self._operands(inside),
            value=result.value,
            loops=self.folded.loop_numbers(inside[0], group),
        )

    @staticmethod
    def _operands(steps: list[Step]) -> tuple[str, ...]:
        """The names of the values that steps use and did not make themselves."""
        own = {node for step in steps for node in step.nodes}
        used = [parent for step in steps for node in step.nodes for parent in node.parents if parent not in own]
        return tuple(dict.fromkeys(node.name for node in used if node.name))

    # ---- the backward pass -------------------------------------------------------------------------------------------

    def backward(self) -> Iterator[FlowView]:
        for step in reversed(self.steps):
            label = self.folded.label(step)
            waiting = [node for node in step.backward if node in self.parts]
            for node in reversed(step.nodes):
                for flow, red in self._flows(node, label):
                    while waiting and waiting[0].index < red.index:
                        yield self._part(waiting.pop(0), label)
                    yield flow
            for part in waiting:
                yield self._part(part, label)
        for node in self.trace.inputs.values():
            gradient = self.gradient(node)
            if gradient is not None and node.gradient is not None:
                kind = "sum" if len(gradient.terms) > 1 else "gradient"
                shared = kind == "gradient" and node.gradient.name != gradient.name
                terms = tuple(term.name for term in gradient.terms) if kind == "sum" else ()
                formula = gradient.formula or ""
                yield FlowView("0", gradient.name, node.name, kind, formula, shared, terms, gradient.value)

    def _flows(self, node: Node, label: str) -> Iterator[tuple[FlowView, Node]]:
        """The gradients made when the sweep reaches `node`: the sum of its terms, then one for each operand."""
        if node.gradient is None:
            return
        gradient = self.gradient(node) if node.name and len(node.terms) > 1 else None
        if gradient is not None and len(gradient.terms) > 1:
            names = tuple(term.name for term in gradient.terms)
            yield (
                FlowView(label, gradient.name, node.name, "sum", str(gradient.formula), False, names, gradient.value),
                node.gradient,
            )
        for operand, number in sorted(self.handed.get(node, ()), key=lambda pair: pair[0].terms[pair[1]].position):
            term = operand.terms[number]
            if operand.name and term.position >= 0:
                name = self.names.terms[operand][number]
                if self.folded.over(operand)[number] is not None:
                    formula = adding(self.trace, operand, term, self.printer)
                    name = self.names.gradient(operand)
                    yield FlowView(label, name, operand.name, "added", formula, False, (), term.value), term.node
                    continue
                kind = "term" if len(operand.terms) > 1 else "gradient"
                formula, shared = self._formula(term.node, name), term.node.name != name
                yield FlowView(label, name, operand.name, kind, formula, shared, (), term.value), term.node

    def _part(self, red: Node, label: str) -> FlowView:
        formula = self.printer.code(red)
        if red in self.spread:
            own, terms = self.spread[red], len(self.spread[red].terms)
            shown = next(term.node for term in own.terms if self.folded.is_shown(term.consumer))
            formula = f"{self.printer.reference(shown)} + …, of {terms} rounds"
        return FlowView(label, self.parts[red], None, "part", formula, False, (), red.value)
