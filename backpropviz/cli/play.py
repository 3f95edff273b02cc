"""Plays a layer in the browser: `play`."""

from __future__ import annotations

import re
import tempfile
import webbrowser
from pathlib import Path
from typing import Annotated

import typer

from backpropviz.cli.options import (
    DoutOption,
    DtypeOption,
    InputOption,
    LayerArgument,
    SeedOption,
    SetOption,
    ShapeOption,
    run,
)


def play(
    layer: LayerArgument,
    inputs: InputOption = None,
    shape: ShapeOption = None,
    set_: SetOption = None,
    seed: SeedOption = 0,
    dout: DoutOption = None,
    dtype: DtypeOption = None,
    open_: Annotated[bool, typer.Option("--open/--no-open", help="Open the browser, or only say where it is.")] = True,
) -> None:
    """Play both passes in the browser, step by step."""
    trace = run(layer, inputs, shape, set_, seed, dout, dtype)
    from backpropviz.draw.formats import heading
    from backpropviz.draw.player.making import player
    from backpropviz.exercises.questions import questions

    made = player(trace, layer, questions(trace), heading(trace, layer))
    name = "-".join(re.findall(r"\w+", Path(layer).name)) or "layer"
    path = Path(tempfile.mkdtemp(prefix="backpropviz-")) / f"{name}.html"
    made.save(path)
    print(path)
    if open_ and not webbrowser.open(path.as_uri()):
        typer.echo("backpropviz: no browser opens from here; open this file in one", err=True)


COMMANDS = ((play, "Examples: backpropviz play batchnorm | backpropviz play mine.py:swish --no-open"),)
