"""The worksheet as a PDF of A4 pages, with the fonts that every reader of PDF has.

Written by hand, after ISO 32000-1: objects, pages with their content streams, and the table of where each object
begins. `letters.py` tells which letters the fonts know.
"""

from __future__ import annotations

import textwrap

from backpropviz.exercises.paper.letters import runs
from backpropviz.exercises.paper.sheet import Grid, Heading, Lines, Part, Words

WIDTH, HEIGHT, MARGIN = 595, 842, 54  # points
_SANS, _BOLD, _MONO, _SYMBOL = "F1", "F2", "F3", "F4"
_FONTS = {_SANS: "Helvetica", _BOLD: "Helvetica-Bold", _MONO: "Courier", _SYMBOL: "Symbol"}
_WIDE = 0.6  # of a letter of Courier, in sizes of it
_CELL, _ROW = 58, 20  # points: a box of a grid
_LEAST, _MOST_KEPT = 84, 320  # points: words and code stay with the grid that they are about, if it is not too high
_SIZES = {1: 16, 2: 13, 3: 10.5}


def pages(parts: list[Part]) -> bytes:
    """The worksheet as a file."""
    paper = _Paper()
    for number, part in enumerate(parts):
        paper.set(part, _behind(parts[number + 1 :]))
    return _document(paper.contents())


def _behind(parts: list[Part]) -> float:
    """Points that the parts take up to the end of the next grid: a part that is about it stands on its page."""
    height = 0.0
    for part in parts:
        if isinstance(part, Heading):
            break
        if isinstance(part, Grid):
            height += 22 + _ROW * part.rows
            break
        height += 17 if isinstance(part, Words) else 13 * len(part.lines)
    return min(height, _MOST_KEPT)


class _Paper:
    """Sets parts one below the other, and begins a new page where one is full."""

    def __init__(self) -> None:
        self.pages: list[list[str]] = [[]]
        self.y = float(HEIGHT - MARGIN)  # the upper edge of what comes next
        self.grids: list[Grid] = []  # that stand side by side

    def contents(self) -> list[str]:
        self._flush()
        return ["\n".join(page) for page in self.pages]

    def set(self, part: Part, behind: float) -> None:
        """Set a part, where there is room for it and for as many points `behind` it."""
        if isinstance(part, Grid):
            self._beside(part)
            return
        self._flush()
        if isinstance(part, Heading):
            size = _SIZES[part.level]
            if part.breaks and self.pages[-1]:
                self._turn()
            lines = textwrap.wrap(part.text, int((WIDTH - 2 * MARGIN) / (0.56 * size))) or [""]
            self._need(size * (1.3 * len(lines) + 0.9) + max(behind, _LEAST))  # no heading at the foot of a page
            self.y -= 0.9 * size if self.pages[-1] else 0
            self._lines(lines, _BOLD, size)
        elif isinstance(part, Words):
            self._need(17 + behind)
            self.y -= 4
            self._lines(textwrap.wrap(part.text, 98) or [""], _SANS, 10)
        else:
            self._code(part, behind)

    def _code(self, part: Lines, behind: float) -> None:
        most = int((WIDTH - 2 * MARGIN) / (_WIDE * 9.5))
        lines = [each for line in part.lines for each in textwrap.wrap(line, most, subsequent_indent="    ") or [""]]
        self._need(13 * len(lines) + behind)
        self._lines(lines, _MONO, 9.5)
        if part.blank:
            start = MARGIN + (sum(len(letters) for _, letters in runs(lines[-1])) + 1) * _WIDE * 9.5
            self._draw(f"{start:.1f} {self.y + 1:.1f} m {WIDTH - MARGIN} {self.y + 1:.1f} l S")

    def _lines(self, lines: list[str], font: str, size: float) -> None:
        for line in lines:
            self._need(1.3 * size)
            self.y -= 1.3 * size
            self._text(MARGIN, self.y + 0.3 * size, line, font, size)

    def _beside(self, grid: Grid) -> None:
        taken = sum(self._width(each) + 18 for each in self.grids)
        if self.grids and taken + self._width(grid) > WIDTH - 2 * MARGIN:
            self._flush()
        self.grids.append(grid)

    def _cell(self, grid: Grid) -> float:
        return min(_CELL, (WIDTH - 2 * MARGIN) / grid.columns)

    def _width(self, grid: Grid) -> float:
        return max(self._cell(grid) * grid.columns, 9 * _WIDE * len(grid.name))

    def _flush(self) -> None:
        """Draw the grids that wait, side by side."""
        if not self.grids:
            return
        grids, self.grids = self.grids, []
        height = 14 + _ROW * max(grid.rows for grid in grids)
        self._need(height + 8)
        x = float(MARGIN)
        for grid in grids:
            self._grid(grid, x, self.y - 11)
            x += self._width(grid) + 18
        self.y -= height + 8

    def _grid(self, grid: Grid, x: float, top: float) -> None:
        self._text(x, top, grid.name, _MONO, 9)
        top -= 3
        cell = self._cell(grid)
        right, bottom = x + cell * grid.columns, top - _ROW * grid.rows
        for row in range(grid.rows + 1):
            self._draw(f"{x:.1f} {top - _ROW * row:.1f} m {right:.1f} {top - _ROW * row:.1f} l S")
        for column in range(grid.columns + 1):
            self._draw(f"{x + cell * column:.1f} {top:.1f} m {x + cell * column:.1f} {bottom:.1f} l S")
        for k, text in enumerate(grid.entries or ()):
            row, column = divmod(k, grid.columns)
            size = min(9.0, (cell - 4) / (_WIDE * len(text)))
            self._text(
                x + cell * (column + 1) - 2 - _WIDE * size * len(text), top - _ROW * (row + 1) + 6, text, _MONO, size
            )

    def _need(self, height: float) -> None:
        if self.y - height < MARGIN and self.pages[-1]:
            self._turn()

    def _turn(self) -> None:
        self.pages.append([])
        self.y = HEIGHT - MARGIN

    def _draw(self, order: str) -> None:
        self.pages[-1].append(order)

    def _text(self, x: float, y: float, text: str, font: str, size: float) -> None:
        said = []
        for symbol, letters in runs(text):
            for sign in "\\()":
                letters = letters.replace(sign, f"\\{sign}")
            said.append(f"/{_SYMBOL if symbol else font} {size:.2f} Tf ({letters}) Tj")
        self._draw(f"BT {x:.1f} {y:.1f} Td {' '.join(said)} ET")


