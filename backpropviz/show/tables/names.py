"""What there is: layers and operations by name."""

from __future__ import annotations

from typing import Any

from rich.console import RenderableType

from backpropviz.show.tables.plain import Sheet, stack


def layers(entries: list[dict[str, Any]]) -> RenderableType:
    """The table of `backpropviz list`."""
    rows = [(entry["name"], entry["inputs"], entry["summary"]) for entry in entries]
    return stack(
        Sheet(("layer", "inputs", "what it is"), rows, prose={1: 10, 2: 20}),
        "Show one: backpropviz show batchnorm. Your own: backpropviz show mine.py",
    )


def operations(entries: list[dict[str, Any]]) -> RenderableType:
    """The table of `backpropviz list --ops`."""
    rows = [(entry["name"], entry["inputs"], entry["summary"]) for entry in entries]
    return Sheet(("operation", "formula", "what it does to a gradient"), rows, prose={1: 12, 2: 20})
