"""Plays a layer in the terminal: `step`."""

import io
import shutil
import sys
from typing import TYPE_CHECKING

from backpropviz.cli import terminal
from backpropviz.cli.options import (
    DoutOption,
    DtypeOption,
    InputOption,
    JsonOption,
    LayerArgument,
    SeedOption,
    SetOption,
    ShapeOption,
    answer,
    console,
    run,
)
from backpropviz.errors import InputError

if TYPE_CHECKING:
    from rich.console import Console
    from rich.segment import Segment

    from backpropviz.show.stepping import Leaf

_KEYS = ("q ends", "\u2192 on", "\u2190 back", "/name goes there", "\u2191\u2193 scroll")
"""What the line at the foot says, the most needed first: a narrow window has room for some of it."""
_WIDE = 60  # columns from which on there is room between them


def step(
    layer: LayerArgument,
    inputs: InputOption = None,
    shape: ShapeOption = None,
    set_: SetOption = None,
    seed: SeedOption = 0,
    dout: DoutOption = None,
    dtype: DtypeOption = None,
    as_json: JsonOption = False,
) -> None:
    """Play both passes in the terminal, step by step."""
    if not as_json and not terminal.is_terminal():
        raise InputError(
            "step is for a terminal, and this is none", fix=f"Print both passes: backpropviz show {layer} --passes"
        )
    trace = run(layer, inputs, shape, set_, seed, dout, dtype)
    from backpropviz.show.stepping import leaves
    from backpropviz.show.view import view

    if as_json:
        pages = [{"place": leaf.place, "text": _text(leaf)} for leaf in leaves(view(trace, layer))]
        answer(as_json, "step", "", layer=layer, pages=pages)
        return
    with terminal.screen():
        _Steps(leaves(view(trace, layer))).play()


def _text(leaf: "Leaf") -> str:
    """A page as lines of text, 80 columns wide."""
    from rich.console import Console

    from backpropviz.show.table import Shown

    page = Console(file=io.StringIO(), width=80, color_system=None)
    with page.capture() as captured:
        page.print(Shown(leaf.parts, 80))
    return captured.get()


class _Steps:
    """Where one is: which page, how far down, and what is being typed after a slash."""

    def __init__(self, leaves: "list[Leaf]") -> None:
        self.leaves = leaves
        self.at = self.down = 0
        self.typed: str | None = None
        self.told = ""

    def play(self) -> None:
        while True:
            self._draw()
            key = terminal.key()
            self.told = ""
            if key == "quit" or (self.typed is None and key in ("q", "escape")):
                return
            if self.typed is not None:
                self._type(key)
            else:
                self._move(key)

    def _move(self, key: str) -> None:
        last = len(self.leaves) - 1
        page = max(1, shutil.get_terminal_size().lines - 4)
        turned = {
            "right": self.at + 1,
            "enter": self.at + 1,
            "left": self.at - 1,
            "backspace": self.at - 1,
            "home": 0,
            "end": last,
        }
        scrolled = {"down": 1, "up": -1, "pagedown": page, "pageup": -page}
        if key in turned:
            self._go(min(last, max(0, turned[key])))
        elif key in scrolled:
            self.down = max(0, self.down + scrolled[key])
        elif key == "/":
            self.typed = ""

    def _type(self, key: str) -> None:
        assert self.typed is not None
        if key == "enter":
            from backpropviz.show.stepping import find

            found = find(self.leaves, self.typed, self.at) if self.typed else None
            if found is not None:
                self._go(found)
            elif self.typed:
                self.told = f"no step or gradient is called {self.typed}"
            self.typed = None
        elif key == "escape":
            self.typed = None
        elif key == "backspace":
            self.typed = self.typed[:-1] if self.typed else None
        elif len(key) == 1 and key.isprintable():
            self.typed += key

    def _go(self, at: int) -> None:
        if at != self.at:
            self.at, self.down = at, 0

    def _draw(self) -> None:
        from backpropviz.show.table import Shown

        size = shutil.get_terminal_size()
        leaf = self.leaves[self.at]
        made: Console = console()
        options = made.options.update(width=size.columns)
        lines = made.render_lines(Shown(leaf.parts, size.columns), options, pad=False)
        room = max(1, size.lines - 2)
        self.down = min(self.down, max(0, len(lines) - room))
        seen = lines[self.down : self.down + room]
        more = len(lines) - self.down - len(seen)
        foot = _foot(leaf.place, more, size.columns - 1, leaf is self.leaves[-1])
        bar = f"/{self.typed}" if self.typed is not None else self.told or foot
        text = "".join("".join(self._ansi(made, segment) for segment in line) + "\x1b[K\r\n" for line in seen)
        text += "\x1b[K\r\n" * (room - len(seen) + 1)
        sys.stdout.write(f"\x1b[H{text}\x1b[7m{bar[: size.columns - 1]}\x1b[0m\x1b[K")
        sys.stdout.flush()

    @staticmethod
    def _ansi(made: "Console", segment: "Segment") -> str:
        if segment.style is None:
            return segment.text
        return segment.style.render(segment.text, color_system=made._color_system)


def _foot(place: str, more: int, columns: int, is_last: bool = False) -> str:
    """Where one is, how to leave and to go on, how many lines are below, and the other keys that there is room for."""
    leave, on, *others = _KEYS
    needed = [place, leave, *([] if is_last else [on])]
    gap = "   " if columns >= _WIDE else "  "
    ways = [f"\u2193 {more} more lines", f"\u2193 {more} more", f"\u2193 {more}"] if more else []
    below = [way for way in ways if len(gap.join((*needed, way))) <= columns][:1]
    parts = [place, leave, *below, *needed[2:]]
    for words in others:
        if len(gap.join((*parts, words))) <= columns:
            parts.append(words)
    while len(gap.join(parts)) > columns and len(parts) > 2:
        parts.pop()
    return gap.join(parts)


COMMANDS = ((step, "Examples: backpropviz step batchnorm | backpropviz step mine.py:swish --set beta=2"),)
