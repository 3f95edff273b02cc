"""The table of closed forms, row by row as they are found: `list --closed-forms`."""

import sys
from collections.abc import Sequence
from dataclasses import asdict
from typing import Any

from backpropviz.cli.options import print_json, screen_width, users_code
from backpropviz.errors import InputError, TraceError


def table_of(names: Sequence[str], as_json: bool) -> None:
    """A row for each of the layers, or where none is named of all that come with the tool; what is searched now is
    told on a terminal."""
    from backpropviz.layers.library import layer_names, load
    from backpropviz.study.closed.table import HEAD, row

    with users_code():
        found = [load(name) for name in names or layer_names()]
    width = max(len(HEAD[0]), *(len(layer.name) for layer in found))
    records = list[dict[str, Any]]()
    if not as_json:
        _print(HEAD, width)
    for number, layer in enumerate(found, start=1):
        _tell(f"{number} of {len(found)}: {layer.name}")
        try:
            with users_code():
                made = row(layer)
            records.append(asdict(made))
            cells = made.cells
        except (InputError, TraceError) as error:
            if len(found) == 1:
                raise
            records.append({"layer": layer.name, "refused": error.seen})
            cells = (layer.name, "", "", "", error.seen)
        finally:
            _tell("")
        if not as_json:
            _print(cells, width)
    if as_json:
        print_json({"format": "backpropviz/list", "version": 1, "closed_forms": records})


def _print(cells: Sequence[str], width: int) -> None:
    """One row; what it was held against stands below where the screen is narrow."""
    layer, before, after, faster, proved = cells
    told = f"{layer:<{width}}  {before:>17}  {after:>5}  {faster:>12}"
    screen = screen_width()
    is_wide = screen is None or len(told) + 2 + len("fifty random inputs, 33 shapes; symbolically") <= screen
    print(f"{told}  {proved}".rstrip() if is_wide else f"{told}\n    {proved}".rstrip(), flush=True)


def _tell(what: str) -> None:
    if sys.stderr.isatty():
        print(f"\r\x1b[K{what}", end="", file=sys.stderr, flush=True)
