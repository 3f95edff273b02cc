"""The command line. Nothing heavy is imported before a command runs, so that `--help` is quick."""

import contextlib
import errno
import io
import os
import shutil
import sys
from collections.abc import Iterator
from functools import cache
from importlib import import_module
from typing import Annotated, Any

import typer

from backpropviz import __version__
from backpropviz.cli.options import JsonOption, answer
from backpropviz.cli.parsing import Command, described, say, tell
from backpropviz.errors import BackpropvizError, InputError, in_one_line
from backpropviz.files import MOST, AtMost

_ROOMS = {
    "look": ("list", "show", "gradcheck"),
    "export": ("export",),
    "derive": ("derive",),
    "play": ("play",),
    "stepping": ("step",),
    "site": ("site",),
    "study": ("compare", "elements", "shapes"),
    "handins": ("diagnose",),
    "reports": ("report",),
    "course": ("exercise", "quiz"),
}


@cache
def application(word: str = "") -> typer.Typer:
    """The command line; that of one command alone, where `word` is its name: building all of them takes a while."""
    app = typer.Typer(
        help="Show the backward pass of NumPy code, step by step: as tables, diagrams and code.",
        epilog="Start with: backpropviz show batchnorm",
        no_args_is_help=True,
        rich_markup_mode=None,
        pretty_exceptions_enable=False,
        context_settings={"help_option_names": ["-h", "--help"], **_narrow()},
    )
    app.callback()(backpropviz)
    only = any(word in names for names in _ROOMS.values())
    for room, names in _ROOMS.items():
        if only and word not in names:
            continue
        for command, epilog in import_module(f"backpropviz.cli.{room}").COMMANDS:
            name = command.__name__.rstrip("_")
            if name == word or not only:
                app.command(name, epilog=epilog, cls=Command)(command)
    app.command("help", epilog="Example: backpropviz help derive", cls=Command)(help_)
    return app


def _narrow() -> dict[str, int]:
    """The width of help on a terminal that is narrower than what help takes at least."""
    columns = shutil.get_terminal_size().columns
    return {"terminal_width": max(columns, 30)} if columns < 52 else {}


def __getattr__(name: str) -> typer.Typer:
    """`app`: every command, for those who call the command line from Python."""
    if name == "app":
        return application()
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


_INTERRUPTED = 128 + 2  # as shells count a program that the signal SIGINT ended


def main() -> None:
    """Run the command line; a mistake of the user's is one clear message and exit code 2."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="replace")  # an encoding that lacks a letter is no reason to stop
    out = sys.stdout
    if not os.environ.get("COLUMNS", "1").strip("0"):  # no screen is so narrow: nobody has told how wide it is
        del os.environ["COLUMNS"]
    try:
        with _room_for_depth(), AtMost(MOST):  # whatever a call sets ends with it
            code = application(*sys.argv[1:2])(prog_name="backpropviz", standalone_mode=False)
        sys.stdout.flush()
        if code == _INTERRUPTED:
            print("backpropviz: stopped", file=sys.stderr)
        sys.exit(code if isinstance(code, int) else 0)
    except SystemExit as end:
        # typer puts another stream in its place where the reader of a pipe has seen enough
        raise SystemExit(end.code if sys.stdout is out else 0) from None
    except typer.Abort:  # the end of the input, where an answer was waited for
        print("backpropviz: stopped", file=sys.stderr)
        sys.exit(_INTERRUPTED)
    except typer.TyperException as error:
        sys.exit(tell(error))
    except BackpropvizError as error:
        say(str(error))
        sys.exit(2)
    except RecursionError:
        say("an expression is nested too deeply\n  Write it in several lines, each with its own name.")
        sys.exit(2)
    except MemoryError:
        say("there is not enough memory for arrays of these shapes")
        sys.exit(2)
    except OSError as error:
        # what is still waiting to be written would fail again when Python ends
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        if isinstance(error, BrokenPipeError):
            sys.exit(0)  # the reader of a pipe has seen enough
        what, why = error.filename or "the output", error.strerror or error
        if error.errno in (errno.ENOSPC, errno.EFBIG, errno.EDQUOT, errno.EIO):
            say(f"{in_one_line(f'{what} cannot be written: {why}')}\n  Is the disk full, or the file too large?")
        else:
            say(in_one_line(f"{error.filename}: {why}" if error.filename else str(why)))
        sys.exit(2)


_STACK = 96 << 20  # bytes; Linux keeps 128 MB free for it
_FRAME = 8 << 10  # what a call of Python takes of them at most: one of `sorted(key=)` takes some 5,000


@contextlib.contextmanager
def _room_for_depth() -> Iterator[None]:
    """Within, calls may be nested as deep as code is that people write: a sum of 3,000 terms is a tree as deep, and
    each level of it takes several calls to walk. The stack is made as large as that takes, or a call that never ends
    would end the process; where it cannot be, Python's own limit stays.
    """
    if sys.platform != "linux":  # elsewhere the stack stays as it was when the process began
        yield
        return
    import resource

    frames, (soft, hard) = sys.getrecursionlimit(), resource.getrlimit(resource.RLIMIT_STACK)
    if hard == resource.RLIM_INFINITY or hard >= _STACK:
        resource.setrlimit(resource.RLIMIT_STACK, (_STACK, hard))
        sys.setrecursionlimit(max(frames, _STACK // _FRAME))
    try:
        yield
    finally:
        sys.setrecursionlimit(frames)
        resource.setrlimit(resource.RLIMIT_STACK, (soft, hard))


def _version(wanted: bool) -> None:
    if wanted:
        print(f"backpropviz {__version__}")
        raise typer.Exit


def backpropviz(
    version: Annotated[
        bool, typer.Option("--version", "-V", callback=_version, is_eager=True, help="Print the version.")
    ] = False,
) -> None:
    pass


def help_(
    context: typer.Context,
    command: Annotated[str | None, typer.Argument(metavar="COMMAND", help="Without one: all of them.")] = None,
    as_json: JsonOption = False,
) -> None:
    """Print what a command does, and its options."""
    group: Any = context.parent
    if as_json:
        names = [command] if command else group.command.list_commands(group)
        answer(as_json, "help", "", commands=[described(_command(group, name)) for name in names])
        return
    if command is None:
        print(group.get_help())
        return
    found = _command(group, command)
    print(found.get_help(typer.Context(found, info_name=command, parent=group)))


def _command(group: Any, name: str) -> Any:
    found = group.command.get_command(group, name)
    if found is None:
        names = ", ".join(group.command.list_commands(group))
        raise InputError(f"there is no command {name!r}", fix=f"Choose one of {names}.")
    return found
