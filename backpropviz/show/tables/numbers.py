"""Comparisons, volumes and entry-by-entry formulas."""

from __future__ import annotations

from collections.abc import Sequence

from rich.console import RenderableType
from rich.table import Table
from rich.text import Text

from backpropviz.show.tables.plain import Sheet, amount, counted, size, stack
from backpropviz.study.compare import CLOSED, RECORDED, Comparison, Contender
from backpropviz.study.elements import ElementReport
from backpropviz.study.shapes import Row


def comparison(result: Comparison) -> RenderableType:
    """One table for each pass: how far every way is off, its time, and how it compares with the first."""
    shapes = ", ".join(f"{name} {_volume(shape)}" for name, shape in result.shapes.items())
    rounds = counted(result.rounds, "round")
    parts: list[RenderableType | str] = [f"{result.layer} on {shapes}: medians of {rounds}, all in turn"]
    for way in ("forward", "backward"):
        entries = [entry for entry in result.contenders if entry.way == way]
        if not entries:
            continue
        reported = any(entry.reported for entry in entries)
        headings = (way, "largest difference", "time", "speed", *(["reported"] if reported else []))
        rows = [_contender(entry, entries[0], reported) for entry in entries]
        parts.append(Sheet(headings, rows, numbers=(1, 2, 3, 4), spare=(4,) if reported else ()))
    times = {entry.name: entry.microseconds for entry in result.contenders if entry.way == "backward"}
    if CLOSED in times and times[CLOSED] > times[RECORDED]:
        parts.append(
            "The closed form has fewer operations, and is slower here: it makes new arrays, where the recorded steps "
            "write into their own. Larger arrays (--shape) may change that."
        )
    return stack(*parts)


def _contender(entry: Contender, first: Contender, reported: bool) -> tuple[str, ...]:
    time = f"{entry.microseconds:.3g} us" if entry.microseconds < 1000 else f"{entry.microseconds / 1000:.3g} ms"
    speed = "1x" if entry is first else f"{entry.ratio:.3g}x"
    told = (f"{entry.reported:g}x" if entry.reported else "",) if reported else ()
    return entry.name, amount(entry.difference), time, speed, *told


def volumes(rows: list[Row]) -> RenderableType:
    """A network, layer by layer: what comes out, parameters, memory, and how much of the input an entry sees."""
    windows = any(row.field != (1, 1) for row in rows)
    columns = any(row.columns for row in rows)
    headings = ["layer", "volume", "parameters", "memory"]
    headings += ["im2col", "its memory"] if columns else []
    headings += ["sees"] if windows else []
    cells = []
    for row in rows:
        line = [row.name, _volume(row.volume), f"{row.parameters:,}" if row.parameters else "", size(row.bytes)]
        if columns:
            line += [_volume(row.columns), size(row.columns_bytes)] if row.columns else ["", ""]
        cells.append([*line, *([_volume(row.field)] if windows else [])])
    spare = ["its memory", "im2col", "sees", "memory"]
    made = Sheet(
        headings, cells, range(1, len(headings)), spare=[headings.index(name) for name in spare if name in headings]
    )
    sums = [f"{row.name}: {row.arithmetic}" for row in rows if row.arithmetic]
    parameters = counted(sum(row.parameters for row in rows), "parameter")
    total = f"{parameters}; activations {size(sum(row.bytes for row in rows))}"
    if columns:
        total += f", im2col {size(sum(row.columns_bytes for row in rows))}"
    return stack(made, Text("\n".join(sums)) if sums else None, total)


def _volume(shape: Sequence[int]) -> str:
    return "x".join(map(str, shape)) or "1"


def formulas(report: ElementReport) -> RenderableType:
    """Every entry's formula, arrays below each other; then the rotated filter, where it applies."""
    if report.steps:
        heading = f"{report.function}, entry by entry, one step at a time: whole, the formulas are too long to read"
    else:
        meaning = ", ".join(f"{letter} = {name}" for name, letter in report.letters.items() if name != letter)
        heading = f"{report.function}, entry by entry ({meaning})"
    parts: list[RenderableType | str] = [heading]
    if report.branches:
        parts.append("The function asks for values: this is the way that it went for these.")
    around: tuple[str, ...] = ()
    for array in report.steps or (*report.outputs, *report.gradients):
        if array.loops != around and array.loops:
            parts.append(Text("\n".join("  " * depth + line for depth, line in enumerate(array.loops))))
        around = array.loops
        lines = Table.grid(padding=(0, 1, 0, 0))
        lines.add_column(justify="right", no_wrap=True)
        lines.add_column(overflow="fold")
        for name, formula in array.rows:
            lines.add_row(Text(f"{name} ="), Text(formula))
        parts.append(lines)
    if report.rotated is not None:
        letter = report.letters["x"]
        parts.append(
            stack(
                f"d{letter} is itself a convolution: the deltas, padded, with the filter rotated by 180 degrees",
                Text(_beside(report.rotated.deltas, "*", report.rotated.filter)),
            )
        )
    return stack(*parts)


def _beside(left: list[list[str]], symbol: str, right: list[list[str]]) -> str:
    """Two small matrices side by side, centred on each other."""
    blocks = []
    for matrix in (left, right):
        widths = [max(len(row[j]) for row in matrix) for j in range(len(matrix[0]))]
        blocks.append(["  ".join(cell.rjust(width) for cell, width in zip(row, widths)) for row in matrix])
    height = max(len(block) for block in blocks)
    padded = []
    for block in blocks:
        above = (height - len(block)) // 2
        padded.append([""] * above + block + [""] * (height - len(block) - above))
    width, middle = len(blocks[0][0]), (height - 1) // 2
    lines = [f"  {a:<{width}}  {symbol if i == middle else ' '}  {b}" for i, (a, b) in enumerate(zip(*padded))]
    return "\n".join(line.rstrip() for line in lines)
