"""Commands for a course: write worksheets, ask questions."""

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from backpropviz.cli.options import (
    ForceOption,
    JsonOption,
    LayerArgument,
    SeedOption,
    SetOption,
    ShapeOption,
    answer,
    as_wide_as_the_screen,
    keep,
    run,
    settings_and_shapes,
    users_code,
    wrapped,
)
from backpropviz.errors import InputError

if TYPE_CHECKING:
    from backpropviz.engine.trace import Trace
    from backpropviz.exercises.quiz import Question


def exercise(
    layer: LayerArgument,
    output: Annotated[Path, typer.Option("--output", "-o", metavar="PATH", help="Where to write the worksheet.")],
    shape: ShapeOption = None,
    set_: SetOption = None,
    seed: SeedOption = 0,
    format_: Annotated[
        str | None,
        typer.Option(
            "--format",
            metavar="py|ipynb|html|pdf|xlsx",
            help="A file, a notebook, a page to print, a live spreadsheet.",
        ),
    ] = None,
    solved: Annotated[bool, typer.Option("--solved", help="With the solutions in place of the blanks.")] = False,
    closed: Annotated[
        bool, typer.Option("--closed-form", help="Ask for one gradient in closed form, in at most so many operations.")
    ] = False,
    force: ForceOption = False,
    as_json: JsonOption = False,
) -> None:
    """Write a worksheet, which `diagnose` grades."""
    from backpropviz.exercises.exercise import write_worksheet
    from backpropviz.layers.library import load
    from backpropviz.layers.sources import called, split_spec

    if str(output) == "-":
        raise InputError("a worksheet is graded as a file, and has a name", fix="Give it one: -o sheet.py")
    kind = format_ or output.suffix.removeprefix(".")
    if kind not in _FORMATS:
        what = f"{format_!r} is no format" if format_ else f"{output} is no name for a Python file"
        raise InputError(what, fix=f"Call it {output.with_suffix('.py').name}; or choose {', '.join(_FORMATS)}.")
    if output.suffix != f".{kind}":
        raise InputError(f"{output} is no name for .{kind}", fix=f"Call it {output.with_suffix(f'.{kind}').name}.")
    if closed and kind != "py":
        raise InputError(
            "--closed-form is graded by counting operations, which takes a Python file",
            fix=f"Call it {output.with_suffix('.py').name}.",
        )
    keep(output, force)
    settings, shapes = settings_and_shapes(load(layer), set_, shape)
    if kind == "py":
        write_worksheet(layer, output, settings, shapes, solved, closed)
        todo = "grade it" if solved else "fill it in, and grade it as often as you like"
        about = f" --as {layer}" if split_spec(layer)[0] else ""  # a worksheet cannot name a file to run
        grade = f"backpropviz diagnose {output}{about}"
        answer(
            as_json,
            "exercise",
            as_wide_as_the_screen(f"wrote {output}; {todo}: {grade}"),
            layer=layer,
            written=[str(output)],
            grade=grade,
        )
        return
    if solved and kind != "ipynb":
        raise InputError(f"--solved does not go with .{kind}", fix="It has the answers already, behind the blanks.")
    told = ""
    if kind == "ipynb":
        from backpropviz.exercises.exercise import worksheet
        from backpropviz.exercises.paper.notebook import notebook

        content = notebook(worksheet(layer, settings, shapes, output.parent, solved), called(layer)).encode()
    else:
        case = "" if kind == "xlsx" else "entries"  # so few numbers that they are worked out by hand
        content, told = _on_paper(run(layer, None, shape, set_, seed, case=case), called(layer), kind)
    from backpropviz.files import write

    write(output, content)
    answer(as_json, "exercise", f"wrote {output}{told}", layer=layer, written=[str(output)], grade=None)


_FORMATS = ("py", "ipynb", "html", "pdf", "xlsx")


def _on_paper(trace: "Trace", layer: str, kind: str) -> tuple[bytes, str]:
    """The file, and what there is to say about it."""
    from backpropviz.exercises.paper.sheet import sheet, words

    if kind == "xlsx":
        from backpropviz.exercises.paper.workbook import workbook

        return workbook(trace, layer), ""
    parts = sheet(trace, layer)
    if kind == "pdf":
        from backpropviz.exercises.paper.letters import spelled, spelling
        from backpropviz.exercises.paper.pdf import pages

        letters = spelled(words(parts))
        told = f"; fonts of PDF readers lack {spelling(letters)}: so these are spelled, and .html has them all"
        return pages(parts), told if letters else ""
    from backpropviz.exercises.paper.printed import page

    return page(parts).encode(), ""


def quiz(
    layer: LayerArgument,
    shape: ShapeOption = None,
    set_: SetOption = None,
    seed: SeedOption = 0,
    closed: Annotated[
        bool,
        typer.Option("--closed-form", help="Ask what vanishes on the way to the closed form, where that is known."),
    ] = False,
    print_: Annotated[bool, typer.Option("--print", help="Print the questions with their answers.")] = False,
    as_json: JsonOption = False,
) -> None:
    """Ask about every step, and explain."""
    from backpropviz.exercises.questions import questions
    from backpropviz.exercises.quiz import ask, listing

    asked = questions(run(layer, None, shape, set_, seed), seed)
    if closed:
        asked += _vanishing(layer, set_, seed)
    if print_ and as_json:
        raise InputError("--print does nothing beside --json, which holds everything", fix="Leave it out.")
    if print_ or as_json:
        answer(
            as_json,
            "quiz",
            "\n".join([*wrapped(listing(asked)), ""]),
            layer=layer,
            questions=[q.to_dict() for q in asked],
        )
        return
    if not sys.stdin.isatty():
        raise InputError("a quiz needs someone to ask: standard input is no terminal", fix="Print it: --print")
    score = ask(asked)
    raise typer.Exit(1 if score.wrong else 0)


def _vanishing(layer: str, set_: list[str] | None, seed: int) -> "list[Question]":
    """What the closed form rests on, as questions; none where no sum vanishes."""
    from backpropviz.exercises.vanishing import vanishing
    from backpropviz.layers.library import load
    from backpropviz.study.closed.form import closed_form

    with users_code():
        found = load(layer)
        return list(vanishing(closed_form(found, settings_and_shapes(found, set_, None)[0]), seed))


COMMANDS = (
    (
        exercise,
        "Examples: backpropviz exercise batchnorm -o bn.py | backpropviz exercise mine.py:swish -o swish.ipynb | "
        "backpropviz exercise batchnorm -o bn.pdf | backpropviz exercise batchnorm -o bn.xlsx | "
        "backpropviz exercise batchnorm --closed-form -o dx.py",
    ),
    (quiz, "Examples: backpropviz quiz batchnorm | backpropviz quiz batchnorm --closed-form"),
)
