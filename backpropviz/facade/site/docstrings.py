"""Docstrings as markdown: sections become lists, examples code."""

from __future__ import annotations

import re
from collections.abc import Iterator

_SECTION = re.compile(r"(Args|Attributes|Raises|Returns|Yields)( \(.+\))?:")
_ITEM = re.compile(r"([\w*]+(?:, [\w*]+)*): (.*)")


def as_markdown(text: str) -> str:
    """A docstring of the house: paragraphs, indented examples, and sections of names with what they are."""
    return "\n".join(_lines(text.split("\n")))


def _lines(lines: list[str]) -> Iterator[str]:
    section = False
    for line in lines:
        indent = len(line) - len(line.lstrip())
        heading = _SECTION.fullmatch(line)
        if heading:
            section = True
            yield f"**{heading[1]}**{heading[2] or ''}"
            yield ""
        elif section and indent == 4:
            item = _ITEM.match(line.strip())
            yield f"- `{item[1]}`: {plain(item[2])}" if item else f"- {plain(line.strip())}"
        elif section and indent > 4:
            yield f"  {plain(line.strip())}"
        elif section and line:
            section = False
            yield line
        else:
            yield line if indent >= 4 else plain(line)


def plain(text: str) -> str:
    """Words outside of backticks as they stand: a name with underscores is no emphasis."""
    parts = text.split("`")
    return "`".join(re.sub(r"([*_\[\]<>])", r"\\\1", part) if at % 2 == 0 else part for at, part in enumerate(parts))
