"""Commands that look at a layer: list, show, gradcheck.

Annotations are evaluated as they stand, without `from __future__ import annotations`: Typer would evaluate them again
from their text, which takes three times as long as all the rest of building a command.
"""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from backpropviz.cli.options import (
    DoutOption,
    DtypeOption,
    InputOption,
    JsonOption,
    LayerArgument,
    OpsOption,
    SeedOption,
    SetOption,
    ShapeOption,
    console,
    layers_that_begin,
    print_json,
    progress,
    run,
    users_code,
)
from backpropviz.cli.parsing import refuse
from backpropviz.cli.standard_input import from_standard_input
from backpropviz.errors import InputError

if TYPE_CHECKING:
    from backpropviz.engine.trace import Trace


def list_(
    layers: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="[LAYER]...",
            help="With --closed-forms: these, also of your files.",
            autocompletion=layers_that_begin,
        ),
    ] = None,
    ops: Annotated[bool, typer.Option("--ops", help="List the operations that can be traced instead.")] = False,
    closed: Annotated[
        bool,
        typer.Option(
            "--closed-forms", help="Search the shortest backward pass of each, prove it and time it; takes minutes."
        ),
    ] = False,
    as_json: JsonOption = False,
) -> None:
    """Name the layers that come with the tool."""
    if ops and closed:
        raise InputError("one list at a time can be printed", fix="Choose one of --ops and --closed-forms.")
    if layers and not closed:
        raise InputError(
            "layers are named where their closed forms are asked for",
            fix=f"Add --closed-forms; backpropviz show {layers[0]} shows a layer.",
        )
    if closed:
        from backpropviz.cli.closed_forms import table_of

        table_of([from_standard_input(layer) for layer in layers or ()], as_json)
        return
    if ops:
        from backpropviz.layers.library import operations as entries_of
    else:
        from backpropviz.layers.summaries import load_summaries as entries_of  # without NumPy, which takes a while

    entries = entries_of()
    if as_json:
        print_json({"format": "backpropviz/list", "version": 1, "operations" if ops else "layers": entries})
        return
    from backpropviz.show.tables import names

    console().print(names.operations(entries) if ops else names.layers(entries))


def show(
    context: typer.Context,
    layer: LayerArgument,
    inputs: InputOption = None,
    shape: ShapeOption = None,
    set_: SetOption = None,
    seed: SeedOption = 0,
    dout: DoutOption = None,
    dtype: DtypeOption = None,
    ops: OpsOption = False,
    round_: Annotated[
        str | None,
        typer.Option(
            "--round", metavar="3|t=3,i=0", help="The round of a loop that is shown, or of several by variable."
        ),
    ] = None,
    step: Annotated[str | None, typer.Option(metavar="NUMBER", help="Show one step whole.")] = None,
    explain: Annotated[bool, typer.Option("--explain", help="Say in words what every backward step does.")] = False,
    expand: Annotated[
        list[str] | None,
        typer.Option(
            "--expand", metavar="GROUP|loop", help="Open a group of steps, or all rounds of loops; repeatable."
        ),
    ] = None,
    diagram: Annotated[
        Path | None, typer.Option(metavar="PATH", help="Draw the graph too: .svg, .png, .pdf or .dot.")
    ] = None,
    table: Annotated[
        bool | None,
        typer.Option("--table/--passes", help="One row a node, or forward and backward pass one after the other."),
    ] = None,
    values: Annotated[
        str, typer.Option(metavar="none|short|full", help="How the numbers of the table are written.")
    ] = "short",
    output: Annotated[
        Path | None, typer.Option("--output", "-o", metavar="PATH", help="The table as .svg, .html or .txt.")
    ] = None,
    entry: Annotated[
        str | None, typer.Option(metavar="out[0,1]", help="One entry: what it was made from, where its gradient goes.")
    ] = None,
    jacobian: Annotated[bool, typer.Option("--jacobian", help="With --step: its local Jacobians.")] = False,
    digits: Annotated[
        int, typer.Option(metavar="N", min=1, max=17, help="Of the numbers of --entry and --jacobian.")
    ] = 3,
    as_json: JsonOption = False,
) -> None:
    """Print every step's value and gradient."""
    _refuse_idle(context, step, entry, jacobian, as_json)
    if table and explain:
        raise InputError(
            "--explain has no place in the table",
            fix="Leave out --table: both passes are printed, one after the other.",
        )
    if jacobian and step is None:
        raise InputError("--jacobian is for one step", fix="Say which: --step 3 --jacobian")
    if entry is not None or jacobian:
        others: dict[str, object] = {"--ops": ops, "--explain": explain, "--expand": expand, "--diagram": diagram}
        others |= {"-o": output, "--step": step if entry is not None else None}
        if given := [name for name, value in others.items() if value]:
            raise InputError(f"{given[0]} does not go with --{'entry' if entry else 'jacobian'}", fix="Leave it out.")
        case = "" if inputs or shape or set_ or step is not None else "entries"
        trace = run(layer, inputs, shape, set_, seed, dout, dtype, case=case)
        _show_entry(trace, layer, entry, step, digits, as_json)
        return
    whole = ops or explain or step is not None  # what the table has no place for
    if (output is not None or values != "short") and (table is False or whole):
        raise InputError(
            f"{'-o' if output else '--values'} is for the table", fix="Leave out --passes, --ops, --explain and --step."
        )
    trace = run(layer, inputs, shape, set_, seed, dout, dtype)
    from backpropviz.engine.rounds import Rounds
    from backpropviz.show.view import view

    every = ("loop",) if step is not None and "[" in step else ()  # `--step 2[3]`: step 2 of round 3
    rounds = Rounds(trace, round_, (*(expand or ()), *every))
    expand = rounds.others_than_loops
    shown = view(trace, layer, explain=explain or as_json or step is not None, rounds=rounds)
    if diagram is not None:
        from backpropviz.draw.diagram import Diagram

        Diagram(trace, ops=ops, expand=tuple(expand or ())).save(diagram)
    if as_json:
        from backpropviz.show.encoding import to_json

        print_json(to_json(shown))
        return
    screen = console()
    if table or (table is None and not whole):
        from backpropviz.show.tables.nodes import NodeTable

        made = NodeTable(shown, values, tuple(expand or ()), ops)
        if output is None or str(output) == "-":
            screen.print(made)
        else:
            from backpropviz.show.tables.files import save

            save(made, output, layer)
            print(f"wrote {output}")
        return
    from backpropviz.show.table import show as passes

    screen.print(passes(shown, ops=ops, step=step, explain=explain, expand=tuple(expand or ()), width=screen.width))


