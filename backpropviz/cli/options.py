"""What the commands share: options, running a layer as they say, and printing."""

from __future__ import annotations

import contextlib
import os
import shutil
import sys
import textwrap
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, TextIO

import typer

from backpropviz.cli.standard_input import array_from_standard_input, from_standard_input, shown
from backpropviz.errors import InputError

if TYPE_CHECKING:
    from rich.console import Console

    from backpropviz.engine.trace import Trace
    from backpropviz.layers.library import Layer


def layers_that_begin(incomplete: str) -> list[str]:
    """What a shell offers where a layer is asked for; where no name begins so, it offers files."""
    from backpropviz.layers.summaries import layer_names

    return [name for name in layer_names() if name.startswith(incomplete)]


LayerArgument = Annotated[
    str,
    typer.Argument(
        metavar="LAYER|FILE[:NAME]",
        help="A layer's name, or your own function or class: mine.py, mine.py:swish, net.py:Linear, notes.ipynb:swish; "
        "- is standard input.",
        callback=from_standard_input,
        autocompletion=layers_that_begin,
    ),
]
InputOption = Annotated[
    list[str] | None,
    typer.Option(
        "--input",
        "-i",
        metavar="NAME=FILE",
        help="An input from a .npy, .npz[:member] or .csv file, or from -.",
    ),
]
ShapeOption = Annotated[
    list[str] | None, typer.Option("--shape", metavar="NAME=8,5", help="The shape of a sample input.")
]
SetOption = Annotated[
    list[str] | None, typer.Option("--set", metavar="NAME=VALUE", help="A setting, such as eps=1e-3.")
]
SeedOption = Annotated[int, typer.Option(metavar="N", min=0, help="Draws the sample inputs and the upstream gradient.")]
DoutOption = Annotated[
    str | None, typer.Option("--dout", metavar="FILE", help="The upstream gradient, instead of a random one.")
]
DtypeOption = Annotated[str | None, typer.Option(metavar="float32|float64", help="The precision of the inputs.")]
JsonOption = Annotated[bool, typer.Option("--json", help="Print everything as JSON, exactly.")]
OpsOption = Annotated[bool, typer.Option("--ops", help="Open every step into its operations.")]
ExpandOption = Annotated[
    list[str] | None, typer.Option("--expand", metavar="GROUP", help="Open a group of steps; may be repeated.")
]
ForceOption = Annotated[bool, typer.Option("--force", help="Write over a file that may be somebody's work.")]
OutputOption = Annotated[Path | None, typer.Option("--output", "-o", metavar="PATH", help="Write it to a file.")]


LONG = 20_000
"""Lines of a function: to read, run and write down so many takes seconds."""


def run(
    layer: str,
    inputs: list[str] | None,
    shape: list[str] | None,
    set_: list[str] | None,
    seed: int = 0,
    dout: str | None = None,
    dtype: str | None = None,
    backward: bool = True,
    case: str = "",
) -> Trace:
    """Load and run a layer as the options say; `case` names the sizes its file keeps for a command (`SIZES`)."""
    from backpropviz.layers.library import load

    is_precision(dtype)
    with users_code():
        found = load(layer)
    _tell_of_length(layer, found)
    shapes, given = found.case(case)
    if inputs or set_ or shape:
        # what was not given is the function's own default, not that of an example it does not belong to
        shapes, given = ({} if inputs or shape else shapes), {}
    upstream = None
    if inputs or set_ or shape or dout:
        from backpropviz.layers.arrays import load_array, parse_pairs

        settings, more_shapes = settings_and_shapes(found, set_, shape)
        given |= settings
        shapes |= more_shapes
        for name, path in parse_pairs(inputs, "--input").items():
            if name in more_shapes:
                raise InputError(f"--shape {name} does nothing beside --input {name}", fix="Leave one of them out.")
            given[name] = load_array(array_from_standard_input(path), name)
        upstream = load_array(array_from_standard_input(dout), "dout") if dout else None
    with users_code():
        trace = found.trace(given, shapes=shapes, seed=seed, dtype=dtype)
        if backward:
            trace.backward(upstream, seed)
    return trace


def _tell_of_length(layer: str, found: Layer) -> None:
    """Say at once where a function is longer than what takes a moment."""
    code = found.function.__code__
    length = 1 + max(line or 0 for _, _, line in code.co_lines()) - code.co_firstlineno
    if length > LONG:
        seen = f"{layer} is {length:,} lines long, and more than {LONG:,} take a while; Ctrl-C ends it"
        print(f"backpropviz: {shown(seen)}", file=sys.stderr)


