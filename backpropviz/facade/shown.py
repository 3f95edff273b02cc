"""Results that show themselves, in notebooks and at prompts."""

from __future__ import annotations

from backpropviz.show.display import Display
from backpropviz.study.entries import EntryStory
from backpropviz.study.gradcheck import Report


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
