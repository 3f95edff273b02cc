"""A spreadsheet of both passes in which every entry is a live formula: change a number, and watch it flow."""

from __future__ import annotations

import io
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from backpropviz.draw.player.program import program
from backpropviz.engine.trace import Trace
from backpropviz.errors import DrawingError, InputError
from backpropviz.exercises.paper.cells import Formulas, too_long
from backpropviz.show.view import view
from backpropviz.text import clean

if TYPE_CHECKING:
    from openpyxl.workbook import Workbook
    from openpyxl.worksheet.worksheet import Worksheet

INPUTS, FORWARD, BACKWARD, BETWEEN = "inputs", "forward", "backward", "between"
_SHORT = 160  # letters of a formula that stands inside another one
_YELLOW, _RED, _GREY = "FFF3C4", "C0182A", "5F6773"
_FONT = {"name": "Calibri", "size": 11}  # what a cell has that is not said to have another
_WIDTH, _UPRIGHT = 11, 9  # letters of a column, and columns of a page that stands upright


@dataclass(frozen=True)
class Block:
    """Where an array stands: the cell of its first entry, and the rows between its matrices.

    Attributes:
        sheet, row, column: of the first entry, from 1. shape: of the array.
    """

    sheet: str
    row: int
    column: int
    shape: tuple[int, ...]

    @property
    def rows(self) -> int:
        """Rows that it takes, with the lines that say which matrix it is."""
        return self._matrices * (self._lines + (len(self.shape) > 2))

    @property
    def _lines(self) -> int:
        return self.shape[-2] if len(self.shape) > 1 else 1

    @property
    def _matrices(self) -> int:
        return int(np.prod(self.shape[:-2], dtype=int))

    def place(self, k: int) -> tuple[int, int]:
        """The row and column of an entry, by its flat index."""
        width = self.shape[-1] if self.shape else 1
        line, column = divmod(k, width)
        matrix, row = divmod(line, self._lines)
        return self.row + matrix * (self._lines + 1) * (len(self.shape) > 2) + row, self.column + column

    def heads(self) -> Iterator[tuple[int, str]]:
        """The rows above matrices, and which matrix it is."""
        if len(self.shape) > 2:
            for number, index in enumerate(np.ndindex(self.shape[:-2])):
                yield self.row + number * (self._lines + 1) - 1, f"[{', '.join(map(str, index))}]"


def workbook(trace: Trace, layer: str = "") -> bytes:
    """The .xlsx file of a trace whose backward pass was run.

    Raises:
        DrawingError: openpyxl is not installed. InputError: the arrays are too many or too large.
    """
    try:
        import openpyxl
    except ImportError as error:
        raise DrawingError("an .xlsx needs openpyxl", fix="pip install 'backpropviz[paper]'") from error
    found = program(trace)
    if "why" in found:
        raise InputError(f"{layer or trace.layer} is no spreadsheet: {found['why']}", fix="A smaller case: --shape")
    made = openpyxl.Workbook()
    made.remove(made.active)
    _Writer(made, found, trace, layer or trace.layer).write()
    made.calculation.fullCalcOnLoad = True
    held = io.BytesIO()
    made.save(held)
    return held.getvalue()


