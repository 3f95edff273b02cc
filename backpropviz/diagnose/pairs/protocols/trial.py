"""All ways to call the passes of a subject whose forward pass runs, and how well each of them does."""

from __future__ import annotations

import ast
import copy
from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any

import numpy as np

from backpropviz.diagnose.pairs import inputs
from backpropviz.diagnose.pairs.axes import may_be_number
from backpropviz.diagnose.pairs.protocols import results
from backpropviz.diagnose.pairs.protocols.alone import FIRST, takes_one_entry
from backpropviz.diagnose.pairs.protocols.context import takes_context
from backpropviz.diagnose.pairs.protocols.handing import GIVEN, NONE, STRONG, Handing, Ran, handed
from backpropviz.diagnose.pairs.protocols.losses import Loss, losses
from backpropviz.diagnose.pairs.protocols.names import TARGET, roles
from backpropviz.diagnose.pairs.protocols.penalties import with_penalty
from backpropviz.diagnose.pairs.protocols.readings import Forward, is_output
from backpropviz.diagnose.pairs.protocols.record import Adapter, Subject
from backpropviz.diagnose.pairs.protocols.results import After
from backpropviz.diagnose.pairs.protocols.start import Start
from backpropviz.diagnose.pairs.protocols.subjects import STEPS, divides
from backpropviz.diagnose.pairs.protocols.values import Values, is_mean, is_one, upstream
from backpropviz.diagnose.pairs.protocols.writing import Way, written
from backpropviz.diagnose.student.parameters import step_size, stored
from backpropviz.layers.conventions import kind_of


