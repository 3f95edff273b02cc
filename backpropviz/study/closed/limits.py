"""Shorter forms that hold only as a small setting goes to zero: `(p - onehot) / N`, where the loss is log(p + eps).

Textbooks leave eps out where they derive, and put it back in where they compute. What that makes wrong is told.
"""

from __future__ import annotations

from dataclasses import dataclass

from backpropviz.study.closed.beginnings import SCENES
from backpropviz.study.closed.form import ClosedForm, shortened
from backpropviz.study.closed.proof import error_of, proved
from backpropviz.study.closed.scenes import Runs, Stage

_SMALL, _NEXT_TO_NOTHING, _HELD = 1e-2, 1e-15, 10


@dataclass(frozen=True)
class Limit:
    """What the backward pass becomes as a setting goes to zero.

    Attributes:
        setting: its name. value: what it is by default. lines: what is shorter then. count: its operations.
        error: how far it is off at the default, relative to the largest entry of a gradient.
    """

    setting: str
    value: float
    lines: list[str]
    count: int
    error: float

    @property
    def words(self) -> str:
        return (
            f"shorter still, but only as {self.setting} goes to 0: {self.count} operations, "
            f"off by {self.error:.0e} of the largest entry at {self.setting} = {self.value:g}"
        )


def limit_of(form: ClosedForm) -> Limit | None:
    """The form that is shorter as one small setting goes to zero; None where there is none, or where it is exact."""
    layer, given = form.stage.layer, form.stage.given
    for setting, value in layer.settings.items():
        if setting in given or not isinstance(value, float) or not 0 < value < _SMALL:
            continue
        stage = Stage(layer, {**given, setting: _NEXT_TO_NOTHING})
        program, changes, _ = shortened(form.whole, Runs(list(stage.draws(SCENES))))
        short = program.thinned()
        if not changes or short.count >= form.after or not proved(stage, short, _HELD).complete:
            continue
        if proved(form.stage, short, _HELD).complete:  # exact: no matter what the setting is
            continue
        lines = [line for change in changes for line in change.lines]
        return Limit(setting, value, lines, short.count, error_of(short, form.stage.base))
    return None
