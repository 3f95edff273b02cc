"""Commands that work something out: compare, elements, shapes."""

import math
from typing import Annotated

import typer

from backpropviz.cli.options import (
    InputOption,
    JsonOption,
    LayerArgument,
    SetOption,
    ShapeOption,
    console,
    layers_that_begin,
    print_json,
    run,
    users_code,
)
from backpropviz.cli.parsing import refuse
from backpropviz.errors import InputError


def compare(
    layer: LayerArgument,
    inputs: InputOption = None,
    shape: ShapeOption = None,
    set_: SetOption = None,
    seconds: Annotated[
        float, typer.Option(metavar="NUMBER", min=0, help="How long to measure; at least three rounds.")
    ] = 0.2,
    closed: Annotated[
        bool, typer.Option("--closed-form", help="Search the shortest backward pass, and time it too; takes seconds.")
    ] = False,
    as_json: JsonOption = False,
) -> None:
    """Time other ways to compute the same layer."""
    if not math.isfinite(seconds):
        raise InputError(f"--seconds {seconds} is no time to measure", fix="Give a few seconds, or parts of one: 0.2")
    from backpropviz.layers.library import load
    from backpropviz.study.compare import compare as measure

    trace = run(layer, inputs, shape, set_, case="compare")
    with users_code():
        result = measure(load(layer), trace, seconds=seconds, closed=closed)
    if as_json:
        print_json(result.to_dict())
        return
    from backpropviz.show.tables.numbers import comparison

    console().print(comparison(result))


def elements(
    layer: LayerArgument,
    shape: ShapeOption = None,
    set_: SetOption = None,
    letters: Annotated[
        list[str] | None,
        typer.Option("--letter", metavar="NAME=LETTER", help="Another letter for an input, out or dout."),
    ] = None,
    round_: Annotated[
        str | None,
        typer.Option("--round", metavar="3|t=3,i=0", help="Step by step, with this round of a loop for all of them."),
    ] = None,
    as_json: JsonOption = False,
) -> None:
    """Write every single entry as a formula."""
    from backpropviz.layers.arrays import parse_pairs
    from backpropviz.study.elements import elements as write_out

    chosen = parse_pairs(letters, "--letter")
    report = write_out(run(layer, None, shape, set_, case="elements"), chosen, round_)
    if as_json:
        print_json(report.to_dict())
        return
    from backpropviz.show.tables.numbers import formulas

    console().print(formulas(report))


def shapes(
    context: typer.Context,
    layer: Annotated[
        str,
        typer.Argument(
            metavar="LAYER|FILE|NETWORK",
            help="A layer, or a network in words: 'input 8x8x3, conv 6 3x3, fc 10'.",
            autocompletion=layers_that_begin,
        ),
    ],
    shape: ShapeOption = None,
    set_: SetOption = None,
    batch: Annotated[int, typer.Option(metavar="N", min=1, help="How many examples, for a network in words.")] = 1,
    as_json: JsonOption = False,
) -> None:
    """Work out volumes, parameters and memory."""
    from backpropviz.study.shapes import of_description, of_trace

    described = layer.strip().lower().startswith("input")
    refuse(context, ("batch",), not described, "is for a network in words", "Say it with --shape x=8,...")
    refuse(context, ("shape", "set_"), described, "is for a layer", "Say it in the words: 'input 32x32x3, conv 8 3x3'.")
    rows = of_description(layer, batch) if described else of_trace(run(layer, None, shape, set_, case="shapes"))
    if as_json:
        print_json({"format": "backpropviz/shapes", "version": 1, "rows": [row.to_dict() for row in rows]})
        return
    from backpropviz.show.tables.numbers import volumes

    console().print(volumes(rows))


COMMANDS = (
    (compare, "Examples: backpropviz compare batchnorm | backpropviz compare conv --shape x=2,3,16,16"),
    (elements, "Examples: backpropviz elements conv | backpropviz elements affine --shape x=2,2 --shape w=2,2"),
    (
        shapes,
        "Examples: backpropviz shapes convnet | backpropviz shapes conv --shape x=1,3,227,227 --shape w=96,3,11,11 "
        "--set stride=4 | backpropviz shapes 'input 224x224x3, conv 64 3x3 pad 1, pool 2x2, fc 1000'",
    ),
)
