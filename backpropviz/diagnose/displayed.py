"""A diagnosis for notebooks and prompts: `bp.diagnose(forward, backward)`."""

from __future__ import annotations

import sys
from types import ModuleType
from typing import Any

from rich.text import Text  # noqa: TID251

from backpropviz.diagnose.objects import Code, diagnose_objects
from backpropviz.diagnose.telling.render import render_text
from backpropviz.diagnose.verdict import RIGHT, FileReport
from backpropviz.show.display import Display


class Diagnosis(Display):
    """The report on a backward pass, shown as `backpropviz diagnose` prints it.

    Attributes:
        report: the findings as records. right: whether every function that was asked about is right.
    """

    def __init__(self, report: FileReport):
        self.report = report
        super().__init__(Text(render_text(report)))

    @property
    def right(self) -> bool:
        return bool(self.report.functions) and all(its.status == RIGHT for its in self.report.functions)


def diagnosed(
    forward: Code, backward: Code | None = None, *, seconds: float = 60.0, python2: bool = False
) -> Diagnosis:
    """Find the first wrong line of a backward pass written by hand.

        bp.diagnose(swish_forward, swish_backward)
        bp.diagnose(batchnorm_backward)  # its forward pass is known by its name

    Args:
        forward: the forward pass; alone, a backward pass whose name says what it belongs to, or a class with both.
        backward: the function that is looked at.
        seconds: the most that it may take. python2: read the text as Python 2.

    Raises:
        LayerError: the source of a function cannot be had.
    """
    if backward is None:
        return Diagnosis(diagnose_objects(forward, seconds=seconds, python2=python2))
    return Diagnosis(diagnose_objects(backward, forward, seconds=seconds, python2=python2))


class Callable(ModuleType):
    """A package that can be called: it has the name that the function should have."""

    def __call__(self, forward: Code, backward: Code | None = None, **options: Any) -> Diagnosis:
        return diagnosed(forward, backward, **options)


def make_callable(name: str) -> None:
    sys.modules[name].__class__ = Callable
