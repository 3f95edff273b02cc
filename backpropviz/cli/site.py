"""Writes pages for a static host: `site`."""

import sys
from pathlib import Path
from typing import Annotated

import typer

from backpropviz.cli.options import ForceOption, JsonOption, answer, users_code
from backpropviz.cli.standard_input import from_standard_input
from backpropviz.errors import InputError


def site(
    folder: Annotated[Path, typer.Argument(metavar="DIR", help="Where to; it is made, if need be.")],
    files: Annotated[
        list[str] | None,
        typer.Argument(metavar="[FILE.py[:FUNCTION]...]", help="Your own layers, with pages of theirs."),
    ] = None,
    only: Annotated[bool, typer.Option("--only", help="Leave out the layers of the tool, and the manual.")] = False,
    force: ForceOption = False,
    as_json: JsonOption = False,
) -> None:
    """Write the manual, an index and a page for each layer, for any static host."""
    from backpropviz.facade.site import collected, write_site
    from backpropviz.show.tables.plain import counted

    if only and not files:
        raise InputError("--only leaves nothing to show", fix="Name the files of your own layers.")

    def told(name: str) -> None:
        if sys.stderr.isatty():
            print(f"\r\x1b[K{name}", end="", file=sys.stderr, flush=True)

    with users_code():
        entries = collected([from_standard_input(file) for file in files or ()], own=not only)
        written = write_site(entries, folder, force, told, with_manual=not only)
    told("")
    words = f"wrote {counted(len(entries), 'page')}, {counted(len(written), 'file')}: {folder / 'index.html'}"
    names = [entry.name for entry in entries]
    answer(as_json, "site", words, layers=names, written=[str(path) for path in written])


COMMANDS = ((site, "Examples: backpropviz site public/ | backpropviz site public/ --only mine.py:swish net.py"),)
