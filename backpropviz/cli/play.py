"""Plays a layer in the browser: `play`."""

import re
from functools import partial
from pathlib import Path
from typing import Annotated

import typer

from backpropviz.cli.options import (
    DoutOption,
    DtypeOption,
    InputOption,
    JsonOption,
    LayerArgument,
    SeedOption,
    SetOption,
    ShapeOption,
    answer,
    is_precision,
    run,
)
from backpropviz.cli.standard_input import array_from_standard_input
from backpropviz.errors import InputError


def play(
    layer: LayerArgument,
    inputs: InputOption = None,
    shape: ShapeOption = None,
    set_: SetOption = None,
    seed: SeedOption = 0,
    dout: DoutOption = None,
    dtype: DtypeOption = None,
    open_: Annotated[bool, typer.Option("--open/--no-open", help="Open the browser, or only say where it is.")] = True,
    live: Annotated[
        bool, typer.Option("--live", help="Follow a file: the page changes when it is saved, until Ctrl-C.")
    ] = False,
    as_json: JsonOption = False,
) -> None:
    """Play both passes in the browser, step by step."""
    if live and as_json:
        raise InputError(
            "--live goes on until it is stopped: --json would never be printed", fix="Leave one of them out."
        )
    if live:
        from backpropviz.cli.live import live as serve

        serve(layer, _as_given(inputs, shape, set_, seed, dout, dtype), open_)
        return
    trace = run(layer, inputs, shape, set_, seed, dout, dtype)
    import tempfile  # late, with the rest: `--help` opens nothing
    import webbrowser

    from backpropviz.draw.formats import heading
    from backpropviz.draw.player.making import player
    from backpropviz.exercises.questions import questions
    from backpropviz.layers.sources import called

    made = player(trace, called(layer), partial(questions, trace), heading(trace, layer))
    name = "-".join(re.findall(r"\w+", Path(layer).name)) or "layer"
    path = Path(tempfile.mkdtemp(prefix="backpropviz-")) / f"{name}.html"
    made.save(path)
    answer(as_json, "play", str(path), layer=layer, page=str(path))
    if open_ and not webbrowser.open(path.as_uri()):
        typer.echo("backpropviz: no browser opens from here; open this file in one", err=True)


def _as_given(
    inputs: list[str] | None,
    shape: list[str] | None,
    set_: list[str] | None,
    seed: int,
    dout: str | None,
    dtype: str | None,
) -> list[str]:
    """The options of a run as they stand on a command line; standard input is the file that it is kept in.

    Raises:
        InputError: one of them is wrong whatever the layer is: no save of its file would mend that.
    """
    from backpropviz.files import limit
    from backpropviz.layers.arrays import load_array, parse_pairs, parse_shape

    is_precision(dtype)
    options = [f"--seed={seed}", f"--max-bytes={limit()}", *([f"--dtype={dtype}"] if dtype else [])]
    for name, path in parse_pairs(inputs, "--input").items():
        file = array_from_standard_input(path)
        load_array(file, name)
        options.append(f"--input={name}={file}")
    for name, text in parse_pairs(shape, "--shape").items():
        parse_shape(text, name)
        options.append(f"--shape={name}={text}")
    options += [f"--set={name}={text}" for name, text in parse_pairs(set_, "--set").items()]
    if dout:
        file = array_from_standard_input(dout)
        load_array(file, "dout")
        options.append(f"--dout={file}")
    return options


COMMANDS = (
    (
        play,
        "Examples: backpropviz play batchnorm | backpropviz play mine.py:swish --no-open | "
        "backpropviz play --live mine.py",
    ),
)
