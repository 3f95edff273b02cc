"""What is put around a backward pass that fails however it is called, so that the line that fails can be told."""

from __future__ import annotations

import traceback
from collections.abc import Iterator
from dataclasses import replace

from backpropviz.diagnose.pairs.protocols import results
from backpropviz.diagnose.pairs.protocols.handing import GIVEN, handings
from backpropviz.diagnose.pairs.protocols.losses import losses
from backpropviz.diagnose.pairs.protocols.record import Adapter
from backpropviz.diagnose.pairs.protocols.subjects import STEPS
from backpropviz.diagnose.pairs.protocols.trial import Trial
from backpropviz.diagnose.pairs.protocols.writing import Way, written


def guessed(trial: Trial) -> list[Adapter]:
    """The functions for a backward pass that fails, where names say how it is called and what it gives."""
    backward = trial.subject.backward
    if backward is None:
        return []
    for ran in trial.readings():
        for way in handings(trial.subject, ran):
            outputs = tuple(ran.outputs[: max(1, way.upstream)])
            gradients = results.written(backward, trial.start.main, trial.wanted, trial.start.learned)
            guess = Way(outputs, way, trial.call(way), gradients)
            guesses = _of_steps(trial, guess) if way.targets else iter([guess])
            if way.is_sure and gradients and (found := next(guesses, None)):
                return [replace(written(trial, found, sure=True), fit=(0.0, 0.5))]
    return []


def _of_steps(trial: Trial, way: Way) -> Iterator[Way]:
    """A step that comes to its first layer too early, with the file's own loss that it starts from."""
    if trial.subject.backward is None or trial.subject.backward.name not in STEPS:
        return
    out = trial.value(way.outputs[0])
    for loss in losses(trial.namespace, trial.functions, out, trial.ran):
        if loss.said.endswith("of the file") and trial.is_number(loss, out):
            given = {GIVEN: trial.namespace["__targets__"](out, loss.targets)}
            if _fails_in_the_first_layer(trial, way, given):
                # gradients of what comes in are nobody's business in a step
                learned = {name: code for name, code in way.gradients.items() if name in trial.start.learned}
                yield replace(way, loss=loss, gradients=learned)


def _fails_in_the_first_layer(trial: Trial, way: Way, given: dict[str, object]) -> bool:
    """Whether shapes do not fit in the backward pass of the layer that comes last on the way back.

    What fails elsewhere may fail because of the targets, or of what the network was to be told before.
    """
    try:
        trial.after(way, given)
    except ValueError as error:
        owners = [frame.f_locals.get("self") for frame, _ in traceback.walk_tb(error.__traceback__)]
        held = [value for its in owners if type(its).__name__ == trial.subject.names[0].partition(".")[0]
                for value in vars(its).values()]  # fmt: skip
        return any(isinstance(its, list | tuple) and its and its[0] is owners[-1] for its in held)
    except (Exception, SystemExit):
        return False
    return False
