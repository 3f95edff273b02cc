"""`diagnose`: one hand-in told to its author, many told to a teacher or to other programs."""

import contextlib
import sys
from pathlib import Path
from typing import IO, TYPE_CHECKING, Annotated, Any

import typer

from backpropviz.cli.options import (
    OutputOption,
    answer,
    as_wide_as_the_screen,
    console,
    layers_that_begin,
    print_or_write,
    progress,
    wrapped,
)
from backpropviz.cli.parsing import refuse
from backpropviz.cli.standard_input import file_from_standard_input, from_standard_input, shown
from backpropviz.errors import InputError

if TYPE_CHECKING:
    from backpropviz.diagnose import FileReport

_FORMATS = "json, jsonl, csv, github, sarif, junit, gradescope, prairielearn, check50"
_NAMES = (
    "A forward and a backward pass go by their names, `foo_forward` and `foo_backward`, or are the methods `forward` "
    "and `backward` of a class. For a forward pass alone: backpropviz derive FILE.py:NAME"
)


def diagnose(
    context: typer.Context,
    paths: Annotated[
        list[Path] | None,
        typer.Argument(
            metavar="FILE.py...",
            help="Files with forward and backward functions, notebooks, or folders; - is standard input.",
        ),
    ] = None,
    function: Annotated[
        list[str] | None, typer.Option("--function", metavar="NAME", help="Only this one; may be repeated.")
    ] = None,
    as_: Annotated[
        str | None,
        typer.Option(
            "--as",
            metavar="LAYER|FILE",
            help="What it has to be about, whatever the file says: a layer, "
            "or of worksheets also FILE:NAME, or the worksheet as handed out.",
            autocompletion=layers_that_begin,
        ),
    ] = None,
    hint: Annotated[
        int | None, typer.Option("--hint", min=1, max=3, metavar="1|2|3", help="A question, then where, then what.")
    ] = None,
    explain: Annotated[
        bool, typer.Option("--explain", help="Each finding on the smallest input: your values beside the right ones.")
    ] = False,
    format_: Annotated[
        str | None,
        typer.Option("--format", metavar="NAME", help=f"{_FORMATS}; of feedback: also md, html."),
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="The same as --format json.")] = False,
    output: OutputOption = None,
    assignment: Annotated[
        Path | None, typer.Option("--assignment", metavar="FILE.toml", help="Grade by it: a table of marks as CSV.")
    ] = None,
    feedback: Annotated[
        Path | None, typer.Option("--feedback", metavar="DIR", help="A file for each hand-in; --format says how.")
    ] = None,
    files_from: Annotated[
        str | None, typer.Option("--files-from", metavar="FILE|-", help="A list of files, a line each.")
    ] = None,
    shard: Annotated[
        str | None, typer.Option("--shard", metavar="I/N", help="Part I of N alone: N machines share the work.")
    ] = None,
    resume: Annotated[
        Path | None,
        typer.Option("--resume", metavar="OUT.jsonl", help="A line as each file ends; go on with it."),
    ] = None,
    cache: Annotated[
        Path | None, typer.Option("--cache", metavar="DIR", help="Answers are kept there: same text, same answer.")
    ] = None,
    jobs: Annotated[
        int, typer.Option(metavar="N", min=0, help="How many files at once; 0: one for every processor.")
    ] = 0,
    seconds: Annotated[
        int, typer.Option(metavar="N", min=1, help="The most that one pair of functions may take.")
    ] = 60,
    python2: Annotated[bool, typer.Option("--python2", help="Read the files as Python 2.")] = False,
    sandbox: Annotated[bool, typer.Option("--sandbox", help="Say what holds a hand-in on this machine.")] = False,
) -> None:
    """Name the first wrong line of a hand-written backward pass. Exit code 1: something is wrong; 3: the tool is."""
    from backpropviz.classroom import handins
    from backpropviz.classroom.formats import FORMATS
    from backpropviz.classroom.judges import holds_worksheet, pin_options
    from backpropviz.diagnose.telling.hints import render_hints

    others_than_it = set(context.params) - {"sandbox", "as_json", "output"}
    refuse(context, sorted(others_than_it), sandbox, "does nothing beside --sandbox, which reads no file")
    if sandbox:
        from backpropviz.diagnose.student.probing import lines

        told = lines()
        if as_json:
            answer(as_json, "sandbox", "", lines=told)
        else:
            print_or_write("\n".join(told if output else wrapped(told)) + "\n", output)
        raise typer.Exit
    named = [*(Path(from_standard_input(str(path))) for path in paths or ()), *_listed(files_from)]
    if not named:
        raise InputError("no file was named", fix="Name files or folders; --files-from - reads a list of them.")
    options: dict[str, Any] = {"functions": function, "seconds": seconds, "python2": python2, **pin_options(as_)}
    if explain:
        options["explain"] = True
    if assignment is not None:
        others = {
            "--hint": hint,
            "--explain": explain,
            "--function": function,
            "--shard": shard,
            "--resume": resume,
            "--json": as_json,
            "--as": as_,
        }
        if given := [name for name, value in others.items() if value]:
            raise InputError(f"{given[0]} does not go with --assignment", fix="Leave one of them out.")
        raise typer.Exit(_grade_all(named, assignment, options, output, feedback, format_, jobs, cache))
    if feedback:
        raise InputError("--feedback goes with --assignment", fix="Write an assignment file; see README, Hand-ins.")
    if str(output) == "-":  # everywhere the same as no file
        output = None
    chosen = _format(format_, as_json, resume, output)
    if explain and chosen not in ("text", "json", "jsonl"):
        raise InputError(f"--format {chosen} has no room for pages", fix="Leave --explain out, or take --json.")
    files = handins.collect(named)
    files = handins.shard(files, shard) if shard else files
    if hint and (chosen != "text" or len(files) != 1):
        raise InputError("--hint tells of one file, to a person", fix="Name one file, and no --format.")
    if explain and chosen == "text" and len(files) != 1:
        raise InputError("--explain tells of one file, to a person", fix="Name one file, or add --json.")
    if explain and hint:
        raise InputError("--explain tells everything, and --hint less", fix="Leave one of them out.")
    if len(files) == 1 and chosen == "text" and holds_worksheet(files[0], as_):
        _grade(files[0], (hint or 1) - 1, seconds, output, as_, explain)
    reports = _reports(files, options, jobs, cache, chosen == "jsonl", resume, output)
    if files and not any(report.functions or report.findings for report in reports):
        what = f"no function or class called {' or '.join(function)}" if function else "nothing to diagnose"
        notes = "".join(f" ({note})" for note in (reports[0].notes if len(reports) == 1 else ()))
        raise InputError(f"{what} in {', '.join(map(str, named))}{notes}", fix=_NAMES)
    if chosen == "text" and len(reports) == 1:
        print_or_write(render_hints(reports[0], hint or 3, console().width), output)
    elif chosen == "text":
        text = "\n".join([*map(handins.verdict_line, reports), "", handins.totals(reports)]) + "\n"
        print_or_write(text if output else as_wide_as_the_screen(text), output)
    elif chosen != "jsonl":
        print_or_write(FORMATS[chosen](reports) + "\n", output)
    elif resume or output:
        print(f"wrote {resume or output}: {handins.totals(reports)}")
    raise typer.Exit(_exit_code(reports))


