"""What a notebook and a prompt show of a result: the same lines, as HTML in light and dark, and as plain text."""

from __future__ import annotations

import html
import io
import keyword
import tokenize
from collections.abc import Iterator

from rich.console import Console, RenderableType
from rich.segment import Segment
from rich.style import Style

from backpropviz.show.lines import trimmed

WIDTH = 100  # columns

# A notebook says in one of these ways that it is dark; else the reader's system says it.
_DARK = "[data-jp-theme-light=false] .backpropviz, .vscode-dark .backpropviz, [theme=dark] .backpropviz"
_LOOK = """<style>
.backpropviz { font-family: Menlo, Consolas, "DejaVu Sans Mono", monospace !important;
  line-height: 1.4; overflow-x: auto; background: none; color: inherit; --red: #b3152a; --faint: #59636e;
  --good: #1a6e35; --label: #0b6a7a; }
%s { --red: #ff8a7a; --faint: #a9b8b2; --good: #7fd99a; --label: #7fd3e0; }
@media (prefers-color-scheme: dark) { body:not([data-jp-theme-light]) .backpropviz { --red: #ff8a7a; --faint: #a9b8b2;
  --good: #7fd99a; --label: #7fd3e0; } }
.backpropviz b { font-weight: 700; } .backpropviz .red { color: var(--red); }
.backpropviz .faint { color: var(--faint); }
.backpropviz .good { color: var(--good); } .backpropviz .label { color: var(--label); }
</style>"""
LOOK = _LOOK % _DARK
_COLOURS = {"red": "red", "green": "good", "cyan": "label", "yellow": "label", "magenta": "label", "blue": "label"}


class Display:
    """Anything that Rich prints, for notebooks and prompts.

    >>> from rich.text import Text
    >>> Display(Text("dx < 1", "red"))
    dx < 1
    >>> '<span class="red">dx &lt; 1</span>' in Display(Text("dx < 1", "red"))._repr_html_()
    True
    """

    def __init__(self, shown: RenderableType, width: int = WIDTH):
        self._shown, self._width = shown, width

    def __str__(self) -> str:
        return "".join(segment.text for segment in self._segments()).rstrip("\n")

    __repr__ = __str__

    def __rich__(self) -> RenderableType:
        return self._shown

    def _repr_html_(self) -> str:
        return preformatted("".join(_tagged(segment) for segment in self._segments()).rstrip("\n"))

    def _segments(self) -> Iterator[Segment]:
        console = Console(width=self._width, file=io.StringIO(), color_system="truecolor", force_terminal=True)
        return trimmed(console, self._shown, console.options.update(width=self._width))


class Code(str):
    """Python code: a string, shown as the lines it consists of.

    >>> Code("y = 2  # two")
    y = 2  # two
    >>> '<span class="faint"># two</span>' in Code("y = 2  # two")._repr_html_()
    True
    """

    def __repr__(self) -> str:
        return str(self)

    def _repr_html_(self) -> str:
        return preformatted("".join(_coloured(str(self))))


def preformatted(body: str) -> str:
    return f'{LOOK}<pre class="backpropviz">{body}</pre>'


def _tagged(segment: Segment) -> str:
    text = html.escape(segment.text, quote=False)
    style = segment.style or Style.null()
    if not text.strip():
        return text
    colour = _COLOURS.get(style.color.name.removeprefix("bright_")) if style.color is not None else None
    kind = colour or ("faint" if style.dim else "")
    text = f'<span class="{kind}">{text}</span>' if kind else text
    return f"<b>{text}</b>" if style.bold else text


def _coloured(code: str) -> Iterator[str]:
    """The code with its remarks faint and its keywords bold."""
    lines = code.splitlines(keepends=True)
    at = (1, 0)

    def between(start: tuple[int, int], end: tuple[int, int]) -> str:
        rows = lines[start[0] - 1 : end[0]]
        if not rows:
            return ""
        rows[-1] = rows[-1][: end[1]] if end[0] <= len(lines) else rows[-1]
        rows[0] = rows[0][start[1] :]
        return html.escape("".join(rows), quote=False)

    try:
        for token in tokenize.generate_tokens(io.StringIO(code).readline):
            remark = token.type == tokenize.COMMENT
            if remark or (token.type == tokenize.NAME and keyword.iskeyword(token.string)):
                yield between(at, token.start)
                said = html.escape(token.string, quote=False)
                yield f'<span class="faint">{said}</span>' if remark else f"<b>{said}</b>"
                at = token.end
    except (tokenize.TokenError, IndentationError):  # a part of a program
        pass
    yield between(at, (len(lines), len(lines[-1]) if lines else 0))
