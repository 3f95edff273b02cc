"""The functions around a student's passes: every way to call them is tried, and those that fit are written down."""

from __future__ import annotations

import ast
import contextlib
import copy
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from backpropviz.diagnose.pairs.binding import CannotCall
from backpropviz.diagnose.pairs.protocols import results
from backpropviz.diagnose.pairs.protocols.handing import Handing, Ran, handings
from backpropviz.diagnose.pairs.protocols.losses import Loss, losses
from backpropviz.diagnose.pairs.protocols.names import TARGET, roles
from backpropviz.diagnose.pairs.protocols.record import Adapter, NoFit, Subject, Wrapped
from backpropviz.diagnose.pairs.protocols.results import After
from backpropviz.diagnose.pairs.protocols.start import Start, of_shapes, runner, starts
from backpropviz.diagnose.pairs.protocols.values import Values, is_one, upstream
from backpropviz.diagnose.student.parameters import stored

_OUT = ("output", "out", "outputs", "y", "a", "A", "z", "Z", "o", "activation", "result", "y_hat", "probs", "value")


@dataclass(frozen=True)
class _Way:
    """One way to call both passes, as far as it is known.

    Attributes:
        outputs: expressions for what the forward pass computes. handing: how the backward pass is called; None where
            the forward pass returns the gradients. loss: what the output goes into, where targets come with the
            backward pass. gradients: expressions by input. scale: what parameters' gradients are divided by.
    """

    outputs: tuple[str, ...]
    handing: Handing | None
    back: str
    gradients: dict[str, str]
    loss: Loss | None = None
    local: bool = False
    scale: str = ""


def around(subject: Subject, namespace: dict[str, Any], functions: dict[str, ast.FunctionDef]) -> list[Adapter]:
    """The functions around a subject that fit, the best first.

    Raises:
        NoFit: none does; the text says what was tried.
    """
    tried: list[str] = []
    found: list[Adapter] = []
    failing: _Trial | None = None
    try:
        for start in starts(subject, namespace):
            trial = _Trial(subject, start, namespace, functions, tried)
            found += trial.adapters()
            if trial.shapes and not any(adapter.fit[0] for adapter in found) and not start.learned:
                with contextlib.suppress(CannotCall):
                    other = of_shapes(subject, namespace, start, trial.shapes)
                    found += _Trial(subject, other, namespace, functions, tried).adapters()
            if found:
                break
            failing = failing or trial
    except CannotCall as error:
        raise NoFit(str(error)) from None
    if not found and failing is not None:
        found = failing.guessed()
    found.sort(key=lambda adapter: adapter.fit, reverse=True)
    if not found and not tried:
        raise NoFit("no inputs were found on which its forward pass runs")
    if not found:
        raise NoFit(f"no way of calling it fits; tried: {'; '.join(dict.fromkeys(tried[:6]))}")
    return found


