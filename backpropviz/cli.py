"""The command line. Nothing heavy is imported before a command runs, so that `--help` is quick."""

from __future__ import annotations

import contextlib
import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Iterator

import typer

from backpropviz import __version__
from backpropviz.errors import BackpropvizError, InputError

if TYPE_CHECKING:
    from rich.console import Console, RenderableType

    from backpropviz.trace import Trace

app = typer.Typer(
    help="Show the backward pass of NumPy code, step by step: as tables, diagrams and code.",
    epilog="Start with: backpropviz show batchnorm",
    no_args_is_help=True,
    add_completion=False,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)

LayerArgument = Annotated[
    str,
    typer.Argument(metavar="LAYER|FILE.py[:FUNCTION]", help="A layer's name, or your own NumPy function in a file."),
]
InputOption = Annotated[
    list[str] | None,
    typer.Option("--input", "-i", metavar="NAME=FILE", help="An input from a .npy, .npz[:member] or .csv file."),
]
ShapeOption = Annotated[
    list[str] | None, typer.Option("--shape", metavar="NAME=8,5", help="The shape of a sample input.")
]
SetOption = Annotated[
    list[str] | None, typer.Option("--set", metavar="NAME=VALUE", help="A setting, such as eps=1e-3.")
]
SeedOption = Annotated[int, typer.Option(min=0, help="Draws the sample inputs and the upstream gradient.")]
DoutOption = Annotated[
    str | None, typer.Option("--dout", metavar="FILE", help="The upstream gradient, instead of a random one.")
]
DtypeOption = Annotated[str | None, typer.Option(metavar="float32|float64", help="The precision of the inputs.")]
JsonOption = Annotated[bool, typer.Option("--json", help="Print everything as JSON, exactly.")]
OpsOption = Annotated[bool, typer.Option("--ops", help="Open every step into its operations.")]
ExpandOption = Annotated[
    list[str] | None, typer.Option("--expand", metavar="GROUP", help="Open a group of steps; may be repeated.")
]


def main() -> None:
    """Run the command line; a mistake of the user's is one clear message and exit code 2."""
    try:
        app()
    except BackpropvizError as error:
        print(f"backpropviz: {error}", file=sys.stderr)
        sys.exit(2)
    except BrokenPipeError:
        # the reader of a pipe has seen enough
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        sys.exit(0)


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


@app.command("list", epilog="Example: backpropviz list")
def list_layers(
    ops: Annotated[bool, typer.Option("--ops", help="List the operations that can be traced instead.")] = False,
    as_json: JsonOption = False,
) -> None:
    """Name the layers that come with the tool."""
    from backpropviz.library import load_summaries, operations

    entries = operations() if ops else load_summaries()
    if as_json:
        _print_json(entries)
        return
    from backpropviz.tables import names

    _console().print(names.operations(entries) if ops else names.layers(entries))


@app.command(
    epilog="Examples: backpropviz show batchnorm | backpropviz show mine.py:swish --shape x=8,5 | "
    "backpropviz show conv --set pad=1 --diagram conv.svg"
)
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
    trace = _trace(layer, inputs, shape, set_, seed, dout, dtype)
    from backpropviz.view import to_json, view

    shown = view(trace, layer, explain=explain or as_json or step is not None)
    if diagram is not None:
        trace.diagram(ops=ops, expand=tuple(expand or ())).save(diagram)
    if as_json:
        _print_json(to_json(shown))
        return
    from backpropviz.table import show as table

    console = _console()
    console.print(table(shown, ops=ops, step=step, explain=explain, expand=tuple(expand or ()), width=console.width))


@app.command(epilog="Examples: backpropviz gradcheck conv | backpropviz gradcheck mine.py --fast")
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
    trace = _trace(layer, inputs, shape, set_, seed, dout, "float64")
    from backpropviz.gradcheck import gradcheck as check
    from backpropviz.gradcheck import work

    with _progress("moving entries", work(trace, fast=fast, steps=not inputs_only)) as advance:
        report = check(trace, fast=fast, steps=not inputs_only, tolerance=tolerance, seed=seed, progress=advance)
    if as_json:
        _print_json(report.to_dict())
    else:
        from backpropviz.tables.checks import checks

        _console().print(checks(report))
    raise typer.Exit(0 if report.passed else 1)


