"""What a forward pass gives: its output, what it returns besides, what it leaves in the layer."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from backpropviz.diagnose.pairs.protocols import results
from backpropviz.diagnose.pairs.protocols.handing import Ran, parameters
from backpropviz.diagnose.pairs.protocols.names import TARGET, roles
from backpropviz.diagnose.pairs.protocols.record import Subject
from backpropviz.diagnose.pairs.protocols.start import Start, runner
from backpropviz.diagnose.student.parameters import stored
from backpropviz.layers.conventions import kind_of

_OUT = ("output", "out", "outputs", "y", "a", "A", "z", "Z", "o", "activation", "result", "y_hat", "probs", "value")


class Forward:
    """A forward pass that ran.

    Attributes:
        run: runs it on other arrays. ran: what there was afterwards, by name. wanted: the inputs that have gradients.
    """

    def __init__(self, subject: Subject, start: Start, namespace: dict[str, Any]):
        self.subject, self.start, self.namespace = subject, start, namespace
        self.run = runner(start, namespace)
        self.ran = self.run(start.values)
        self.wanted = {name: value for name, value in start.values.items() if value.dtype.kind == "f"}

    @property
    def parameters(self) -> set[str]:
        """The inputs that are learned: what a layer keeps, or what is called like a weight or a bias."""
        named = {name for name in self.wanted if kind_of(name) in ("weight", "vector")}
        return ({*self.start.learned} or named or {*self.wanted}) - {self.start.main}

    @property
    def is_told_apart(self) -> bool:
        """The layer computes something of the shape of the targets, which then stand beside it and not across it."""
        targets = [its.shape for name, its in self.wanted.items() if name != self.start.main and TARGET in roles(name)]
        return bool(targets) and targets[0] in [np.shape(self.value(code)) for code in self._attributes()]

    def readings(self) -> Iterator[Ran]:
        """What may be the output of the forward pass, the likeliest first."""
        every = parameters(self.subject.forward, self.subject.owner is not None)
        settings = tuple(name for name, is_required in every if not is_required)
        for ran in self._outputs():
            yield replace(ran, settings=settings, handed=self.start.settings)

    def is_of_one_example(self) -> bool:
        """It learns nothing, and mixes all entries of a matrix: a single example is meant, as a column."""
        main = self.start.main
        if self.start.learned or not main or [*self.wanted] != [main] or self.wanted[main].ndim != 2:
            return False
        (code, *_), x = next((ran.outputs for ran in self.readings()), ("None",)), self.wanted[main]
        whole = self.value(code)
        try:
            part = eval(code, {**self.namespace, **self.run({**self.start.values, main: x[:, :1]})})
        except (Exception, SystemExit):
            return False
        return np.shape(whole) == x.shape and np.ptp(part) > 0 and not np.allclose(whole[:, :1], part)

    def _outputs(self) -> Iterator[Ran]:
        result, arguments = self.ran["result"], self.start.arguments
        words = results.names_returned(self.subject.forward)
        given = self.start.values
        labels = [name for name in arguments[1:] if name in given and given[name].dtype.kind == "i"]
        takes_targets = bool(labels) or (len(arguments) > 1 and any(TARGET in roles(name) for name in arguments))
        inside = tuple(self._attributes())
        box = self.start.box
        if box is not None and box.data and box.is_one(result):
            is_loss = takes_targets and np.size(self.value(box.of("result"))) == 1
            yield Ran(arguments, (box.of("result"),), "result", {words[0]: "result"} if words else {}, is_loss=is_loss)
        elif result is None:
            for code in inside:
                yield Ran(arguments, (code,), is_loss=takes_targets and np.ndim(self.value(code)) < 2)
        elif isinstance(result, dict):
            arrays = [key for key, value in result.items() if is_output(value)]
            named = {str(key): f"result[{key!r}]" for key in result}
            for key in reversed(arrays):
                yield Ran(arguments, (f"result[{key!r}]",), "result", named)
        elif isinstance(result, tuple | list):
            named = {name: f"result[{i}]" for i, name in enumerate(words) if name} if len(words) == len(result) else {}
            yield from self._of_several(result, named, inside[:1])
        else:
            is_loss = takes_targets and (np.ndim(result) < 2 or np.size(result) == 1)
            named = {words[0]: "result"} if len(words) == 1 and words[0] else {}
            is_loss = is_loss or (np.size(result) == 1 and any(np.ndim(value) for value in given.values()))
            code = "np.sum(result)" if is_loss and np.size(result) == 1 and np.ndim(result) else "result"
            yield Ran(arguments, (code,), "", named, inside[:2] if is_loss else (), is_loss=is_loss)

    def _of_several(self, result: Sequence[Any], named: dict[str, str], inside: tuple[str, ...]) -> Iterator[Ran]:
        """Of several values that came back, one is the output, a number before all others; or all arrays are."""
        places = [i for i, value in enumerate(result) if is_output(value)]
        numbers = [i for i in places if np.ndim(result[i]) == 0]
        for i in dict.fromkeys((*numbers[:1], *places[:1], *places[-1:])):
            cache = _together([j for j in range(len(result)) if j != i])
            is_loss = np.ndim(result[i]) == 0
            yield Ran(self.start.arguments, (f"result[{i}]",), cache, named, inside, is_loss=is_loss)
        if len(places) > 1:
            cache = _together([j for j in range(len(result)) if j not in places])
            yield Ran(self.start.arguments, tuple(f"result[{i}]" for i in places), cache, named)

    def _attributes(self) -> list[str]:
        """The places in the layer that the forward pass fills with arrays, the likeliest output first."""
        layer = self.ran.get("layer")
        if layer is None or self.subject.owner is None:
            return []
        kept = list(dict.fromkeys(stored(self.subject.forward)))
        handed = [self.ran[name] for name in self.start.arguments]
        fitting = []
        for place in reversed(kept):
            value = self.value(f"layer.{place}")
            if is_output(value) and not any(value is other for other in handed):
                fitting.append(place)
        if not fitting:  # nothing is done to what comes in
            fitting = [place for place in kept if place in _OUT and is_output(self.value(f"layer.{place}"))]
        order = [*(place for place in _OUT if place in fitting), *fitting]
        return [f"layer.{place}" for place in dict.fromkeys(order)]

    def value(self, code: str) -> Any:
        """What an expression is after the run; None where a place is not there."""
        try:
            return eval(code, {**self.namespace, **self.ran})
        except Exception:  # a place that is not there
            return None


def _together(places: list[int]) -> str:
    """The results at these places as one value."""
    parts = [f"result[{i}]" for i in places]
    return parts[0] if len(parts) == 1 else f"({', '.join(parts)},)" if parts else ""


def is_output(value: Any) -> bool:
    """Whether a value can be an output: floats."""
    return isinstance(value, np.ndarray | float | np.floating) and np.asarray(value).dtype.kind == "f"
