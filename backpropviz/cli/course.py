"""Commands for a course: write worksheets, ask questions."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from backpropviz.cli.options import (
    ForceOption,
    LayerArgument,
    SeedOption,
    SetOption,
    ShapeOption,
    keep,
    run,
    settings_and_shapes,
)
from backpropviz.errors import InputError

if TYPE_CHECKING:
    pass


def exercise(
    layer: LayerArgument,
    output: Annotated[Path, typer.Option("--output", "-o", metavar="FILE.py", help="Where to write the worksheet.")],
    shape: ShapeOption = None,
    set_: SetOption = None,
    solved: Annotated[bool, typer.Option("--solved", help="With the solutions in place of the blanks.")] = False,
    force: ForceOption = False,
) -> None:
    """Write a worksheet, which `diagnose` grades."""
    from backpropviz.exercises.exercise import write_worksheet
    from backpropviz.layers.library import load

    if output.suffix != ".py":
        raise InputError(f"{output} is no name for a Python file", fix=f"Call it {output.with_suffix('.py')}.")
    keep(output, force)
    settings, shapes = settings_and_shapes(load(layer), set_, shape)
    write_worksheet(layer, output, settings, shapes, solved)
    todo = "grade it" if solved else "fill it in, and grade it as often as you like"
    print(f"wrote {output}; {todo}: backpropviz diagnose {output}")


def quiz(
    layer: LayerArgument,
    shape: ShapeOption = None,
    set_: SetOption = None,
    seed: SeedOption = 0,
    print_: Annotated[bool, typer.Option("--print", help="Print the questions with their answers.")] = False,
) -> None:
    """Ask about every step, and explain."""
    from backpropviz.exercises.questions import questions
    from backpropviz.exercises.quiz import ask, listing

    asked = questions(run(layer, None, shape, set_, seed), seed)
    if print_:
        print("\n".join(listing(asked)))
        return
    if not sys.stdin.isatty():
        raise InputError("a quiz needs someone to ask: standard input is no terminal", fix="Or print it: --print")
    score = ask(asked)
    raise typer.Exit(1 if score.wrong else 0)


COMMANDS = (
    (exercise, "Examples: backpropviz exercise batchnorm -o bn.py | backpropviz exercise mine.py:swish -o swish.py"),
    (quiz, "Example: backpropviz quiz batchnorm"),
)