def _refuse_idle(context: typer.Context, step: str | None, entry: str | None, jacobian: bool, as_json: bool) -> None:
    """Refuse the options that would change nothing."""
    refuse(context, ("digits",), entry is None and not jacobian, "is for --entry and --jacobian")
    refuse(
        context, ("explain", "ops", "table", "values"), step is not None, "does nothing beside --step, which says all"
    )
    refuse(context, ("table", "values"), entry is not None, "does nothing beside --entry")
    everything = "does nothing beside --json, which holds everything"
    refuse(context, ("explain", "ops", "table", "values", "output", "expand"), as_json, everything)
    refuse(context, ("digits",), as_json, everything)
    refuse(context, ("step",), as_json and not jacobian, everything)


def _show_entry(trace: "Trace", layer: str, entry: str | None, step: str | None, digits: int, as_json: bool) -> None:
    from backpropviz.show import entries as page
    from backpropviz.study.entries import Entries

    screen = console()
    if entry is not None:
        story = Entries(trace).story(entry)
        if as_json:
            print_json(story.to_dict())
        else:
            screen.print(page.entry(story, layer, screen.width, digits))
        return
    matrices = Entries(trace).jacobians(str(step))
    if as_json:
        print_json({"format": "backpropviz/jacobian", "version": 1, "jacobians": matrices})
    else:
        screen.print(page.jacobians(matrices, layer, screen.width, digits))


def gradcheck(
    layer: LayerArgument,
    inputs: InputOption = None,
    shape: ShapeOption = None,
    set_: SetOption = None,
    seed: SeedOption = 0,
    dout: DoutOption = None,
    fast: Annotated[
        bool, typer.Option("--fast", help="One random direction instead of every entry, for large inputs.")
    ] = False,
    inputs_only: Annotated[bool, typer.Option("--inputs-only", help="Leave out the gradients of the steps.")] = False,
    tolerance: Annotated[float, typer.Option(metavar="NUMBER", help="The largest relative error that passes.")] = 1e-5,
    round_: Annotated[
        str | None,
        typer.Option("--round", metavar="3|t=3,i=0", help="The round of a loop whose steps are checked."),
    ] = None,
    as_json: JsonOption = False,
) -> None:
    """Prove the gradients numerically, entry by entry. Exit code 1 when one is wrong."""
    trace = run(layer, inputs, shape, set_, seed, dout, "float64")
    from backpropviz.study.gradcheck import gradcheck as check
    from backpropviz.study.gradcheck import work

    with (
        users_code(),
        progress("moving entries", work(trace, fast=fast, steps=not inputs_only, chosen=round_)) as advance,
    ):
        report = check(
            trace, fast=fast, steps=not inputs_only, tolerance=tolerance, seed=seed, progress=advance, chosen=round_
        )
    if as_json:
        print_json(report.to_dict())
    else:
        from backpropviz.show.tables.checks import checks

        console().print(checks(report))
    raise typer.Exit(0 if report.passed else 1)


COMMANDS = (
    (list_, "Examples: backpropviz list | backpropviz list --closed-forms batchnorm mine.py"),
    (
        show,
        "Examples: backpropviz show batchnorm | backpropviz show batchnorm --passes | "
        "backpropviz show mine.py:swish --shape x=8,5 | backpropviz show conv --set pad=1 --diagram conv.svg",
    ),
    (gradcheck, "Examples: backpropviz gradcheck conv | backpropviz gradcheck mine.py --fast"),
)