def _exit_code(reports: "list[FileReport]") -> int:
    statuses = {report.status for report in reports}
    return 3 if "fault of the tool" in statuses else 0 if statuses <= {"right"} else 1


def _listed(files_from: str | None) -> list[Path]:
    """The files in the list that --files-from names; "-" is standard input."""
    from backpropviz.classroom.handins import listed

    if files_from is None:
        return []
    if files_from == "-":
        return listed(sys.stdin)
    try:
        return listed(Path(files_from).read_text(encoding="utf-8").splitlines())
    except (OSError, UnicodeDecodeError) as error:
        why = error.strerror if isinstance(error, OSError) else "it is no text"
        fix = "Name a text file with a path on each line."
        raise InputError(f"--files-from {files_from}: {why}", fix=fix) from error


def _format(format_: str | None, as_json: bool, resume: Path | None, output: Path | None) -> str:
    """The format to write in; --json and --resume are words for one each."""
    from backpropviz.classroom.formats import FORMATS

    if resume and output:
        raise InputError("--resume names the file to write", fix="Leave -o out.")
    asked = {"json" if as_json else "", "jsonl" if resume else "", format_ or ""} - {""}
    if len(asked) > 1:
        raise InputError(f"these options ask for {' and '.join(sorted(asked))}", fix="Only one format can be written.")
    name = next(iter(asked), "text")
    if name not in ("text", *FORMATS):
        raise InputError(f"there is no format {name!r}", fix=f"Choose one of text, {', '.join(FORMATS)}.")
    return name