class Trial(Forward):
    """All ways to call the passes of a subject whose forward pass runs."""

    def __init__(
        self, subject: Subject, start: Start, namespace: dict[str, Any], functions: dict[str, ast.FunctionDef],
        tried: list[str],
    ):  # fmt: skip
        super().__init__(subject, start, namespace)
        self.functions, self.tried = functions, tried
        self.values = Values(self.run, start.values, namespace)
        self.shapes: dict[str, tuple[int, ...]] = {}

    @property
    def first_manners(self) -> list[inputs.Manner]:
        """How inputs of a loss that clips probabilities are made up: beyond 0 and 1 its gradient is none of theirs."""
        return [m for m in inputs.MANNERS if self.is_loss and "clip" in self._words and "shares" in m]

    @property
    def _words(self) -> set[str]:
        return {getattr(node, "attr", getattr(node, "id", "")) for node in ast.walk(self.subject.forward)}

    @property
    def manners(self) -> list[inputs.Manner]:
        """Other ways to make up inputs: of a loss, which takes targets, and perhaps the logarithm of probabilities."""
        if not self.is_loss:  # what the loss outside takes the logarithm of may come near 0 or 1
            takes = [] if self.subject.backward is None else [its.arg for its in self.subject.backward.args.args]
            return [("small",)] if any(TARGET in roles(name) for name in takes) else []
        takes_logs = any("log" in word for word in self._words) or self._words & {"clip", "maximum"}
        is_network = any(kind_of(name) == "weight" for name in self.wanted)  # what it takes is no probability
        return [m for m in inputs.MANNERS[1:] if (takes_logs and not is_network) or "shares" not in m]

    @property
    def is_loss(self) -> bool:
        """It takes targets."""
        return any(inputs.is_target(name, place) for place, name in enumerate(self.start.values))

    def other_shapes(self) -> list[dict[str, tuple[int, ...]]]:
        """Shapes with which gradients may have those of the inputs: a bias may be a row, a column or a number, which
        the forward pass does not tell; beside a number, weights are a vector. Where what is learned is that, a single
        example may be meant.
        """
        main = self.start.main
        if not {*self.shapes} & {*self.start.learned}:
            weights = [name for name, its in self.wanted.items() if kind_of(name) == "weight" and its.ndim == 2]
            alone = [*weights, *(name for name in self.wanted if TARGET in roles(name) and name != main)]
            vectors = {**self.shapes, **{name: self.wanted[name].shape[:1] for name in alone}}
            numbers = any(not its for its in self.shapes.values())
            return [vectors, self.shapes] if numbers and weights else [self.shapes] if self.shapes else []
        x = self.wanted[main].shape
        lone = any(  # of the others, a slip may have taken the shape
            len(shape) == len(x) == 2 and shape[1] == x[1] and self.wanted[name].shape == (shape[0], 1)
            for name, shape in self.shapes.items()
        )
        return [{main: (x[0], 1)}] if lone else []

    def adapters(self) -> list[Adapter]:
        found: list[Adapter] = []
        if not self.start.main:
            return found
        for ran in self.readings():
            for way in self._ways(ran):
                found.append(self._judged(way, ran))
            if any(adapter.fit[0] == 1 for adapter in found):
                break
        return found

    # ---- what the backward pass gives ------------------------------------------------------------------------------

    def _ways(self, forward: Ran) -> Iterator[Way]:
        outputs = [self.value(code) for code in forward.outputs]
        if not all(is_output(value) and np.size(value) and np.isfinite(value).all() for value in outputs):
            return
        if self.subject.backward is None:
            if forward.is_loss and isinstance(self.ran["result"], tuple | list):
                yield from self._read(Way(forward.outputs, None, "result", {}), {}, forward)
            return
        box = self.start.box
        of_numbers = box is None and all(its.ndim == 0 for its in self.start.values.values())
        for way, ran in handed(self.subject, forward, of_numbers):
            call = self.call(way)
            self.tried.append(call)
            chosen = way
            if box is not None and not way.upstream and (not ran.is_loss or box.is_one(self.ran["result"])):
                chosen = way = replace(way, upstream=1, first=(f"result.{box.gradient} = dout",))
            per_example = ran.is_loss and np.ndim(outputs[0]) == 1 and not way.upstream
            codes = [f"np.mean({ran.outputs[0]})", f"np.sum({ran.outputs[0]})"] if per_example else [ran.outputs[0]]
            if self.start.target and not way.upstream:
                plain = Way(ran.outputs, chosen, call, {}, target=self.start.target)
                for loss in losses(self.namespace, self.functions, outputs[0]):
                    if loss.targets == "rows":
                        given = {GIVEN: self.start.values[plain.target]}
                        yield from (replace(its, loss=loss) for its in self._read(plain, given, ran))
            if way.targets:
                yield from self._with_losses(ran, chosen, call, outputs[0])
                continue
            for code in codes:
                outs = (code, *ran.outputs[1:]) if way.upstream < 2 else ran.outputs[: way.upstream]
                if way.upstream == 1:
                    outs = outs[:1]
                if way.upstream == 1 and takes_one_entry(self.subject.backward):
                    outs, chosen = (f"__alone__({outs[0]})",), replace(chosen, first=(*chosen.first, FIRST))
                local = not way.upstream and np.ndim(self.value(outs[0])) > 0
                yield from self._read(Way(outs[: max(1, way.upstream)], chosen, call, {}, None, local), {}, ran)

    def call(self, way: Handing) -> str:
        name = self.subject.names[1]
        if self.subject.owner is None:
            return f"{name}({', '.join(way.arguments)})"
        method, arguments = name.partition(".")[2], list(way.arguments)
        if takes_context(self.subject.forward):
            return f"{self.subject.owner.name}.{method}({', '.join(['layer', *arguments])})"
        return f"layer.{method}({', '.join(arguments)})"

    def _with_losses(self, ran: Ran, way: Handing, call: str, out: Any) -> Iterator[Way]:
        """Targets come with the backward pass: the losses that it may be the gradient of."""
        read: dict[str, list[Way]] = {}
        told = next((value for value in way.arguments if value in (STRONG, NONE)), "")
        usual = losses(self.namespace, self.functions, out, self.ran, self.subject.calls_back())
        every = [its for its in usual if self.is_number(its, out)]
        if told == NONE and any(loss.strength for loss in every):
            return  # it is told of one
        for loss in every:
            if (told == STRONG) != bool(loss.strength):
                continue
            if loss.targets not in read:
                target = self.namespace["__targets__"](out, loss.targets)
                plain = Way(ran.outputs, way, call, {})
                read[loss.targets] = list(self._read(plain, {GIVEN: target}, ran))
            for found in read[loss.targets]:
                yield replace(found, loss=loss)

    def is_number(self, loss: Loss, out: Any) -> bool:
        """Whether it can be computed of this output."""
        given = self.namespace["__targets__"](out, loss.targets)
        try:
            return bool(np.isfinite(float(eval(loss.code, {**self.namespace, **self.ran, "out": out, GIVEN: given}))))
        except (Exception, SystemExit):  # it takes something else
            return False

    def _read(self, way: Way, given: dict[str, Any], ran: Ran) -> Iterator[Way]:
        """The way with the gradients that it gives, if it runs and gives some."""
        try:
            known = self.after(way, given)
        except (Exception, SystemExit):  # this call does not fit, or the student's code fails
            return
        back, before = known["back"], known["before"]
        if self.subject.backward is not None and self.subject.backward.name in STEPS:
            back = None
        function = self.subject.backward or self.subject.forward
        if self.subject.backward is None:
            back = [value for i, value in enumerate(back) if f"result[{i}]" not in way.outputs]
            rest = [f"result[{i}]" for i in range(len(self.ran["result"])) if f"result[{i}]" not in way.outputs]
            back = back[0] if len(back) == 1 else back
            way = replace(way, back=rest[0] if len(rest) == 1 else f"[{', '.join(rest)}]")
        after = After(
            back, known.get("layer"), before, self.wanted, self.start.main, self.start.learned,
            self._names_returned(function, way), way.handing is not None and way.handing.steps,
            self.start.left_on(), {name: known[name] for name in (*self.start.arguments, *self.start.boxed)},
            step_size(function),
        )  # fmt: skip
        gradients = results.read(after, list(stored(function)))
        if way.local:
            gradients = self._chained(back, way)
        if gradients:
            yield replace(way, gradients=gradients)
        for name in results.others(after, gradients):  # the slope of a loss by q, not by p
            yield replace(way, gradients={name: "back"})

    def _names_returned(self, function: ast.FunctionDef, way: Way) -> list[str]:
        names = results.names_returned(function)
        if self.subject.backward is None:
            kept = [name for i, name in enumerate(names) if f"result[{i}]" not in way.outputs]
            return kept if len(names) == len(self.ran["result"]) else []
        return names

    def _chained(self, back: Any, way: Way) -> dict[str, str]:
        """A local derivative: entry by entry, or as a matrix for each example."""
        shape = np.shape(self.value(way.outputs[0]))
        main, wanted = self.start.main, np.shape(self.wanted[self.start.main])
        same = results.is_gradient(back) or getattr(back, "dtype", None) == np.dtype(bool)
        if same and np.shape(back) == shape == wanted:
            return {main: "dout * back"}
        if same and np.shape(back) == wanted and shape == wanted[:-1]:  # a number for each example
            return {main: "dout[..., None] * back"}
        return {}

    # ---- which way it is -------------------------------------------------------------------------------------------

    def _judged(self, way: Way, ran: Ran) -> Adapter:
        """The functions for a way, and how well it does: the share of right values, of right shapes, how sure it is."""
        target = self._target(way)

        def gradients_of(its: Way) -> dict[str, Any]:
            return {name: self.gradient(its, name, target) for name in its.gradients}

        way = with_penalty(self, way, self.call, gradients_of)
        loss = way.loss.code if way.loss is not None else ""
        gradients = gradients_of(way)
        quotients = {
            name: self.values.quotient(name, its, way.outputs, loss, target) for name, its in gradients.items()
        }
        main = self.start.main
        scaled = {name: q for name, q in quotients.items() if name in self.parameters}
        scale = "" if loss or ran.is_loss else self.values.scale(scaled, main, divides(self.subject, self.functions))
        if scale:
            number = eval(scale, dict(self.start.values))
            quotients |= {name: q / number for name, q in scaled.items()}
            way = replace(way, scale=scale)
        if loss and is_mean(quotients.get(main, 1.0), np.shape(self.wanted[main])) and len(quotients) > 1:
            # 1/m is in the parameters' gradients alone: nobody asks for that of the data
            way = replace(way, gradients={name: code for name, code in way.gradients.items() if name != main})
            del quotients[main], gradients[main]
        right = sum(map(is_one, quotients.values()))
        known = {name: np.shape(its) for name, its in self.wanted.items()}
        shapes = sum(np.shape(its) == np.shape(self.wanted[name]) for name, its in gradients.items())
        for name, its in gradients.items():  # a bias may be a row, or a column, which the forward pass does not tell
            others = np.shape(its) != np.shape(self.wanted[name]) and name != self.start.main
            is_longer = np.size(its) > 1 or np.size(self.wanted[name]) == 1
            if others and (is_longer or may_be_number(name, known, bool(loss) or ran.is_loss)):
                self.shapes[name] = np.shape(its)
        count = len(way.gradients)
        own = way.loss is not None and way.loss.said.endswith("of the file")
        sure = way.handing is None or (
            way.handing.is_sure and (own or not way.handing.targets) and (not way.local or self._is_entrywise(way))
        )
        fit = (right == count, right / count, shapes / count, sure, own, count, -bool(scale))
        return replace(written(self, way, sure), fit=tuple(map(float, fit)))

    def _is_entrywise(self, way: Way) -> bool:
        """Every entry of the output rests on one of the input's: a local derivative is an array of its shape."""
        x = self.wanted[self.start.main]
        moved = x.copy()
        moved.flat[0] += 1e-3
        before = np.asarray(self.value(way.outputs[0]))
        after = np.asarray(
            eval(way.outputs[0], {**self.namespace, **self.run({**self.start.values, self.start.main: moved})})
        )
        return bool(before.shape == x.shape and np.array_equal(before.flat[1:], after.flat[1:]))

    def _target(self, way: Way) -> dict[str, Any]:
        if way.loss is None:
            return {}
        if way.target:
            return {GIVEN: self.start.values[way.target]}
        return {GIVEN: self.namespace["__targets__"](self.value(way.outputs[0]), way.loss.targets)}

    def gradient(self, way: Way, name: str, target: dict[str, Any]) -> Any:
        """What a way gives for an input, on the first inputs."""
        return eval(way.gradients[name], self.after(way, target))

    def after(self, way: Way, given: Mapping[str, Any]) -> dict[str, Any]:
        """All that there is by name when the backward pass has run."""
        known = {**self.namespace, **self.start.values, **copy.deepcopy(self.ran), **given}
        known["before"] = copy.deepcopy(known.get("layer"))
        known |= upstream([self.value(code) for code in way.outputs])
        np.random.seed(0)
        for line in way.handing.first if way.handing is not None else ():
            exec(line, known)
        known["back"] = eval(way.back, known)
        return known
