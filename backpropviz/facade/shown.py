"""Results that show themselves, in notebooks and at prompts."""

from __future__ import annotations

import inspect
from pathlib import Path
from types import FunctionType, ModuleType
from typing import TYPE_CHECKING, Any

from backpropviz.errors import BackpropvizError, TraceError
from backpropviz.layers.layer import Layer
from backpropviz.layers.library import load
from backpropviz.show.display import Code, Display
from backpropviz.study.entries import EntryStory
from backpropviz.study.gradcheck import Report

if TYPE_CHECKING:
    from backpropviz.engine.trace import Trace
    from backpropviz.study.closed.form import ClosedForm


class Checked(Display):
    """The verdict of a gradient check.

    Attributes:
        report: every check, as records.
    """

    def __init__(self, report: Report):
        from backpropviz.show.tables.checks import checks

        self.report = report
        super().__init__(checks(report))

    @property
    def passed(self) -> bool:
        """Whether all gradients are right."""
        return self.report.passed


class Closed(Code):
    """A closed form: a string of Python code, under what was proved of it.

    Attributes:
        form: the record: what was searched, what it was held against, and why it is so.
    """

    form: ClosedForm

    @classmethod
    def of(cls, form: ClosedForm) -> Closed:
        from backpropviz.study.closed.telling import text

        made = cls(text(form))
        made.form = form
        return made

    @property
    def code(self) -> str:
        """The code alone."""
        return self.form.code

    @property
    def lines(self) -> list[str]:
        """What is new in it."""
        return self.form.lines

    @property
    def is_shorter(self) -> bool:
        """Whether anything shorter than the derived code was found."""
        return self.form.is_shorter

    @property
    def before(self) -> int:
        """Operations of the derived code."""
        return self.form.before

    @property
    def after(self) -> int:
        """Operations of this one."""
        return self.form.after

    @property
    def explanation(self) -> str:
        """Why it is so."""
        from backpropviz.study.closed.telling import explained

        return explained(self.form)

    def to_dict(self) -> dict[str, Any]:
        """The record, as `backpropviz derive --closed-form --json` prints it."""
        from backpropviz.study.closed.telling import to_dict

        return to_dict(self.form)

    def _repr_latex_(self) -> str:
        from backpropviz.study.closed.telling import latex

        return latex(self.form)


def layer_of(trace: Trace) -> Layer:
    """The layer that a trace is of, whose inputs can be drawn anew; of an object, its class as its file has it.

    Raises:
        TraceError: the class is in no file, or made from its file it takes other steps than this object.
    """
    function = trace.callable
    if not isinstance(function, FunctionType):
        holders = getattr(function, "holders", {})
        return _of_class(trace, type(holders.get("self", function)))
    module = ModuleType(function.__module__)
    vars(module).update(function.__globals__)
    return Layer(trace.layer, function, Path(function.__code__.co_filename), module)


def _of_class(trace: Trace, owner: type) -> Layer:
    try:
        layer = load(f"{inspect.getsourcefile(owner)}:{owner.__name__}")
        steps = [step.name for step in layer.trace(verify=False).steps]
    except (TypeError, OSError, BackpropvizError) as error:
        raise TraceError(
            f"no inputs can be drawn anew for {owner.__name__}, which is in no file that can be traced by itself",
            fix="Put it in a file, and ask by that: backpropviz derive file.py:Class --closed-form",
        ) from error
    if steps != [step.name for step in trace.steps]:
        raise TraceError(
            f"{owner.__name__}, made anew, takes other steps than this object",
            fix="Write what it computes as a function of its arrays, and trace that.",
        )
    return layer


class Entry(EntryStory):
    """One entry and where it comes from, shown as `backpropviz show --entry` prints it."""

    _layer = ""

    @classmethod
    def of(cls, story: EntryStory, layer: str) -> Entry:
        made = cls(**vars(story))
        object.__setattr__(made, "_layer", layer)
        return made

    def __repr__(self) -> str:
        return repr(self._display)

    def _repr_html_(self) -> str:
        return self._display._repr_html_()

    @property
    def _display(self) -> Display:
        from backpropviz.show.display import WIDTH
        from backpropviz.show.entries import entry

        return Display(entry(self, self._layer, WIDTH))