@app.command(
    epilog="Examples: backpropviz export batchnorm -o batchnorm.svg | backpropviz export conv -o conv.pdf --ops"
)
def export(
    layer: LayerArgument,
    output: Annotated[Path, typer.Option("--output", "-o", metavar="PATH", help="Where to: .svg, .png, .pdf or .dot.")],
    inputs: InputOption = None,
    shape: ShapeOption = None,
    set_: SetOption = None,
    seed: SeedOption = 0,
    dout: DoutOption = None,
    dtype: DtypeOption = None,
    ops: OpsOption = False,
    expand: ExpandOption = None,
    forward_only: Annotated[bool, typer.Option("--forward", help="Draw the forward pass alone.")] = False,
) -> None:
    """Draw the graph: black forward edges, red backward edges."""
    trace = _trace(layer, inputs, shape, set_, seed, dout, dtype, backward=not forward_only)
    trace.diagram(ops=ops, expand=tuple(expand or ())).save(output)
    print(f"wrote {output}")


@app.command(epilog="Example: backpropviz derive batchnorm")
def derive(
    layer: LayerArgument,
    inputs: InputOption = None,
    shape: ShapeOption = None,
    set_: SetOption = None,
    output: Annotated[
        Path | None, typer.Option("--output", "-o", metavar="FILE.py", help="Write it to a file.")
    ] = None,
) -> None:
    """Print the backward pass as NumPy code that runs."""
    code = _trace(layer, inputs, shape, set_).derive()
    if output is None:
        print(code, end="")
        return
    from backpropviz.files import write

    write(output, code.encode())
    print(f"wrote {output}")


@app.command(epilog="Examples: backpropviz compare batchnorm | backpropviz compare conv --shape x=2,3,16,16")
def compare(
    layer: LayerArgument,
    inputs: InputOption = None,
    shape: ShapeOption = None,
    set_: SetOption = None,
    seconds: Annotated[float, typer.Option(help="How long to measure.")] = 1.0,
    as_json: JsonOption = False,
) -> None:
    """Hold the ways to compute a layer against each other: differences and speed."""
    from backpropviz.compare import compare as run
    from backpropviz.library import load

    result = run(load(layer), _trace(layer, inputs, shape, set_, case="compare"), seconds=seconds)
    if as_json:
        _print_json(result.to_dict())
        return
    from backpropviz.tables.numbers import comparison

    _console().print(comparison(result))


@app.command(epilog="Examples: backpropviz elements conv | backpropviz elements affine --shape x=2,2 --shape w=2,2")
def elements(
    layer: LayerArgument,
    shape: ShapeOption = None,
    set_: SetOption = None,
    letters: Annotated[
        list[str] | None,
        typer.Option("--letter", metavar="NAME=LETTER", help="Another letter for an input, out or dout."),
    ] = None,
    as_json: JsonOption = False,
) -> None:
    """Write every output and gradient entry of a small case as a formula."""
    from backpropviz.arrays import parse_pair
    from backpropviz.elements import elements as write_out

    chosen = dict(parse_pair(pair, "--letter") for pair in letters or ())
    report = write_out(_trace(layer, None, shape, set_, case="elements"), chosen)
    if as_json:
        _print_json(report.to_dict())
        return
    from backpropviz.tables.numbers import formulas

    _console().print(formulas(report))


@app.command(
    epilog="Examples: backpropviz shapes convnet | backpropviz shapes conv --shape x=1,3,227,227 --shape w=96,3,11,11 "
    "--set stride=4 | backpropviz shapes 'input 224x224x3, conv 64 3x3 pad 1, pool 2x2, fc 1000'"
)
def shapes(
    layer: Annotated[
        str, typer.Argument(metavar="LAYER|FILE.py|'input 32x32x3, conv ...'", help="A layer, or a network in words.")
    ],
    shape: ShapeOption = None,
    set_: SetOption = None,
    batch: Annotated[int, typer.Option(min=1, help="How many examples, for a network in words.")] = 1,
    as_json: JsonOption = False,
) -> None:
    """Work out volumes, parameters, memory and receptive fields."""
    from backpropviz.shapes import of_description, of_trace

    described = layer.strip().lower().startswith("input")
    rows = of_description(layer, batch) if described else of_trace(_trace(layer, None, shape, set_, case="shapes"))
    if as_json:
        _print_json({"format": "backpropviz/shapes", "version": 1, "rows": [row.to_dict() for row in rows]})
        return
    from backpropviz.tables.numbers import volumes

    _console().print(volumes(rows))


