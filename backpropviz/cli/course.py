"""Commands for a course: diagnose hand-ins, write worksheets, ask questions."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from backpropviz.cli.options import (
    ForceOption,
    LayerArgument,
    OutputOption,
    SeedOption,
    SetOption,
    ShapeOption,
    console,
    keep,
    print_or_write,
    progress,
    run,
    settings_and_shapes,
)
from backpropviz.errors import InputError

if TYPE_CHECKING:
    from backpropviz.diagnose import FileReport


def diagnose(
    paths: Annotated[
        list[Path], typer.Argument(metavar="FILE.py...", help="Files with forward and backward functions, or folders.")
    ],
    function: Annotated[
        list[str] | None, typer.Option("--function", metavar="NAME", help="Only this one; may be repeated.")
    ] = None,
    hint: Annotated[
        int | None, typer.Option("--hint", min=1, max=3, metavar="1|2|3", help="A question, then where, then what.")
    ] = None,
    format_: Annotated[
        str, typer.Option("--format", metavar="text|json|junit|gradescope", help="For people or machines.")
    ] = "text",
    output: OutputOption = None,
    jobs: Annotated[int, typer.Option(min=0, help="How many files at once; 0: one for every processor.")] = 0,
    seconds: Annotated[int, typer.Option(min=1, help="The most that one pair of functions may take.")] = 60,
    python2: Annotated[bool, typer.Option("--python2", help="Read the files as Python 2.")] = False,
) -> None:
    """Name the first wrong line of a hand-written backward pass. Exit code 1: something is wrong; 3: the tool is."""
    from backpropviz.classroom import handins
    from backpropviz.classroom.formats import FORMATS
    from backpropviz.diagnose.hints import render_hints
    from backpropviz.diagnose.verdict import FAULT

    if format_ not in ("text", *FORMATS):
        raise InputError(f"there is no format {format_!r}", fix=f"Choose one of text, {', '.join(FORMATS)}.")
    files = handins.collect(paths)
    if len(files) == 1 and format_ == "text" and _is_worksheet(files[0]):
        _grade(files[0], (hint or 1) - 1, seconds, output)
    options = {"functions": function, "seconds": seconds, "python2": python2}
    with progress("diagnosing", len(files), from_=2) as advance:
        reports = handins.diagnose_all(files, jobs=jobs, done=advance or (lambda count: None), judge=_judge, **options)
    if format_ != "text":
        text = FORMATS[format_](reports) + "\n"
    elif len(reports) == 1:
        text = render_hints(reports[0], hint or 3, console().width)
    else:
        text = "\n".join([*map(handins.verdict_line, reports), "", handins.totals(reports)]) + "\n"
    if not any(report.functions or report.findings for report in reports):
        what = f"no function or class called {' or '.join(function)}" if function else "nothing to diagnose"
        notes = "".join(f" ({note})" for note in (reports[0].notes if len(reports) == 1 else ()))
        raise InputError(
            f"{what} in {', '.join(map(str, paths))}{notes}",
            fix="A forward and a backward pass go by their names, `foo_forward` and `foo_backward`, or are the methods "
            "`forward` and `backward` of a class. For a forward pass alone: backpropviz derive FILE.py:NAME",
        )
    print_or_write(text, output)
    statuses = {report.status for report in reports}
    raise typer.Exit(3 if FAULT in statuses else 0 if statuses == {"right"} else 1)


def _is_worksheet(file: Path) -> bool:
    from backpropviz.exercises.exercise import is_worksheet

    return is_worksheet(file.read_text(encoding="utf-8", errors="replace"))


def _judge(file: Path, **options: Any) -> FileReport:
    """The report on a hand-in, or on a worksheet."""
    from backpropviz.diagnose import diagnose
    from backpropviz.exercises.handed_in import handed_in

    return handed_in(file, options["seconds"]) if _is_worksheet(file) else diagnose(file, **options)


def _grade(file: Path, level: int, seconds: float, output: Path | None) -> None:
    from backpropviz.exercises.grading import grade, render

    report = grade(file, seconds=seconds)
    print_or_write("\n".join(render(report, level)) + "\n", output)
    raise typer.Exit(0 if report.passed else 1)


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
    (
        diagnose,
        "Examples: backpropviz diagnose bn.py | backpropviz diagnose handins/ --format gradescope -o results.json",
    ),
    (exercise, "Examples: backpropviz exercise batchnorm -o bn.py | backpropviz exercise mine.py:swish -o swish.py"),
    (quiz, "Example: backpropviz quiz batchnorm"),
)
