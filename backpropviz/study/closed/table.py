"""The table of closed forms: a row for each layer, found, proved and timed when it is asked for."""

from __future__ import annotations

import inspect
import statistics
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from backpropviz.code.derive import derive
from backpropviz.layers.library import Layer
from backpropviz.study.closed.form import ClosedForm, closed_form
from backpropviz.study.closed.scenes import scene
from backpropviz.study.closed.telling import proved_how
from backpropviz.study.compare import medians

_TIMES, _SECONDS = 5, 0.2


@dataclass(frozen=True)
class Row:
    """What was found for one layer.

    Attributes:
        before, after: operations of its backward pass, step by step and in closed form; equal where none is shorter.
        faster: how many times faster the whole function is; None where it was not measured.
        proved: what it was held against; "" where nothing is shorter.
    """

    layer: str
    before: int
    after: int
    faster: float | None
    proved: str

    @property
    def cells(self) -> tuple[str, ...]:
        """As they stand in a table."""
        faster = "" if self.faster is None else f"{self.faster:.1f}"
        return self.layer, str(self.before), str(self.after), faster, self.proved or "nothing shorter was found"


HEAD = ("layer", "operations before", "after", "times faster", "proved")


def row(layer: Layer, timed: bool = True) -> Row:
    """Search a layer's closed form.

    Args:
        timed: whether both ways are run on the layer's sizes for `compare`.

    Raises:
        TraceError: its derived code does not hold on other runs. InputError: its backward pass is too long.
    """
    form = closed_form(layer)
    if not form.is_shorter:
        return Row(layer.name, form.before, form.after, None, "")
    faster = _times_faster(layer, form) if timed else None
    return Row(layer.name, form.before, form.after, faster, proved_how(form))


def _times_faster(layer: Layer, form: ClosedForm) -> float:
    """By the whole function, with the forward values that it computes again; the two take turns.

    In seconds of this process: what else the machine does would count for one of them more than for the other.
    """
    shapes, _ = layer.case("compare")
    trace = layer.trace(shapes=shapes)
    given = scene(trace).arguments(form.program.listing)
    calls = [_called(code, form.program.listing.name, given) for code in (derive(trace), form.code)]
    measured = [medians(calls, _SECONDS, time.process_time)[0] for _ in range(_TIMES)]
    return statistics.median(long / short for long, short in measured)


def _called(code: str, name: str, given: Mapping[str, Any]) -> Callable[[], Any]:
    """The function of that name, with what it takes of the given values."""
    scope: dict[str, Any] = {}
    exec(code, scope)
    taken = {each: given[each] for each in inspect.signature(scope[name]).parameters if each in given}
    return lambda: scope[name](**taken)