@app.command(
    epilog="Examples: backpropviz diagnose bn.py | backpropviz diagnose handins/ --format gradescope -o results.json"
)
def diagnose(
    paths: Annotated[
        list[Path], typer.Argument(metavar="FILE.py...", help="Files with forward and backward functions, or folders.")
    ],
    function: Annotated[
        list[str] | None, typer.Option("--function", metavar="NAME", help="Only this one; may be repeated.")
    ] = None,
    format_: Annotated[
        str, typer.Option("--format", metavar="text|json|junit|gradescope", help="For people or machines.")
    ] = "text",
    output: Annotated[
        Path | None, typer.Option("--output", "-o", metavar="PATH", help="Write the report to a file.")
    ] = None,
    jobs: Annotated[int, typer.Option(min=0, help="How many files at once; 0: one for every processor.")] = 0,
    seconds: Annotated[float, typer.Option(help="The most one file may take.")] = 60.0,
    python2: Annotated[bool, typer.Option("--python2", help="Read the files as Python 2.")] = False,
) -> None:
    """Name the first wrong line of a hand-written backward pass. Exit code 1 when something is wrong."""
    from backpropviz.diagnose import classroom, render_text
    from backpropviz.diagnose.formats import FORMATS

    if format_ not in ("text", *FORMATS):
        raise InputError(f"there is no format {format_!r}", fix=f"Choose one of text, {', '.join(FORMATS)}.")
    files = classroom.collect(paths)
    options = {"functions": function, "seconds": seconds, "python2": python2}
    with _progress("diagnosing", len(files), from_=2) as advance:
        reports = classroom.diagnose_all(files, jobs=jobs, done=advance or (lambda count: None), **options)
    if format_ != "text":
        text = FORMATS[format_](reports) + "\n"
    elif len(reports) == 1:
        text = render_text(reports[0], _console().width)
    else:
        text = "\n".join(map(classroom.verdict_line, reports)) + "\n"
    if output is None:
        print(text, end="")
    else:
        from backpropviz.files import write

        write(output, text.encode())
        print(f"wrote {output}")
    raise typer.Exit(0 if all(report.status == "right" for report in reports) else 1)


def _trace(
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
    from backpropviz.arrays import load_array, parse_pair, parse_setting, parse_shape
    from backpropviz.library import load

    if dtype not in (None, "float32", "float64"):
        raise InputError(f"--dtype {dtype}", fix="Use float32 or float64.")
    found = load(layer)
    shapes, given = found.case(case)
    for pair in set_ or ():
        name, value = parse_pair(pair, "--set")
        given[name] = parse_setting(value, name, found.settings.get(name))
    for pair in inputs or ():
        name, path = parse_pair(pair, "--input")
        given[name] = load_array(path, name)
    for pair in shape or ():
        name, value = parse_pair(pair, "--shape")
        shapes[name] = parse_shape(value, name)
    trace = found.trace(given, shapes=shapes, seed=seed, dtype=dtype)
    if backward:
        trace.backward(None if dout is None else load_array(dout, "dout"), seed)
    return trace


def _console() -> Console:
    from rich.console import Console

    return Console(highlight=False, soft_wrap=False)


def _print_json(value: Any) -> None:
    import json

    from backpropviz.records import encode

    print(json.dumps(encode(value), indent=1, allow_nan=False))


@contextlib.contextmanager
def _progress(what: str, total: int, from_: int = 2000) -> Iterator[Any]:
    """A progress bar on stderr for work of `from_` parts or more; nothing where no one looks."""
    if total < from_ or not sys.stderr.isatty():
        yield None
        return
    from rich.console import Console
    from rich.progress import Progress

    with Progress(console=Console(stderr=True), transient=True) as progress:
        task = progress.add_task(what, total=total)
        yield lambda done: progress.advance(task, done)