class _Trial:
    """All ways to call the passes of a subject whose forward pass runs."""

    def __init__(
        self, subject: Subject, start: Start, namespace: dict[str, Any], functions: dict[str, ast.FunctionDef],
        tried: list[str],
    ):  # fmt: skip
        self.subject, self.start, self.namespace, self.functions = subject, start, namespace, functions
        self.tried = tried
        self.run = runner(start, namespace)
        self.ran = self.run(start.values)
        self.wanted = {name: value for name, value in start.values.items() if value.dtype.kind == "f"}
        self.values = Values(self.run, start.values, namespace)
        self.shapes: dict[str, tuple[int, ...]] = {}

    def adapters(self) -> list[Adapter]:
        found: list[Adapter] = []
        if not self.start.main:
            return found
        for ran in self._readings():
            for way in self._ways(ran):
                found.append(self._judged(way, ran))
            if any(adapter.fit[0] == 1 for adapter in found):
                break
        return found

    # ---- what the forward pass gave --------------------------------------------------------------------------------

    def _readings(self) -> Iterator[Ran]:
        """What may be the output of the forward pass, the likeliest first."""
        result = self.ran["result"]
        words = results.names_returned(self.subject.forward)
        arguments = self.start.arguments
        takes_targets = any(TARGET in roles(name) for name in arguments[1:])
        inside = tuple(code for code in self._attributes() if code != "result")
        if result is None:
            for code in inside:
                yield Ran(arguments, (code,), is_loss=takes_targets and np.ndim(self._value(code)) < 2)
            return
        if isinstance(result, dict):
            arrays = [key for key, value in result.items() if _is_output(value)]
            named = {str(key): f"result[{key!r}]" for key in result}
            for key in reversed(arrays):
                yield Ran(arguments, (f"result[{key!r}]",), "result", named)
            return
        if not isinstance(result, tuple | list):
            is_loss = takes_targets and np.ndim(result) < 2
            kept = inside if is_loss or self.start.learned else ()
            named = {words[0]: "result"} if len(words) == 1 and words[0] else {}
            yield Ran(arguments, ("result",), "", named, kept[:2] if is_loss else (), is_loss or np.ndim(result) == 0)
            return
        places = [i for i, value in enumerate(result) if _is_output(value)]
        named = {name: f"result[{i}]" for i, name in enumerate(words) if name} if len(words) == len(result) else {}
        numbers = [i for i in places if np.ndim(result[i]) == 0]
        for i in dict.fromkeys((*numbers[:1], *places[:1], *places[-1:])):
            rest = [j for j in range(len(result)) if j != i]
            cache = f"result[{rest[0]}]" if len(rest) == 1 else f"({', '.join(f'result[{j}]' for j in rest)},)"
            yield Ran(arguments, (f"result[{i}]",), cache if rest else "", named, inside[:1], np.ndim(result[i]) == 0)
        if len(places) > 1:
            rest = [j for j in range(len(result)) if j not in places]
            cache = f"result[{rest[0]}]" if len(rest) == 1 else f"({', '.join(f'result[{j}]' for j in rest)},)"
            yield Ran(arguments, tuple(f"result[{i}]" for i in places), cache if rest else "", named)

    def _attributes(self) -> list[str]:
        """The places in the layer that the forward pass fills with arrays, the likeliest output first."""
        layer = self.ran.get("layer")
        if layer is None or self.subject.owner is None:
            return []
        kept = list(dict.fromkeys(stored(self.subject.forward)))
        handed = [self.ran[name] for name in self.start.arguments]
        fitting = []
        for place in reversed(kept):
            value = self._value(f"layer.{place}")
            if _is_output(value) and not any(value is other for other in handed):
                fitting.append(place)
        order = [*(place for place in _OUT if place in fitting), *fitting]
        return [f"layer.{place}" for place in dict.fromkeys(order)]

    def guessed(self) -> list[Adapter]:
        """The functions for a backward pass that fails, where names say how it is called and what it gives."""
        backward = self.subject.backward
        if backward is None:
            return []
        for ran in self._readings():
            for way in handings(self.subject, ran):
                outputs = tuple(ran.outputs[: max(1, way.upstream)])
                gradients = results.written(backward, self.start.main, self.wanted, self.start.learned)
                if way.is_sure and gradients and not way.targets:
                    guess = _Way(outputs, way, self._call(way), gradients)
                    return [replace(self._written(guess, sure=True), fit=(0.0, 0.5))]
        return []

    def _value(self, code: str) -> Any:
        try:
            return eval(code, {**self.namespace, **self.ran})
        except Exception:  # a place that is not there
            return None

    # ---- what the backward pass gives ------------------------------------------------------------------------------

    def _ways(self, ran: Ran) -> Iterator[_Way]:
        outputs = [self._value(code) for code in ran.outputs]
        if not all(_is_output(value) and np.size(value) and np.isfinite(value).all() for value in outputs):
            return
        if self.subject.backward is None:
            if ran.is_loss and isinstance(self.ran["result"], tuple | list):
                yield from self._read(_Way(ran.outputs, None, "result", {}), {}, ran)
            return
        for way in handings(self.subject, ran):
            call = self._call(way)
            self.tried.append(call)
            chosen = way
            per_example = ran.is_loss and np.ndim(outputs[0]) == 1 and not way.upstream
            codes = [f"np.mean({ran.outputs[0]})", f"np.sum({ran.outputs[0]})"] if per_example else [ran.outputs[0]]
            if way.targets:
                yield from self._with_losses(ran, chosen, call, outputs[0])
                continue
            for code in codes:
                outs = (code, *ran.outputs[1:]) if way.upstream < 2 else ran.outputs[: way.upstream]
                if way.upstream == 1:
                    outs = outs[:1]
                local = not way.upstream and np.ndim(self._value(outs[0])) > 0
                yield from self._read(_Way(outs[: max(1, way.upstream)], chosen, call, {}, None, local), {}, ran)

    def _call(self, way: Handing) -> str:
        name = self.subject.names[1]
        callee = f"layer.{name.partition('.')[2]}" if self.subject.owner is not None else name
        return f"{callee}({', '.join(way.arguments)})"

    def _with_losses(self, ran: Ran, way: Handing, call: str, out: Any) -> Iterator[_Way]:
        """Targets come with the backward pass: the losses that it may be the gradient of."""
        read: dict[str, list[_Way]] = {}
        for loss in losses(self.namespace, self.functions, out):
            if loss.targets not in read:
                target = self.namespace["__targets__"](out, loss.targets)
                plain = _Way(ran.outputs, way, call, {})
                read[loss.targets] = list(self._read(plain, {"target": target}, ran))
            for found in read[loss.targets]:
                yield replace(found, loss=loss)

    def _read(self, way: _Way, given: dict[str, Any], ran: Ran) -> Iterator[_Way]:
        """The way with the gradients that it gives, if it runs and gives some."""
        known = {**self.namespace, **copy.deepcopy(self.ran), **given}
        known |= upstream([self._value(code) for code in way.outputs])
        before = copy.deepcopy(known.get("layer"))
        try:
            np.random.seed(0)
            back = eval(way.back, known)
        except (Exception, SystemExit):  # this call does not fit, or the student's code fails
            return
        function = self.subject.backward or self.subject.forward
        if self.subject.backward is None:
            back = [value for i, value in enumerate(back) if f"result[{i}]" not in way.outputs]
            rest = [f"result[{i}]" for i in range(len(self.ran["result"])) if f"result[{i}]" not in way.outputs]
            back = back[0] if len(back) == 1 else back
            way = replace(way, back=rest[0] if len(rest) == 1 else f"[{', '.join(rest)}]")
        after = After(
            back, known.get("layer"), before, self.wanted, self.start.main, self.start.learned,
            self._names_returned(function, way),
        )  # fmt: skip
        gradients = results.read(after, list(stored(function)))
        if way.local:
            gradients = self._chained(back, way)
        if gradients:
            yield replace(way, gradients=gradients)

    def _names_returned(self, function: ast.FunctionDef, way: _Way) -> list[str]:
        names = results.names_returned(function)
        if self.subject.backward is None:
            kept = [name for i, name in enumerate(names) if f"result[{i}]" not in way.outputs]
            return kept if len(names) == len(self.ran["result"]) else []
        return names

    def _chained(self, back: Any, way: _Way) -> dict[str, str]:
        """A local derivative: entry by entry, or as a matrix for each example."""
        shape = np.shape(self._value(way.outputs[0]))
        main = self.start.main
        same = results.is_gradient(back) or getattr(back, "dtype", None) == np.dtype(bool)
        if same and np.shape(back) == shape == np.shape(self.wanted[main]):
            return {main: "dout * back"}
        return {}

    # ---- which way it is -------------------------------------------------------------------------------------------

    def _judged(self, way: _Way, ran: Ran) -> Adapter:
        """The functions for a way, and how well it does: the share of right values, of right shapes, how sure it is."""
        target = self._target(way)
        loss = way.loss.code if way.loss is not None else ""
        gradients = {name: self._gradient(way, name, target) for name in way.gradients}
        quotients = {
            name: self.values.quotient(name, its, way.outputs, loss, target) for name, its in gradients.items()
        }
        main = self.start.main
        scale = "" if loss or ran.is_loss else self.values.scale(quotients, main)
        if scale:
            number = eval(scale, dict(self.start.values))
            quotients = {name: q if name == main else q / number for name, q in quotients.items()}
            way = replace(way, scale=scale)
        right = sum(map(is_one, quotients.values()))
        shapes = sum(np.shape(its) == np.shape(self.wanted[name]) for name, its in gradients.items())
        for name, its in gradients.items():  # a bias may be a row, or a column, which the forward pass does not tell
            if np.shape(its) != np.shape(self.wanted[name]) and np.squeeze(its).shape == self.wanted[name].shape:
                self.shapes[name] = np.shape(its)
        count = len(way.gradients)
        sure = way.handing is None or way.handing.is_sure
        own = way.loss is not None and way.loss.said.endswith("of the file")
        fit = (right == count, right / count, shapes / count, sure, own, count, -bool(scale))
        return replace(self._written(way, sure), fit=tuple(map(float, fit)))

    def _target(self, way: _Way) -> dict[str, Any]:
        if way.loss is None:
            return {}
        return {"target": self.namespace["__targets__"](self._value(way.outputs[0]), way.loss.targets)}

    def _gradient(self, way: _Way, name: str, target: dict[str, Any]) -> Any:
        """What a way gives for an input, on the first inputs."""
        known = {**self.namespace, **copy.deepcopy(self.ran), **target}
        known["before"] = copy.deepcopy(known.get("layer"))
        known |= upstream([self._value(code) for code in way.outputs])
        np.random.seed(0)
        known["back"] = eval(way.back, known)
        return eval(way.gradients[name], known)

    def _written(self, way: _Way, sure: bool) -> Adapter:
        """The text of both functions."""
        stem, start = self.subject.stem, self.start
        kept = [name for name in dict.fromkeys(("layer", "result", *start.arguments)) if name in self.ran]
        outs = ", ".join(way.outputs)
        lines = [*start.lines, f"result = {start.run}"]
        if way.loss is not None:
            lines += [f"out = {way.outputs[0]}", f"target = __targets__(out, {way.loss.targets!r})"]
            outs = way.loss.code
            kept.append("target")
        lines.append(f"return {outs}, ({', '.join(kept)},)")
        douts = ["dout"] if len(way.outputs) == 1 else [f"dout{i + 1}" for i in range(len(way.outputs))]
        after = [f"{', '.join(kept)}, = __copied__(cache)"]
        if any("before." in code for code in way.gradients.values()):
            after.append("before = __copied__(layer)")
        after.append(f"back = {way.back}")
        scale = f"{way.scale} * " if way.scale else ""
        for name, code in way.gradients.items():
            code = f"{scale}({code})" if scale and name != start.main else code
            after.append(f"d{name} = {code}")
        gradients = ", ".join(f"d{name}" for name in way.gradients)
        after.append(f"return {gradients}")
        names = f"{stem}_forward", f"{stem}_backward"
        text = _function(names[0], start.head, lines) + _function(names[1], [*douts, "cache"], after)
        unseen = tuple(
            name for name in self.wanted if name not in way.gradients and name in start.learned
        )  # fmt: skip
        forward, backward = self.subject.names
        wrapped = Wrapped(
            forward,
            backward,
            self.subject.line,
            {**start.shapes, **start.fixed},
            unseen,
            self._said(way),
            _convention(way),
            sure,
        )
        return Adapter(text, *names, wrapped)

    def _said(self, way: _Way) -> str:
        run, back = self.start.run, way.back
        if self.subject.owner is not None:
            run, back = run.replace("layer.", "", 1), back.replace("layer.", "", 1)
        return run if self.subject.backward is None else f"{run}, then {back}"


def _convention(way: _Way) -> str:
    """How a subject was read, where that is not a matter of course."""
    if way.scale:
        axis = "columns" if way.scale.endswith("[-1]") else "rows"
        return (
            f"read as: examples are {axis}, and the gradients of the parameters are means over them (1/m of the cost)"
        )
    if way.loss is not None:
        return f"read as: gradients of {way.loss.said}"
    if way.local:
        return "read as: it gives the local derivative, which its caller multiplies by what comes from above"
    if any("before." in code for code in way.gradients.values()):
        return "read as: it takes a step itself, and the gradients are read off that"
    return ""


def _function(name: str, head: list[str], body: list[str]) -> str:
    return f"def {name}({', '.join(head)}):\n" + "".join(f"    {line}\n" for line in body) + "\n"


def _is_output(value: Any) -> bool:
    return isinstance(value, np.ndarray | float | np.floating) and np.asarray(value).dtype.kind == "f"