def is_precision(dtype: str | None) -> None:
    """Refuse what --dtype cannot be."""
    if dtype not in (None, "float32", "float64"):
        raise InputError(f"--dtype {dtype} is no precision of inputs", fix="Use float32 or float64.")


@contextlib.contextmanager
def users_code() -> Iterator[None]:
    """Around code of a user's: what it prints is no part of our output, and what is not finite the trace notes."""
    import numpy as np

    with contextlib.redirect_stdout(sys.stderr), np.errstate(all="ignore"):
        yield


def settings_and_shapes(
    layer: Layer, set_: list[str] | None, shape: list[str] | None
) -> tuple[dict[str, Any], dict[str, Any]]:
    """What --set and --shape say."""
    from backpropviz.layers.arrays import parse_pairs, parse_setting, parse_shape

    settings, shapes = {}, {}
    for name, value in parse_pairs(set_, "--set").items():
        settings[name] = parse_setting(value, name, layer.settings.get(name))
    for name, value in parse_pairs(shape, "--shape").items():
        shapes[name] = parse_shape(value, name)
    return settings, shapes


def console() -> Console:
    from rich.console import Console

    from backpropviz.show.lines import Trimmed

    class Screen(Console):
        def print(self, *shown: Any, **options: Any) -> None:
            super().print(*map(Trimmed, shown), **options)

        def on_broken_pipe(self) -> None:
            raise  # Rich would exit with 1: see `main`

    return Screen(highlight=False, soft_wrap=False)


def screen_width(stream: TextIO | None = None) -> int | None:
    """The columns of the screen, or those that COLUMNS asks for; None where nobody looks."""
    if not (stream or sys.stdout).isatty() and "COLUMNS" not in os.environ:
        return None
    return _columns()


def _columns() -> int:
    return max(20, shutil.get_terminal_size().columns)


def as_wide_as_the_screen(text: str, stream: TextIO | None = None) -> str:
    """A text whose lines of words are broken where they are wider than the screen; where there is none, as it is."""
    if screen_width(stream) is None:
        return text
    return "\n".join(wrapped(text.split("\n"), hang=4))


def wrapped(lines: Iterable[str], hang: int = 0) -> list[str]:
    """Lines of words as wide as the screen; what goes on stands under where it began, or `hang` columns further on.

    Words that are longer are paths and code: they are left whole, to be copied.
    """
    width = _columns()
    wrap = textwrap.TextWrapper(width, break_long_words=False, break_on_hyphens=False)
    parts = []
    for line in lines:
        wrap.subsequent_indent = " " * (len(line) - len(line.lstrip()) + hang)
        parts += [line] if len(line) <= width else wrap.wrap(line)
    return parts


def print_json(value: Any) -> None:
    import json

    from backpropviz.show.encoding import encode

    print(json.dumps(encode(value), indent=1, allow_nan=False))


@contextlib.contextmanager
def progress(what: str, total: int, from_: int = 2000) -> Iterator[Any]:
    """A progress bar on stderr for work of `from_` parts or more; nothing where no one looks."""
    if total < from_ or not sys.stderr.isatty():
        yield None
        return
    from rich.console import Console
    from rich.progress import Progress

    with Progress(console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task(what, total=total)
        yield lambda done: bar.advance(task, done)


def answer(as_json: bool, command: str, words: str, /, **facts: Any) -> None:
    """What a command has done: in words, or as a record. Words that are empty were printed already."""
    if as_json:
        print_json({"format": f"backpropviz/{command}", "version": 1, **facts})
    elif words:
        print(words, end="" if words.endswith("\n") else "\n")


def keep(output: Path | None, force: bool) -> None:
    """Refuse to write code over a file that may be somebody's work; what is as it was written by us is none.

    Raises:
        InputError: the file is there, and `force` was not asked for.
    """
    if output is None or not output.is_file() or force:
        return
    from backpropviz.files import is_as_written

    if not is_as_written(output):
        raise InputError(f"{output} is there already", fix="Choose another name, or write over it with --force.")


def print_or_write(text: str, output: Path | None) -> None:
    """Text to standard output ("-" names it, too), or to a file that is named then."""
    if written := write_text(text, output):
        print(f"wrote {written[0]}")
    else:
        print(text, end="" if text.endswith("\n") else "\n")


def write_text(text: str, output: Path | None) -> list[str]:
    """Text to a file, whose path is returned; nothing for standard output."""
    if output is None or str(output) == "-":
        return []
    from backpropviz.files import write

    write(output, text.encode())
    return [str(output)]