def _document(contents: list[str]) -> bytes:
    """The objects of the file: the catalogue, the tree of pages, the fonts; then each page and its content."""
    first = 3 + len(_FONTS)
    numbers = [first + 2 * number for number in range(len(contents))]
    fonts = " ".join(f"/{name} {3 + number} 0 R" for number, name in enumerate(_FONTS))
    objects = [
        "<< /Type /Catalog /Pages 2 0 R >>",
        f"<< /Type /Pages /Kids [{' '.join(f'{number} 0 R' for number in numbers)}] /Count {len(contents)} >>",
        *(
            f"<< /Type /Font /Subtype /Type1 /BaseFont /{font}{' /Encoding /WinAnsiEncoding' * (name != _SYMBOL)} >>"
            for name, font in _FONTS.items()
        ),
    ]
    for number, content in zip(numbers, contents):
        body = f"0.5 w\n{content}\n"
        objects.append(
            f"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 {WIDTH} {HEIGHT}] /Contents {number + 1} 0 R "
            f"/Resources << /Font << {fonts} >> >> >>"
        )
        objects.append(f"<< /Length {len(body.encode('cp1252'))} >>\nstream\n{body}endstream")
    file = b"%PDF-1.4\n%\xe2\xe3\xcf\xd3\n"
    starts = []
    for number, text in enumerate(objects, 1):
        starts.append(len(file))
        file += f"{number} 0 obj\n{text}\nendobj\n".encode("cp1252")
    table = "".join(f"{start:010} 00000 n \n" for start in starts)
    end = (
        f"xref\n0 {len(objects) + 1}\n0000000000 65535 f \n{table}trailer\n<< /Size {len(objects) + 1} /Root 1 0 R >>\n"
    )
    return file + f"{end}startxref\n{len(file)}\n%%EOF\n".encode("cp1252")
