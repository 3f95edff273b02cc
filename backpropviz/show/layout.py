"""Lays rows of a table out as styled lines of text: columns side by side, or stacked where the terminal is narrow.

A span is a text with a style's name, a line is a list of spans. Nothing here knows how lines get on a screen.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

from backpropviz.engine.graph import Array
from backpropviz.show.numerals import GAP, Numbers, numbers, summary

Span = tuple[str, str]
Line = list[Span]

COMFORTABLE = 24  # statements get at least this width
_NARROWEST = 24  # values stand beside statements if they get this width,
_BROKEN = 0.4  # and if no more than this part of them goes below, and of the statements has to be broken
_FLAT = 24  # values on one line take no more than this
_WIDE_ENTRIES = 40  # arrays of up to so many entries are written whole below their statement
_SUMMARY = 36  # each of the two lines that stand for a large array fits in here
_WORD = re.compile(r"[^ ]+| +")


@dataclass(slots=True)
class Row:
    """One row: a step's label, what it says, and the value that belongs to it.

    Attributes:
        label: the step's number; empty under a step that has one already.
        texts: paragraphs of spans; the first is the statement, the others are captions below it.
        shape: of the value, as text.
        value: the array, or a text, or None.
        style: of the value.
        indent: how far the texts are moved to the right.
        opens: a new step begins: keep a distance from the row above.
        flat: write the value on one line.
        spans: the texts run over all columns; there is no value.
        prose: more texts that run over all columns, below the value.
    """

    label: str
    texts: list[Line]
    shape: str = ""
    value: Array | str | None = None
    style: str = ""
    indent: int = 0
    opens: bool = True
    flat: bool = False
    spans: bool = False
    prose: list[Line] = field(default_factory=list)
    lines: list[str] = field(default_factory=list, init=False)
    below: bool = field(default=False, init=False)


def width_of(line: Line) -> int:
    return sum(len(text) if text.isascii() else cell_length(text) for text, _ in line)


def cell_length(text: str) -> int:
    """How many columns a text takes in a terminal: wide letters take two."""
    import unicodedata

    return sum(1 + (unicodedata.east_asian_width(letter) in "WF") for letter in text)


def wrap(line: Line, width: int, hang: int = 0) -> list[Line]:
    """Break a line at spaces into lines of at most `width`; all but the first are moved in by `hang`.

    A no-break space holds words together, and is written as a space.
    """
    if width_of(line) <= width:
        return [[(text.replace("\xa0", " "), style) for text, style in line]]
    lines: list[Line] = [[]]
    room = width
    for word in _words(line):
        length = width_of(word)
        if word[0][0].isspace() and (length > room or room == width):
            continue
        too_long = length > width - hang
        if length > room and room < width and not word[0][0].isspace() and not (too_long and room > width // 4):
            lines.append([(" " * hang, "")])
            room = width - hang
        for text, style in word:
            while len(text) > room:
                at = _joint(text, room)
                lines[-1].append((text[:at], style))
                text, room = text[at:], width - hang
                lines.append([(" " * hang, "")])
            lines[-1].append((text.replace("\xa0", " "), style))
            room -= len(text)
    return lines


def _joint(text: str, room: int) -> int:
    """Where to break a word longer than a line: behind a parenthesis, before a point, or where the line ends."""
    return max(text.rfind("(", 0, room) + 1, text.rfind("[", 0, room) + 1, text.rfind(".", 1, room + 1), 0) or room


def _words(line: Line) -> Iterator[Line]:
    """A line in words, each of one or more spans, and the spaces between them."""
    word: Line = []
    for text, style in line:
        for part in _WORD.findall(text):
            if part[0] == " ":
                if word:
                    yield word
                    word = []
                yield [(part, style)]
            else:
                word.append((part, style))
    if word:
        yield word


class Columns:
    """The widths of label, statement, shape and value, the same for all tables of a page.

    Where statements would get less than a comfortable width, every value goes below its statement; otherwise only the
    arrays that are too wide to stand beside it.
    """

    def __init__(self, rows: list[Row], width: int):
        self.label = max((len(row.label) for row in rows), default=0)
        self.shape = max((len(row.shape) for row in rows), default=0)
        self.shape = max(self.shape, len("shape")) if self.shape else 0
        self.width = width
        narrow = [row for row in rows if not row.spans]
        lengths = [row.indent + width_of(row.texts[0]) for row in narrow]
        longest = max(lengths + [row.indent + width_of(text) for row in narrow for text in row.texts[1:]], default=0)
        room = width - self.label - self.shape - 3 * len(GAP)
        below = width - self.label - 2 * len(GAP)
        beside = room - min(longest, COMFORTABLE)
        self.side_by_side = beside >= _NARROWEST
        if self.side_by_side:
            self._write(rows, beside, below)
            self.statement = min(longest, room - max((_wide(row.lines) for row in rows if not row.below), default=0))
            broken = sum(length > self.statement for length in lengths)
            under = sum(row.below for row in rows)
            self.side_by_side = broken <= _BROKEN * len(lengths) and under <= _BROKEN * len(lengths)
        if not self.side_by_side:
            self._write(rows, below, below)
            self.statement = min(longest, room + len(GAP))

    def titles(self, what: str) -> Line:
        """What stands in each column; where the values are below their statements, they need no title."""
        label = ("step" if self.label >= 4 else "#" if self.label else "").rjust(self.label)
        shape = f"{'shape':{self.shape}}" if self.shape else ""
        line: Line = [(f"{label}{GAP}{'code':{max(self.statement, 4)}}{GAP}{shape}", "caption")]
        return [*line, (f"{GAP}{what}", "caption")] if self.side_by_side else line

    def _write(self, rows: list[Row], width: int, below: int) -> None:
        """Write every row's value; the numbers of all whole arrays equally large, if there is room for that."""
        whole: list[tuple[Row, Numbers]] = []
        for row in rows:
            row.below = not self.side_by_side
            if isinstance(row.value, str):
                row.lines = [row.value]
            elif row.value is not None:
                high, wide = (1, _FLAT) if row.flat else (10, width)
                few = self.side_by_side or row.value.size <= _WIDE_ENTRIES
                written = numbers(row.value, wide, high) if few else None
                if written is None and row.value.size <= _WIDE_ENTRIES and not row.flat:
                    written = numbers(row.value, below)
                    row.below = row.below or written is not None
                row.lines = written.lines() if written else summary(row.value, min(wide, _SUMMARY), high)
                if row.below and written is None and len(row.lines) == 2 and below >= 2 * _SUMMARY:
                    row.lines = [f"{row.lines[0]:{_SUMMARY}}{row.lines[1]}"]
                if written and row.value.dtype.kind == "f" and not any("e" in text for text in written.texts):
                    whole.append((row, written))
        size = max((each.size[0] for _, each in whole), default=0), max((each.size[1] for _, each in whole), default=0)
        for row, each in whole:
            lines = each.lines(size)
            if _wide(lines) <= (_FLAT if row.flat else below if row.below else width):
                row.lines = lines