def _reports(
    files: list[Path], options: dict[str, Any], jobs: int, cache: Path | None,
    in_lines: bool = False, resume: Path | None = None, output: Path | None = None,
) -> "list[FileReport]":  # fmt: skip
    """The reports on the files; `in_lines`: each is written as a line of JSON as soon as it is there."""
    from backpropviz.classroom.answers import Cache, reports, unfinished
    from backpropviz.classroom.exact import line
    from backpropviz.classroom.judges import judge
    from backpropviz.files import line_by_line

    earlier = unfinished(resume) if resume else {}
    with contextlib.ExitStack() as stack:
        stream: IO[str] = sys.stdout
        if in_lines and (resume or output):
            stream = stack.enter_context(line_by_line(resume or output or Path(), "a" if resume else "w"))

        def say(report: "FileReport", key: str) -> None:
            if in_lines:
                stream.write(f"{line(report, key)}\n")
                stream.flush()

        advance = stack.enter_context(progress("diagnosing", len(files), from_=2))
        return reports(
            files, options, jobs=jobs, judge=judge, cache=Cache(cache) if cache else None, earlier=earlier, say=say,
            done=advance or (lambda count: None), called=shown,
        )  # fmt: skip


def _grade_all(
    named: list[Path], assignment: Path, options: dict[str, Any], output: Path | None, feedback: Path | None,
    format_: str | None, jobs: int, cache: Path | None,
) -> int:  # fmt: skip
    """Grade hand-ins by an assignment: the table of marks, and a file for each hand-in."""
    from backpropviz.classroom import assignment as assignments
    from backpropviz.classroom import feedback as letters
    from backpropviz.classroom import grades
    from backpropviz.show.tables.plain import counted

    wanted = assignments.read(file_from_standard_input(assignment))
    if feedback is None and format_ not in (None, "csv"):
        raise InputError(
            f"--format {format_} with --assignment says how the feedback is written", fix="Add --feedback DIR."
        )
    write = letters.WRITERS.get(format_ or "md")
    if write is None:
        raise InputError(f"there is no feedback in {format_!r}", fix=f"Choose one of {', '.join(letters.WRITERS)}.")
    hand_ins = grades.hand_ins(named)
    files = [file for hand_in in hand_ins for file in hand_in.files]
    reports = dict(zip(files, _reports(files, {**options, **wanted.options}, jobs, cache)))
    graded = [grades.grade(its, [reports[file] for file in its.files], wanted) for its in hand_ins]
    if feedback is not None:
        letters.write_all(feedback, graded, wanted, format_ or "md")
    print_or_write(grades.table(graded, wanted), output)
    if feedback is not None:
        print(f"wrote {counted(len(graded), 'file')} to {feedback}", file=sys.stderr)
    return max(_exit_code([report]) for report in reports.values())


def _grade(file: Path, level: int, seconds: float, output: Path | None, pin: str | None, explain: bool) -> None:
    from backpropviz.exercises.grading import grade
    from backpropviz.exercises.sheet_report import render

    report = grade(file, pin=pin, seconds=seconds)
    print_or_write(shown("\n".join(render(report, level, explain, console().width)) + "\n"), output)
    raise typer.Exit(0 if report.passed else 1)


COMMANDS = (
    (
        diagnose,
        "Examples: backpropviz diagnose bn.py --explain | backpropviz diagnose handins/ --resume class.jsonl | "
        "backpropviz diagnose --assignment hw2.toml handins/ -o grades.csv --feedback told/",
    ),
)
