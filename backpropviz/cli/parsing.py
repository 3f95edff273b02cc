"""How the command line is read: an option that is given twice, or would do nothing, is a mistake and told as one."""

from __future__ import annotations

import contextlib
import sys
from collections import Counter
from collections.abc import Sequence
from typing import Any

import typer
from typer.core import TyperCommand

from backpropviz.errors import InputError
from backpropviz.text import clean


class Command(TyperCommand):
    """A command that takes each of its options once, unless its help says that it may be repeated."""

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        with contextlib.suppress(typer.TyperException):  # other mistakes are told below, in full
            _, _, order = self.make_parser(ctx).parse_args(list(args))
            for parameter, times in Counter(order).items():
                several = getattr(parameter, "multiple", False) or getattr(parameter, "nargs", 1) != 1
                if times > 1 and not several and not getattr(parameter, "is_flag", False):
                    name = max(parameter.opts, key=len)
                    raise InputError(f"{name} is given {times} times", fix="Give it once: which of them is meant?")
        return super().parse_args(ctx, args)


def _written(parameter: Any) -> str:
    """An option as its help writes it: "--frame-format"."""
    return str(max(parameter.opts, key=len))


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


def tell(error: typer.TyperException) -> int:
    """Print a mistake in how a command was called, and what to do next; the exit code."""
    context: Any = getattr(error, "ctx", None)
    message = getattr(error, "format_message", lambda: str(error))()
    if context is None or type(error).__name__ == "NoArgsIsHelpError":
        print(message, file=sys.stderr)
    else:
        message = f"{message[:1].lower()}{message[1:]}".rstrip(".").replace("valid int range", "whole number")
        print(clean(f"backpropviz: {message}\n  See: {context.command_path} --help"), file=sys.stderr)
    return int(getattr(error, "exit_code", 2))
