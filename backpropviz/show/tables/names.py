"""What there is: layers and operations by name."""

from __future__ import annotations

from typing import Any

from rich.console import RenderableType

from backpropviz.show.tables.plain import stack, table


def layers(entries: list[dict[str, Any]]) -> RenderableType:
    """The table of `backpropviz list`."""
    rows = [(entry["name"], entry["inputs"], entry["summary"]) for entry in entries]
    return stack(
        table(("layer", "inputs", "what it is"), rows),
        "Show one: backpropviz show batchnorm. Your own: backpropviz show mine.py",
    )


def operations(entries: list[dict[str, Any]]) -> RenderableType:
    """The table of `backpropviz list --ops`."""
    return table(
        ("operation", "formula", "what it does to a gradient"),
        [(entry["name"], entry["inputs"], entry["summary"]) for entry in entries],
    )
