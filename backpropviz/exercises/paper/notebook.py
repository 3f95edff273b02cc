"""The worksheet as a notebook: the forward pass runs, the backward pass has blanks, and a cell says what is right."""

from __future__ import annotations

import json
import re
from typing import Any

TASK = "Write the backward pass: replace every `...` by code"
_WORDS = (
    f"The forward pass is given. {TASK}, from top to bottom. The last "
    "cell says what is right so far and names the first wrong line, as often as you run it."
)


def notebook(text: str, layer: str) -> str:
    """The notebook of a worksheet (`exercises/exercise.py`), as nbformat 4.5 has it."""
    lines = text.splitlines()
    start = next(number for number, line in enumerate(lines) if not line.startswith("#"))
    code = "\n".join(lines[start:]).strip("\n")
    forward, backward = re.split(r"\n+(?=def \w+_backward\()", code, maxsplit=1)
    names = re.findall(r"^def (\w+_(?:forward|backward))\(", code, re.M)
    cells = [
        _markdown(f"# {layer}: the backward pass", _WORDS),
        _code(forward),
        _markdown("## The backward pass"),
        _code(backward),
        _markdown("## Is it right?"),
        _code(f"import backpropviz as bp\n\nbp.diagnose({', '.join(names[:2])})"),
    ]
    for number, cell in enumerate(cells):
        cell["id"] = f"cell-{number}"
    kernel = {"display_name": "Python 3", "language": "python", "name": "python3"}
    made = {
        "cells": cells, "metadata": {"kernelspec": kernel, "language_info": {"name": "python"}},
        "nbformat": 4, "nbformat_minor": 5,
    }  # fmt: skip
    return json.dumps(made, indent=1) + "\n"


def _markdown(*paragraphs: str) -> dict[str, Any]:
    return {"cell_type": "markdown", "metadata": {}, "source": _source("\n\n".join(paragraphs))}


def _code(text: str) -> dict[str, Any]:
    return {
        "cell_type": "code",
        "execution_count": None,
        "metadata": {},
        "outputs": [],
        "source": _source(text.strip("\n")),
    }


def _source(text: str) -> list[str]:
    return text.splitlines(keepends=True)
