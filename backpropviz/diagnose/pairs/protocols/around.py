"""The functions around a student's passes: every way to call them is tried, and those that fit are written down."""

from __future__ import annotations

import ast
import contextlib
from typing import Any

from backpropviz.diagnose.pairs.binding import CannotCall
from backpropviz.diagnose.pairs.protocols.guesses import guessed
from backpropviz.diagnose.pairs.protocols.record import Adapter, NoFit, Subject
from backpropviz.diagnose.pairs.protocols.starts import starts
from backpropviz.diagnose.pairs.protocols.supposed import alike
from backpropviz.diagnose.pairs.protocols.trial import Trial

_MANY = 0.5  # of the gradients that have the shapes of their inputs: what was found first may be meant


def around(subject: Subject, namespace: dict[str, Any], functions: dict[str, ast.FunctionDef]) -> list[Adapter]:
    """The functions around a subject that fit, the best first.

    Raises:
        NoFit: none does; the text says what was tried.
    """
    tried: list[str] = []
    found: list[Adapter] = []
    partly: list[Adapter] = []
    failing: Trial | None = None

    def is_right() -> bool:
        return any(adapter.fit[0] for adapter in found)

    def has_shapes() -> bool:
        """All gradients of one have the shapes of their inputs."""
        return any(adapter.fit[2] == 1 for adapter in found)

    try:
        for start in starts(subject, namespace):
            trial = Trial(subject, start, namespace, functions, tried)
            if failing is None or (trial.is_told_apart and not failing.is_told_apart):
                failing = trial  # of these, the one to blame something for
            first = len(found)
            for manner in trial.first_manners:
                found += Trial(subject, start.in_manner(manner), namespace, functions, tried).adapters()
            if not is_right():
                found += trial.adapters()
            for manner in () if is_right() else trial.manners:
                found += Trial(subject, start.in_manner(manner), namespace, functions, tried).adapters()
            for shapes in trial.other_shapes():
                with contextlib.suppress(CannotCall):
                    if not is_right():
                        found += Trial(subject, start.of_shapes(shapes), namespace, functions, tried).adapters()
            in_doubt = has_shapes() and not is_right() and subject.owner is None  # shapes alone do not tell
            for shapes in alike(start.values) if in_doubt else ():
                with contextlib.suppress(CannotCall):
                    found += Trial(subject, start.of_shapes(shapes), namespace, functions, tried).adapters()
            is_supposed = bool(start.fixed and start.learned and not start.target) or any(
                adapter.fit[2] >= _MANY for adapter in found[:first]
            )
            if is_supposed:  # in doubt, what was found first is meant
                partly += [adapter for adapter in found[first:] if adapter.fit[2] == 1]
                found[first:] = [adapter for adapter in found[first:] if adapter.fit[0]]
            if has_shapes():
                break
        if not is_right() and failing is not None and failing.is_of_one_example():
            one = failing.start.of_shapes({failing.start.main: (5, 1)})
            found += [its for its in Trial(subject, one, namespace, functions, tried).adapters() if its.fit[0]]
    except CannotCall as error:
        if not found:
            raise NoFit(str(error)) from None
    if not found and failing is not None:
        found = partly or guessed(failing)
    found.sort(key=_merit, reverse=True)
    if not found and not tried:
        raise NoFit("no inputs were found on which its forward pass runs")
    if not found:
        raise NoFit(f"no way of calling it fits; tried: {'; '.join(dict.fromkeys(tried[:6]))}")
    return found


def _merit(adapter: Adapter) -> tuple[float, ...]:
    """How well an adapter fits; where none is right, a loss of the file's own is likelier than another that gives more
    right gradients."""
    all_right, share, _, _, is_own, *_ = fit = adapter.fit if len(adapter.fit) > 4 else (*adapter.fit, *[0.0] * 5)
    return (all_right, is_own if share else 0.0, *fit)
