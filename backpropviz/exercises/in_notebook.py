"""Worksheets that come back as notebooks: graded as the file that their cells make up, and told by cell.

A notebook does not say what it is about, as the first line of a worksheet does; so whoever grades it says that.
"""

from __future__ import annotations

import re
import tempfile
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

from backpropviz.errors import LayerError
from backpropviz.exercises.paper.notebook import TASK
from backpropviz.exercises.sheet_report import WorksheetReport
from backpropviz.exercises.signing import pinned
from backpropviz.layers.sources import read_parts, split_spec

_ASKS = re.compile(r"^\s*(bp|backpropviz)\.diagnose\(", re.M)  # the cell that says what is right


def is_sheet(file: Path, pin: str | None) -> bool:
    """Whether a notebook is looked at as a worksheet: one with its task, where it has to be about a file's function.

    Where a layer is named, the two functions of a notebook are diagnosed like any pair.
    """
    if file.suffix != ".ipynb" or pin is None or not split_spec(pin)[0]:
        return False
    return TASK in file.read_text(encoding="utf-8", errors="replace")


@dataclass(frozen=True)
class Cells:
    """A notebook as a worksheet.

    Attributes:
        text: the worksheet. starts: how many of its lines stand in front of each cell, by what the cell is called.
    """

    text: str
    starts: dict[str, int]

    @classmethod
    def of(cls, file: Path, pin: str) -> Cells:
        """
        Raises:
            LayerError: it cannot be read, or there is no such run.
        """
        lines, starts = list[str](), dict[str, int]()
        for part in read_parts(file):
            if not _ASKS.search(part.text):
                starts[f"{file.name}:{part.name.rpartition(':')[2]}"] = len(lines) + 1
                lines += part.text.splitlines()
        text = "\n".join(lines) + "\n"
        return cls(f"{pinned(pin).header(text)}\n{text}", starts)

    def place(self, line: int) -> tuple[str, int]:
        """The cell of a line of the worksheet, and which line of the cell it is."""
        cell = max((name for name, start in self.starts.items() if start < line), key=self.starts.__getitem__)
        return cell, line - self.starts[cell]


def grade_cells(file: Path, pin: str, grade: Callable[[Path], WorksheetReport]) -> WorksheetReport:
    """The report on a notebook: `grade` is given the file that it makes up.

    Raises:
        LayerError: it cannot be graded.
    """
    cells = Cells.of(file, pin)
    with tempfile.TemporaryDirectory() as folder:
        made = Path(folder) / f"{file.stem}.py"
        made.write_text(cells.text, encoding="utf-8")
        try:
            report = grade(made)
        except LayerError as error:
            line = (error.where or "").rpartition(":")[2]
            where = "{}:{}".format(*cells.place(int(line))) if line.isdigit() else file.name
            raise LayerError(error.seen, where=where, fix=error.fix) from error
    places = [cells.place(entry.line) if entry.line else ("", 0) for entry in report.entries]
    entries = tuple(replace(entry, line=line) for entry, (_, line) in zip(report.entries, places))
    return replace(report, file=next((cell for cell, _ in places if cell), file.name), entries=entries)


def lines_of(file: Path, cell: str) -> list[str]:
    """The lines of a worksheet, or of a cell of a notebook that is one."""
    if file.suffix != ".ipynb":
        return file.read_text(encoding="utf-8").splitlines()
    parts = (part for part in read_parts(file) if part.name.rpartition(":")[2] == cell.rpartition(":")[2])
    return next((part.text.splitlines() for part in parts), [])
