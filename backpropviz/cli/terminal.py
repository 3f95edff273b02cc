"""A terminal that is read key by key, and a screen that is left as it was."""

from __future__ import annotations

import contextlib
import os
import sys
from collections.abc import Iterator

_SEQUENCES = {
    "[C": "right", "[D": "left", "[A": "up", "[B": "down", "OC": "right", "OD": "left", "OA": "up", "OB": "down",
    "[H": "home", "[F": "end", "OH": "home", "OF": "end", "[1~": "home", "[4~": "end",
    "[5~": "pageup", "[6~": "pagedown",
}  # fmt: skip
_LETTERS = {
    " ": "right", "\r": "enter", "\n": "enter", "\x7f": "backspace", "\x08": "backspace",
    "\x03": "quit", "\x04": "quit",
}  # fmt: skip
_WINDOWS = {"M": "right", "K": "left", "H": "up", "P": "down", "G": "home", "O": "end", "I": "pageup", "Q": "pagedown"}
_PATIENCE = 0.05  # seconds in which the rest of an arrow key arrives; the escape key comes alone


def is_terminal() -> bool:
    return sys.stdin.isatty() and sys.stdout.isatty()


@contextlib.contextmanager
def screen() -> Iterator[None]:
    """Within, the terminal shows a screen of its own, and hands over each key at once, without printing it."""
    sys.stdout.write("\x1b[?1049h\x1b[?25l")
    sys.stdout.flush()
    try:
        with _unbuffered():
            yield
    finally:
        sys.stdout.write("\x1b[?25h\x1b[?1049l")
        sys.stdout.flush()


@contextlib.contextmanager
def _unbuffered() -> Iterator[None]:
    if sys.platform == "win32":
        yield
        return
    import termios
    import tty

    number = sys.stdin.fileno()
    before = termios.tcgetattr(number)
    try:
        tty.setraw(number, termios.TCSANOW)
        yield
    finally:
        termios.tcsetattr(number, termios.TCSADRAIN, before)


def key() -> str:
    """The next key: a letter, or one of right, left, up, down, home, end, pageup, pagedown, enter, backspace, escape,
    quit."""
    if sys.platform == "win32":
        import msvcrt

        letter = msvcrt.getwch()
        return _WINDOWS.get(msvcrt.getwch(), "") if letter in ("\x00", "\xe0") else _LETTERS.get(letter, letter)
    number = sys.stdin.fileno()
    first = os.read(number, 1)
    if not first:
        return "quit"  # nobody is there any more
    if first == b"\x1b":
        rest = ""
        while len(rest) < 8 and _more(number) and rest not in _SEQUENCES:
            rest += os.read(number, 1).decode("latin-1")
        return _SEQUENCES.get(rest, "escape")
    while first[0] >= 0xC0 and not _whole(first):  # the rest of a letter that takes several bytes
        first += os.read(number, 1)
    letter = first.decode(errors="replace")
    return _LETTERS.get(letter, letter)


def _more(number: int) -> bool:
    import select

    return bool(select.select([number], [], [], _PATIENCE)[0])


def _whole(letter: bytes) -> bool:
    try:
        letter.decode()
    except UnicodeDecodeError:
        return len(letter) >= 4
    return True
