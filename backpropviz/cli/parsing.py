"""How the command line is read: an option that is given twice, or would do nothing, is a mistake and told as one.

Two options are on every command: --quiet, and --max-bytes on those that read files.
"""

from __future__ import annotations

import contextlib
import os
import re
import sys
from collections import Counter
from collections.abc import Sequence
from typing import Any

import typer
from typer.core import TyperCommand, TyperOption

from backpropviz.cli.options import as_wide_as_the_screen
from backpropviz.cli.standard_input import shown
from backpropviz.errors import InputError
from backpropviz.files import MOST, AtMost
from backpropviz.text import clean

_READERS = {"layer", "inputs", "dout", "paths", "lines", "files"}  # parameters that name files to be read
_MAY_BE_EMPTY = {"title"}
_KEPT_ON_DISK = {"folder", "frames", "feedback", "cache", "resume"}  # parameters that standard output cannot be
_NARROW = 70  # columns; help has two columns in a wider window


def _set_limit(context: Any, _parameter: Any, most: int) -> None:
    """From here on: other arguments may be standard input, which is read as they are."""
    if most < 1:
        raise InputError(f"--max-bytes {most} lets nothing in", fix=f"Give a number of bytes; it is {MOST:,} without.")
    context.with_resource(AtMost(most))


_Formatter: Any = typer.Context.formatter_class


class _Help(_Formatter):  # type: ignore[misc]
    """Help whose left column takes a quarter of the screen at most: longer options stand above what they do."""

    def write_dl(self, rows: Any, col_max: int = 30, col_spacing: int = 2) -> None:
        most = self.width // 4 if self.width < _NARROW else col_max
        super().write_dl(rows, min(col_max, most), col_spacing)


class Command(TyperCommand):
    """A command that takes each of its options once, unless its help says that it may be repeated."""

    def __init__(self, *arguments: Any, params: list[Any], **options: Any):
        quiet = TyperOption(
            param_decls=["--quiet", "-q"], is_flag=True, default=False,
            help="Print errors alone; files are written, and the exit code says the rest.",
        )  # fmt: skip
        most = TyperOption(
            param_decls=["--max-bytes"], type=int, default=MOST, metavar="N", is_eager=True, expose_value=False,
            callback=_set_limit,
            help="Read no file or array that is larger; 1 GB without it.",
        )  # fmt: skip
        reads = any(parameter.name in _READERS for parameter in params)
        super().__init__(*arguments, params=[*params, *([most] if reads else []), quiet], **options)

    def get_help(self, ctx: Any) -> str:
        ctx.formatter_class = _Help
        return super().get_help(ctx)

    def format_epilog(self, ctx: Any, formatter: Any) -> None:
        """Each example begins a line."""
        title, _, calls = (self.epilog or "").partition(": ")
        with formatter.section(title):
            for call in calls.split(" | "):
                formatter.write_text(call)

    def invoke(self, ctx: Any) -> Any:
        quiet = ctx.params.pop("quiet")
        with contextlib.ExitStack() as stack:
            if quiet:
                nowhere = stack.enter_context(open(os.devnull, "w", encoding="utf-8"))
                stack.enter_context(contextlib.redirect_stdout(nowhere))
                stack.enter_context(contextlib.redirect_stderr(nowhere))
            return super().invoke(ctx)

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        with contextlib.suppress(typer.TyperException):  # other mistakes are told below, in full
            values, _, order = self.make_parser(ctx).parse_args(list(args))
            for parameter in order:
                value = values.get(parameter.name or "")
                if (
                    "" in (value if isinstance(value, (list, tuple)) else [value])
                    and parameter.name not in _MAY_BE_EMPTY
                ):
                    named = f"Name one; see: {ctx.command_path} --help"
                    raise InputError(
                        f"nothing is given for {_written(parameter)}",
                        fix=named if parameter.required else "Give a value, or leave it out.",
                    )
                if value == "-" and parameter.name in _KEPT_ON_DISK:
                    raise InputError(
                        f"{_written(parameter)} cannot be standard output", fix="Name a place on the disk."
                    )
            for parameter, times in Counter(order).items():
                several = getattr(parameter, "multiple", False) or getattr(parameter, "nargs", 1) != 1
                switch = getattr(parameter, "is_flag", False) and not parameter.secondary_opts
                if times > 1 and not several and not switch:
                    raise InputError(
                        f"{_written(parameter)} is given {times} times", fix="Give it once: which of them is meant?"
                    )
        try:
            return super().parse_args(ctx, args)
        except typer.TyperException as error:
            its: Any = error
            its.ctx = getattr(error, "ctx", None) or ctx  # an option without its value does not say whose it is
            raise


def described(command: Any) -> dict[str, Any]:
    """A command as a record: what it does, and its arguments and options as they are written."""
    options = [
        {
            "name": parameter.name, "written": [*parameter.opts, *parameter.secondary_opts],
            "argument": parameter.param_type_name == "argument", "flag": bool(getattr(parameter, "is_flag", False)),
            "takes": parameter.metavar, "required": parameter.required, "help": getattr(parameter, "help", None) or "",
            "repeatable": bool(parameter.multiple or parameter.nargs != 1),
        }
        for parameter in command.params
    ]  # fmt: skip
    return {"command": command.name, "help": command.help, "examples": command.epilog, "options": options}


def _written(parameter: Any) -> str:
    """An option or an argument as its help writes it: "--frame-format", "FILE.py..."."""
    return str(parameter.metavar if parameter.param_type_name == "argument" else max(parameter.opts, key=len))


def given(context: typer.Context, *names: str) -> list[str]:
    """Those of a command's options that stand on the command line, as they are written: "--frame-format"."""
    found = []
    for parameter in context.command.params:
        source = context.get_parameter_source(parameter.name or "")
        if parameter.name in names and source is not None and source.name == "COMMANDLINE":
            found.append(_written(parameter))
    return found


def refuse(context: typer.Context, names: Sequence[str], when: bool, why: str, fix: str = "Leave it out.") -> None:
    """Refuse options that would do nothing.

    Raises:
        InputError: `when` holds, and one of the options called `names` was given.
    """
    if when and (idle := given(context, *names)):
        raise InputError(f"{idle[0]} {why}", fix=fix)


def say(message: str) -> None:
    """Print a message for people on standard error, as wide as the screen."""
    print(as_wide_as_the_screen(clean(f"backpropviz: {shown(message)}"), sys.stderr), file=sys.stderr)


def tell(error: typer.TyperException) -> int:
    """Print a mistake in how a command was called, and what to do next; the exit code."""
    context: Any = getattr(error, "ctx", None)
    message = getattr(error, "format_message", lambda: str(error))()
    if context is None or type(error).__name__ == "NoArgsIsHelpError":
        print(message, file=sys.stderr)
    else:
        message = f"{message[:1].lower()}{message[1:]}".rstrip(".").replace("valid int range", "whole number")
        message = message.replace("valid int", "whole number")
        message = re.sub(r"the range ([\d.]+)<=x<=", r"the range \1 to ", message)
        message = re.sub(r"the range x>=([\d.]+)", r"the range from \1 on", message).replace("(Possible", "(possible")
        message = message.replace("valid float range", "number").replace("valid float", "number")
        say(f"{message}\n  See: {context.command_path} --help")
    return int(getattr(error, "exit_code", 2))