class _Writer:
    """Puts the arrays of a program into the sheets of a workbook, in the order of the run."""

    def __init__(self, made: Workbook, found: dict[str, Any], trace: Trace, layer: str):
        self.made, self.found, self.layer = made, found, layer
        self.blocks: dict[int, Block] = {}
        self.settings: dict[str, str] = {}
        self.next: dict[str, int] = {}
        self.formulas = Formulas(found, self._cell, self.settings.get)
        shown = view(trace, layer, explain=False)
        self.told = {step.name: f"{step.label}  {' '.join(step.code.split())}" for step in shown.steps}
        self.told |= {flow.name: flow.formula for flow in shown.backward}
        self.names: dict[int, str] = {}
        self.others: dict[int, list[str]] = {}  # gradients that are handed on as they are, and have several names
        for name, ref in found["names"].items():
            if self.names.setdefault(ref, name) != name:
                self.others.setdefault(ref, []).append(name)
        self.given = [found["names"][name] for name in (*found["inputs"], *found["upstream"])]
        self.red = set(range(len(trace.nodes), len(found["nodes"])))

    def write(self) -> None:
        self._sheet(INPUTS, f"{self.layer}: change a yellow number, and both passes follow")
        for name, value in self.found["settings"].items():
            row = self.next[INPUTS]
            self._text(INPUTS, row, 1, name, bold=True)
            self._number(row, value)
            self.settings[name] = f"{INPUTS}!$B${row}"
            self.next[INPUTS] += 2
        for ref in self.given:
            self._array(INPUTS, ref)
        for ref in range(len(self.found["nodes"])):
            if ref in self.blocks:
                continue
            if ref in self.names:
                self._array(BACKWARD if ref in self.red else FORWARD, ref)
            elif self._is_long(ref):
                self._array(BETWEEN, ref)
        for sheet in self.made:
            self._laid_out(sheet)

    def _is_long(self, ref: int) -> bool:
        """Whether what has no name gets a place of its own, so that the formulas around it stay short."""
        line = self.found["nodes"][ref]
        if "c" in line:
            return False
        return any(len(self.formulas.formula(ref, k)) > _SHORT for k in range(self.formulas.size(ref)))

    def _cell(self, ref: int, k: int) -> str | None:
        from openpyxl.utils import get_column_letter

        block = self.blocks.get(ref)
        if block is None:
            return None
        row, column = block.place(k)
        return f"{block.sheet}!{get_column_letter(column)}{row}"

    def _array(self, sheet: str, ref: int) -> None:
        from openpyxl.styles import Font, PatternFill

        line = self.found["nodes"][ref]
        shape = tuple(line["s"])
        self._sheet(sheet, {FORWARD: "Forward", BACKWARD: "Backward", BETWEEN: "Results within steps"}.get(sheet, ""))
        top = self.next[sheet]
        name = self.names.get(ref, f"({line.get('f') or 'result'})")
        red = ref in self.red
        self._text(sheet, top, 1, name, bold=True, colour=_RED if red else None)
        size = f"({', '.join(map(str, shape))}{',' * (len(shape) == 1)})"
        also = f"   also {', '.join(self.others[ref])}" if ref in self.others else ""
        self._text(sheet, top, 2, f"{size}   {self.told.get(name, '')}{also}", colour=_GREY)
        block = Block(sheet, top + 1 + (len(shape) > 2), 2, shape)
        for row, head in block.heads():
            self._text(sheet, row, 1, head, colour=_GREY)
        for k in range(self.formulas.size(ref)):
            formula = self.formulas.formula(ref, k)
            if too_long(formula):
                raise InputError(f"a formula of {name} is too long for a spreadsheet", fix="A smaller case: --shape")
            row, column = block.place(k)
            cell = self.made[sheet].cell(row, column)
            cell.value = float(line["c"][k]) if "c" in line else f"={formula}"
            cell.number_format = "0.0000"
            if ref in self.given:
                cell.fill = PatternFill("solid", fgColor=_YELLOW)
            if red:
                cell.font = Font(color=_RED, **_FONT)
        self.blocks[ref] = block
        self.next[sheet] = top + block.rows + 3

    def _sheet(self, name: str, title: str) -> None:
        if name in self.made.sheetnames:
            return
        self.made.create_sheet(name)
        self.next[name] = 3
        self._text(name, 1, 1, title, bold=True)

    def _laid_out(self, sheet: Worksheet) -> None:
        """Columns as wide as their numbers, names that stay in sight, and pages as wide as the sheet."""
        from openpyxl.utils import get_column_letter

        for column in range(1, sheet.max_column + 1):
            sheet.column_dimensions[get_column_letter(column)].width = 16 if column == 1 else _WIDTH
        sheet.freeze_panes = "B2"
        sheet.page_setup.orientation = "landscape" if sheet.max_column > _UPRIGHT else "portrait"
        sheet.sheet_properties.pageSetUpPr.fitToPage = True
        sheet.page_setup.fitToWidth, sheet.page_setup.fitToHeight = 1, 0

    def _number(self, row: int, value: float) -> None:
        from openpyxl.styles import PatternFill

        cell = self.made[INPUTS].cell(row, 2, value)
        cell.fill = PatternFill("solid", fgColor=_YELLOW)

    def _text(
        self, sheet: str, row: int, column: int, text: str, bold: bool = False, colour: str | None = None
    ) -> None:
        from openpyxl.styles import Font

        cell = self.made[sheet].cell(row, column)
        cell.value = clean(text)
        cell.data_type = "s"  # also what begins with a sign of equality
        cell.font = Font(bold=bold, color=colour, **_FONT)
