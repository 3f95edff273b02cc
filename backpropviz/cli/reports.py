"""`report`: what a class has misunderstood, from what `diagnose` wrote of its hand-ins."""

from pathlib import Path
from typing import Annotated

import typer

from backpropviz.cli.options import JsonOption, answer, console, print_or_write
from backpropviz.cli.standard_input import file_from_standard_input
from backpropviz.errors import InputError


def report(
    lines: Annotated[
        list[Path],
        typer.Argument(metavar="OUT.jsonl...", help="What diagnose --format jsonl wrote, or -."),
    ],
    output: Annotated[
        Path | None, typer.Option("--output", "-o", metavar="PATH", help="A page: class.html. Else it is printed.")
    ] = None,
    names: Annotated[bool, typer.Option("--names", help="With the score of each hand-in, by its path.")] = False,
    as_json: JsonOption = False,
) -> None:
    """Sum up a class: which misunderstandings came up how often, with an example line each, and the scores."""
    from backpropviz.classroom import overview

    its = overview.overview(overview.read(map(file_from_standard_input, lines)))
    if not its.reports:
        raise InputError(f"no report is in {', '.join(map(str, lines))}", fix="Write some: diagnose --format jsonl.")
    if as_json:
        if output is not None:
            raise InputError("-o writes a page, and --json prints a record", fix="Leave one of them out.")
        answer(as_json, "report", "", **overview.record(its, names))
    elif output is None or str(output) == "-":
        from backpropviz.show.tables.plain import counted, stack

        tables = [part for heading, sheet in overview.sheets(its, names).items() for part in (heading, sheet)]
        console().print(stack(counted(len(its.reports), "hand-in"), *tables))
    elif output.suffix == ".html":
        print_or_write(overview.page(its, names), output)
    else:
        raise InputError(f"{output} is no name for a page", fix=f"Call it {output.with_suffix('.html')}.")


COMMANDS = ((report, "Example: backpropviz report class.jsonl -o class.html"),)
