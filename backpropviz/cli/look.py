"""Commands that look at a layer: list, show, gradcheck."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from backpropviz.cli.options import (
    DoutOption,
    DtypeOption,
    ExpandOption,
    InputOption,
    JsonOption,
    LayerArgument,
    OpsOption,
    SeedOption,
    SetOption,
    ShapeOption,
    console,
    print_json,
    progress,
    run,
    users_code,
)


def list_(
    ops: Annotated[bool, typer.Option("--ops", help="List the operations that can be traced instead.")] = False,
    as_json: JsonOption = False,
) -> None:
    """Name the layers that come with the tool."""
    from backpropviz.layers.library import load_summaries, operations

    entries = operations() if ops else load_summaries()
    if as_json:
        print_json(entries)
        return
    from backpropviz.show.tables import names

    console().print(names.operations(entries) if ops else names.layers(entries))


def show(
    layer: LayerArgument,
    inputs: InputOption = None,
    shape: ShapeOption = None,
    set_: SetOption = None,
    seed: SeedOption = 0,
    dout: DoutOption = None,
    dtype: DtypeOption = None,
    ops: OpsOption = False,
    step: Annotated[str | None, typer.Option(metavar="NUMBER", help="Show one step whole.")] = None,
    explain: Annotated[bool, typer.Option("--explain", help="Say in words what every backward step does.")] = False,
    expand: ExpandOption = None,
    diagram: Annotated[
        Path | None, typer.Option(metavar="PATH", help="Draw the graph too: .svg, .png, .pdf or .dot.")
    ] = None,
    as_json: JsonOption = False,
) -> None:
    """Print every step's value and gradient."""
    trace = run(layer, inputs, shape, set_, seed, dout, dtype)
    from backpropviz.show.view import to_json, view

    shown = view(trace, layer, explain=explain or as_json or step is not None)
    if diagram is not None:
        from backpropviz.draw.diagram import Diagram

        Diagram(trace, ops=ops, expand=tuple(expand or ())).save(diagram)
    if as_json:
        print_json(to_json(shown))
        return
    from backpropviz.show.table import show as table

    screen = console()
    screen.print(table(shown, ops=ops, step=step, explain=explain, expand=tuple(expand or ()), width=screen.width))


def gradcheck(
    layer: LayerArgument,
    inputs: InputOption = None,
    shape: ShapeOption = None,
    set_: SetOption = None,
    seed: SeedOption = 0,
    dout: DoutOption = None,
    fast: Annotated[
        bool, typer.Option("--fast", help="Random directions instead of every entry, for large inputs.")
    ] = False,
    inputs_only: Annotated[bool, typer.Option("--inputs-only", help="Leave out the gradients of the steps.")] = False,
    tolerance: Annotated[float, typer.Option(help="The largest relative error that passes.")] = 1e-5,
    as_json: JsonOption = False,
) -> None:
    """Prove the gradients numerically, entry by entry. Exit code 1 when one is wrong."""
    trace = run(layer, inputs, shape, set_, seed, dout, "float64")
    from backpropviz.study.gradcheck import gradcheck as check
    from backpropviz.study.gradcheck import work

    with users_code(), progress("moving entries", work(trace, fast=fast, steps=not inputs_only)) as advance:
        report = check(trace, fast=fast, steps=not inputs_only, tolerance=tolerance, seed=seed, progress=advance)
    if as_json:
        print_json(report.to_dict())
    else:
        from backpropviz.show.tables.checks import checks

        console().print(checks(report))
    raise typer.Exit(0 if report.passed else 1)


COMMANDS = (
    (list_, "Example: backpropviz list"),
    (
        show,
        "Examples: backpropviz show batchnorm | backpropviz show mine.py:swish --shape x=8,5 | "
        "backpropviz show conv --set pad=1 --diagram conv.svg",
    ),
    (gradcheck, "Examples: backpropviz gradcheck conv | backpropviz gradcheck mine.py --fast"),
)
