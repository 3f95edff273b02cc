"""The command line. Nothing heavy is imported before a command runs, so that `--help` is quick."""

from __future__ import annotations

import io
import os
import sys
from typing import Annotated

import typer

from backpropviz import __version__
from backpropviz.cli import course, export, handins, look, play, site, stepping, study
from backpropviz.errors import BackpropvizError
from backpropviz.text import clean

app = typer.Typer(
    help="Show the backward pass of NumPy code, step by step: as tables, diagrams and code.",
    epilog="Start with: backpropviz show batchnorm",
    no_args_is_help=True,
    add_completion=False,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)

for command, epilog in (
    *look.COMMANDS,
    *export.COMMANDS,
    *play.COMMANDS,
    *stepping.COMMANDS,
    *site.COMMANDS,
    *study.COMMANDS,
    *handins.COMMANDS,
    *course.COMMANDS,
):
    app.command(command.__name__.rstrip("_"), epilog=epilog)(command)


def main() -> None:
    """Run the command line; a mistake of the user's is one clear message and exit code 2."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="replace")  # an encoding that lacks a letter is no reason to stop
    try:
        app()
    except BackpropvizError as error:
        print(clean(f"backpropviz: {error}"), file=sys.stderr)
        sys.exit(2)
    except MemoryError:
        print("backpropviz: there is not enough memory for arrays of these shapes", file=sys.stderr)
        sys.exit(2)
    except OSError as error:
        # what is still waiting to be written would fail again when Python ends
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        if isinstance(error, BrokenPipeError):
            sys.exit(0)  # the reader of a pipe has seen enough
        print(f"backpropviz: {error.strerror or error}", file=sys.stderr)
        sys.exit(2)


def _version(wanted: bool) -> None:
    if wanted:
        print(f"backpropviz {__version__}")
        raise typer.Exit


@app.callback()
def backpropviz(
    version: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Print the version.")
    ] = False,
) -> None:
    pass
