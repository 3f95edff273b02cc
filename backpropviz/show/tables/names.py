"""What there is: layers and operations by name."""

from __future__ import annotations

from typing import Any

from rich import box
from rich.console import Console, ConsoleOptions, RenderableType, RenderResult
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from backpropviz.show.tables.plain import FAINT, GAP, Sheet, stack

GROUPS = (
    "gates",
    "normalization",
    "convolution and pooling",
    "losses",
    "recurrent",
    "attention and embedding",
    "networks",
)


_COMFORTABLE = 64  # columns from which on there is room for two columns


class Layers:
    """The table of `backpropviz list`: how every layer is called, and what it is, group by group."""

    def __init__(self, entries: list[dict[str, Any]]):
        found = dict.fromkeys(entry["group"] for entry in entries)
        self.groups = [
            *(group for group in GROUPS if group in found),
            *(group for group in found if group not in GROUPS),
        ]
        self.entries = entries

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        beside = options.max_width >= _COMFORTABLE
        table = Table(box=box.SIMPLE_HEAD, show_edge=False, pad_edge=False, header_style="bold", padding=(0, GAP, 0, 0))
        table.add_column(Text("layer" if beside else "layer, and what it is"), no_wrap=beside)
        if beside:
            table.add_column(Text("what it is"))
        for number, group in enumerate(self.groups):
            if number:
                table.add_row()
            table.add_row(Text(group, f"bold {FAINT}"))
            for entry in self.entries:
                if entry["group"] == group:
                    call = Text.assemble("  ", (entry["name"], "bold"), (f"({entry['inputs']})", FAINT))
                    table.add_row(call, *([Text(entry["summary"])] if beside else []))
                    if not beside:
                        table.add_row(Padding(Text(entry["summary"]), (0, 0, 0, 4)))
        yield table


def layers(entries: list[dict[str, Any]]) -> RenderableType:
    """The table of `backpropviz list`."""
    return stack(Layers(entries), "Show one: backpropviz show batchnorm. Your own: backpropviz show mine.py")


def operations(entries: list[dict[str, Any]]) -> RenderableType:
    """The table of `backpropviz list --ops`."""
    rows = [(entry["name"], entry["inputs"], entry["summary"]) for entry in entries]
    return Sheet(("operation", "formula", "what it does to a gradient"), rows, prose={1: 12, 2: 20})