def _wide(lines: list[str]) -> int:
    return max(map(len, lines), default=0)


def table(rows: list[Row], columns: Columns) -> list[Line]:
    """The lines of rows, with an empty one between steps unless every row is one line."""
    loose = any(len(row.texts) > 1 or len(row.lines) > 1 for row in rows)
    lines: list[Line] = []
    tall = False
    for row in rows:
        if lines and (tall or (loose and row.opens)):
            lines.append([])
        lines.extend(_row(row, columns))
        tall = len(row.lines) > 1 or bool(row.prose)
    return lines


def _row(row: Row, columns: Columns) -> Iterator[Line]:
    inside = columns.width - columns.label - len(GAP)
    width = (inside if row.spans else columns.statement) - row.indent
    texts: list[Line] = []
    for number, text in enumerate(row.texts):
        broken = _prose(text, width) if row.spans else wrap(text, max(width, 8), hang=4 if number == 0 else 0)
        texts += [[(" " * row.indent, ""), *line] if row.indent else line for line in broken]
    beside = [] if row.below else row.lines
    for at in range(max(len(texts), len(beside), 1)):
        text = texts[at] if at < len(texts) else []
        label, shape = (row.label, row.shape) if at == 0 else ("", "")
        line: Line = [(label.rjust(columns.label) + GAP, "label"), *text]
        line += [(" " * (columns.statement - width_of(text)) + GAP, ""), (shape.ljust(columns.shape), "shape")]
        if at < len(beside):
            line += [(GAP, ""), (beside[at], row.style)]
        yield line
    for value in row.lines if row.below else []:
        yield [(" " * columns.label + 2 * GAP, ""), (value, row.style)]
    for text in row.prose:
        for line in _prose(text, inside - len(GAP)):
            yield [(" " * columns.label + 2 * GAP, ""), *line]


def _prose(text: Line, width: int) -> list[Line]:
    """Wrap a text whose lines are all moved in as far as its first one."""
    first, style = text[0]
    indent = len(first) - len(first.lstrip(" "))
    lines = wrap([(first[indent:], style), *text[1:]], max(width - indent, 8))
    return [[(" " * indent, ""), *line] for line in lines] if indent else lines


def paragraphs(texts: Iterable[str], width: int, style: str = "", indent: int = 0) -> list[Line]:
    """Plain sentences, one paragraph each, wrapped to `width` and moved in by `indent`."""
    return [
        [(" " * indent, ""), *line] if indent else line
        for text in texts
        for line in wrap([(text, style)], width - indent)
    ]
