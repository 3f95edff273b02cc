"""What a page carries, without what it can do without: remarks in scripts, and in drawings what only Graphviz needs.

A page stays under 400 kB, so that it can be handed in, mailed, and opened on a phone.
"""

from __future__ import annotations

import base64
import json
import re
import zlib
from typing import Any

import numpy as np

from backpropviz.engine.graph import Array
from backpropviz.show.encoding import encode

DIGITS = 11
"""Digits that a recorded number is written with: the page holds what it computes against them to 1e-9."""

_POINT = re.compile(r"-?\d+\.\d+")
_TOLD = re.compile(r'<g id="a_\w+"><a xlink:title="([^"]*)">\n(.*?)</a>\n</g>\n', re.DOTALL)
_TEXT = re.compile(r'<text xml:space="preserve"( [^>]*)>([^<]*)<')
_MARKUP = re.compile("[<>&\u2028\u2029]")
_FAMILY = re.compile(r' font-family="[^"]*"')


def packed_script(text: str) -> str:
    """A script or a style sheet without its remarks and indents."""
    return re.sub(r"(?m)^ *(//.*\n)?", "", re.sub(r"(?ms)^ */\*.*?\*/\n| /\*[^\n]*\*/$", "", text))


def packed_svg(svg: str) -> str:
    """A drawing that looks the same and says the same where it is pointed at, in two thirds of the letters."""
    svg = re.sub(r"<!--.*?-->\n|(?m:^<title>[^<]*</title>\n)", "", svg, flags=re.DOTALL)  # Graphviz's own names
    svg = _TOLD.sub(_tooltip, svg)
    families = dict.fromkeys(_FAMILY.findall(svg))
    if len(families) == 1:
        svg = _FAMILY.sub("", svg).replace("<svg", f"<svg{next(iter(families))}", 1)
    svg = _TEXT.sub(_worded, svg)
    svg = re.sub(r' points="([^"]*)"', lambda points: f' points="{_shorter(points[1])}"', svg)
    return re.sub(r' d="M([^"]*)"', lambda way: f' d="M{_straightened(way[1])}"', svg)


def _tooltip(told: re.Match[str]) -> str:
    words, drawn = told.groups()
    plain = re.fullmatch(r"\w+_\d+(_\d+)*", words)  # the name of what is drawn, where there is nothing to say
    return drawn if plain else f"<title>{words}</title>\n{drawn}"


def _worded(text: re.Match[str]) -> str:
    look, words = text[1].replace(' text-anchor="start"', ""), text[2]
    space = ' xml:space="preserve"' if words.strip(" ") != words or "  " in words else ""
    return f"<text{space}{look}>{words}<"


def _straightened(way: str) -> str:
    """A path, its curves that are straight lines written as lines."""
    start, *curves = way.split("C")
    if len(curves) != 1 or not re.fullmatch(r"[-\d., ]*", curves[0]):
        return way
    points = curves[0].split()
    found, at = _shorter(start), start
    for one, other, end in zip(points[::3], points[1::3], points[2::3]):
        straight = one == at and other == end
        found += f"L{_shorter(end)}" if straight else f"C{_shorter(f'{one} {other} {end}')}"
        at = end
    return found


def _shorter(numbers: str) -> str:
    """Coordinates to a tenth of a point."""
    return _POINT.sub(lambda number: f"{float(number[0]):.1f}".removesuffix(".0"), numbers)


def packed_array(value: Array) -> Any:
    """The entries of an array as nested lists, real numbers to `DIGITS` digits."""
    if value.dtype.kind != "f":
        return encode(value)["data"]
    with np.errstate(all="ignore"):
        flat = [float(f"{x:.{DIGITS}g}") for x in value.ravel().tolist()]
    return encode(np.array(flat, dtype=float).reshape(value.shape))["data"]


def packed_data(value: Any) -> str:
    """JSON that is safe inside a script element: without any markup, as names and remarks may hold some."""
    text = json.dumps(value, ensure_ascii=False, allow_nan=False, separators=(",", ":"))
    return _MARKUP.sub(lambda letter: f"\\u{ord(letter[0]):04x}", text)


def deflated(value: Any) -> str:
    """What only some readers of a page ask for, in a sixth of its letters: JSON, deflated, in base 64.

    The page inflates it, as most browsers do since 2023: https://compression.spec.whatwg.org/#decompression-stream

    >>> zlib.decompress(base64.b64decode(deflated("the same " * 9))).decode().count("same")
    9
    """
    return base64.b64encode(zlib.compress(json.dumps(value, separators=(",", ":")).encode(), 9)).decode()
