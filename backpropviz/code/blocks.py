"""Blocks of code as text: each line with its indentation."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from backpropviz.code.listed import Lines, Slot


def flat(lines: Lines, depth: int = 0) -> Iterator[str]:
    """Lines with their indentation; an `if` that is all of an `else` is its `elif`."""
    lines = [line for line in lines if line or isinstance(line, str)]
    for at, line in enumerate(lines):
        if not isinstance(line, str):
            yield from flat(line, depth if isinstance(line, Slot) or _is_chain(lines[at - 1], line) else depth + 1)
        elif line != "else:" or not _is_chain(line, lines[at + 1]):
            yield "    " * depth + line
        else:
            inner = [each for each in lines[at + 1] if each]
            inner[0] = f"el{inner[0]}"
            lines[at + 1] = inner


def _is_chain(head: Any, block: Any) -> bool:
    """Whether the block of an `else` is an `if` with what belongs to it, and nothing more."""
    heads = [line for line in block if isinstance(line, str)]
    slots = any(isinstance(line, Slot) and line for line in block)
    return head == "else:" and not slots and heads[0].startswith(("if ", "elif ")) and heads[1:] in ([], ["else:"])
