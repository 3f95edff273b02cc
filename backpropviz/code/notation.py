r"""Two ways to write mathematics: LaTeX and plain text.

An expression is a text with how tightly it binds, so that brackets stand where they are needed and nowhere else. What a
formula is made of is decided in `formulas.py`; here stands only how its parts look.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Collection, Sequence
from itertools import chain, count
from typing import ClassVar, Protocol

Text = tuple[str, float]
"""An expression and how tightly it binds."""

LOOSE, COMPARISON, SUM, NEGATION, BIG, PRODUCT, MATRIX, TIGHT, FRACTION, POWER, ATOM = range(11)
"""From the loosest: a minus sign binds like a sum, but may open a product; a big sum reaches over a product."""

_NAMES = "alpha beta gamma delta epsilon zeta eta theta iota kappa lambda mu nu xi pi rho sigma tau phi chi psi omega"
_GREEK = dict(zip([*_NAMES.split(), "eps"], "αβγδεζηθικλμνξπρστφχψωε"))
_COMMANDS = {letter: name for name, letter in _GREEK.items() if name != "eps"}
_CAPITALS = {
    "Gamma": "Γ",
    "Delta": "Δ",
    "Theta": "Θ",
    "Lambda": "Λ",
    "Sigma": "Σ",
    "Phi": "Φ",
    "Psi": "Ψ",
    "Omega": "Ω",
}
_ACCENTS = {"hat": "\u0302", "bar": "\u0304", "tilde": "\u0303"}
_LETTER = "|".join([*sorted(_GREEK, key=len, reverse=True), *_CAPITALS, *_COMMANDS, *_CAPITALS.values(), "[A-Za-z]"])
_ACCENTED = re.compile(rf"(?P<stem>{_LETTER})_?(?P<accent>{'|'.join(_ACCENTS)})(?P<rest>\d*)")
_NUMBERED = re.compile(r"(?P<stem>.*[^\d_])(?P<rest>\d+)")
_SPECIAL = {
    "\\": r"\textbackslash{}", "{": r"\{", "}": r"\}", "$": r"\$", "&": r"\&", "#": r"\#", "_": r"\_", "%": r"\%",
    "^": r"\textasciicircum{}", "~": r"\textasciitilde{}",
}  # fmt: skip


class Notation(Protocol):
    """The parts a formula is made of."""

    hadamard: str
    matrix: str
    infix: ClassVar[dict[str, str]]
    lengths: dict[tuple[str, str], str]

    def symbol(self, name: str) -> str: ...
    def verbatim(self, name: str) -> str: ...
    def gradient(self, symbol: str) -> str: ...
    def number(self, digits: str, exponent: str) -> Text: ...
    def bracketed(self, text: str) -> str: ...
    def scaled(self, factor: Text, of: Text) -> Text: ...
    def fraction(self, top: Text, bottom: Text) -> Text: ...
    def power(self, base: Text, exponent: Text) -> Text: ...
    def root(self, x: Text) -> Text: ...
    def big(self, sign: str, axes: Sequence[str], x: Text) -> Text: ...
    def transposed(self, x: Text) -> Text: ...
    def call(self, name: str, arguments: Sequence[str], axes: Sequence[str] = ()) -> Text: ...
    def indexed(self, x: Text, index: str) -> Text: ...
    def iverson(self, condition: str) -> Text: ...
    def cases(self, condition: str, yes: str, no: str) -> Text: ...
    def between(self, sign: str, x: str) -> Text: ...
    def length(self, x: str, axis: str) -> Text: ...


def fit(text: Text, at_least: float, notation: Notation) -> str:
    """An expression, in brackets if it binds less than is needed."""
    return text[0] if text[1] >= at_least else notation.bracketed(text[0])


class _Lengths:
    """Symbols for the lengths of axes that have no name: n, n2, ..., none of which is `taken`.

    Attributes:
        lengths: the value and the axis that every symbol stands for.
    """

    def __init__(self, taken: Collection[str] = ()):
        self._free = (name for name in chain("n", map("n{}".format, count(2))) if name not in taken)
        self.lengths: dict[tuple[str, str], str] = {}

    def symbol(self, name: str) -> str:
        raise NotImplementedError

    def length(self, x: str, axis: str) -> Text:
        if (x, axis) not in self.lengths:
            self.lengths[x, axis] = self.symbol(next(self._free))
        return self.lengths[x, axis], ATOM


class Latex(_Lengths):
    """LaTeX with amsmath."""

    hadamard = r" \odot "
    matrix = r" \, "
    infix: ClassVar[dict[str, str]] = {
        "<=": r"\le",
        ">=": r"\ge",
        "!=": r"\ne",
        "==": "=",
        "//": "/\\!/",
        "%": r"\bmod",
        "&": r"\wedge",
        "|": r"\vee",
    }
    _functions: ClassVar[set[str]] = {
        "exp",
        "log",
        "sin",
        "cos",
        "tan",
        "sinh",
        "cosh",
        "tanh",
        "arcsin",
        "arccos",
        "arctan",
        "max",
        "min",
    }
    _signs: ClassVar[dict[str, str]] = {"sum": r"\sum", "prod": r"\prod", "max": r"\max", "min": r"\min"}

    def symbol(self, name: str) -> str:
        r"""A name as it is written by hand: `xhat` is \hat{x}, `gamma` \gamma, `w1` w_{1}, `x_col` x_{\mathrm{col}}."""
        accented = _ACCENTED.fullmatch(name)
        if accented:
            stem = rf"\{accented['accent']}{{{self._base(accented['stem'])}}}"
            return stem + (f"_{{{accented['rest']}}}" if accented["rest"] else "")
        numbered = _NUMBERED.fullmatch(name)
        if numbered and "_" not in name:
            return f"{self._base(numbered['stem'])}_{{{numbered['rest']}}}"
        first, *rest = [part for part in name.split("_") if part] or [""]
        if not first or name.startswith("_"):
            return self.verbatim(name)
        base = self.symbol(first) if rest else self._base(first)
        if not rest:
            return base
        below = ",".join(part if part.isdigit() or len(part) == 1 else self._upright(part) for part in rest)
        return f"{{{base}}}_{{{below}}}" if "_" in base else f"{base}_{{{below}}}"

    def _base(self, name: str) -> str:
        if name in _GREEK:
            return rf"\{'epsilon' if name == 'eps' else name}"
        if name in _CAPITALS:
            return rf"\{name}"
        if name in _COMMANDS or name in _CAPITALS.values():
            return rf"\{_COMMANDS.get(name) or next(key for key, value in _CAPITALS.items() if value == name)}"
        return name if len(name) == 1 and name.isascii() else self.verbatim(name)

    def verbatim(self, name: str) -> str:
        escaped = escape_latex(name)
        return rf"\mathit{{{escaped}}}" if name.isascii() else rf"\text{{{escaped}}}"

    def _upright(self, name: str) -> str:
        base = self._base(name)
        return base.replace(r"\mathit", r"\mathrm", 1)

    def gradient(self, symbol: str) -> str:
        return f"d{symbol}"

    def number(self, digits: str, exponent: str) -> Text:
        if not exponent:
            return digits, ATOM
        power = f"10^{{{exponent}}}"
        return (power, POWER) if digits == "1" else (rf"{digits} \cdot {power}", PRODUCT)

    def bracketed(self, text: str) -> str:
        return rf"\left({text}\right)"

    def scaled(self, factor: Text, of: Text) -> Text:
        digits = of[0][:1].isdigit()
        sign = r" \cdot " if digits else r" \, "
        return f"{fit(factor, MATRIX, self)}{sign}{fit(of, MATRIX, self)}", MATRIX

    def fraction(self, top: Text, bottom: Text) -> Text:
        return rf"\frac{{{top[0]}}}{{{bottom[0]}}}", FRACTION

    def power(self, base: Text, exponent: Text) -> Text:
        return f"{fit(base, ATOM, self)}^{{{exponent[0]}}}", POWER

    def root(self, x: Text) -> Text:
        return rf"\sqrt{{{x[0]}}}", ATOM

    def big(self, sign: str, axes: Sequence[str], x: Text) -> Text:
        below = f"_{{{', '.join(axes)}}}" if axes else ""
        return f"{self._signs[sign]}{below} {fit(x, PRODUCT, self)}", BIG

    def transposed(self, x: Text) -> Text:
        return rf"{fit(x, ATOM, self)}^{{\top}}", POWER

    def call(self, name: str, arguments: Sequence[str], axes: Sequence[str] = ()) -> Text:
        function = rf"\{name}" if name in self._functions else rf"\operatorname{{{escape_latex(name)}}}"
        below = f"_{{{', '.join(axes)}}}" if axes else ""
        return f"{function}{below}{self.bracketed(', '.join(arguments))}", ATOM

    def indexed(self, x: Text, index: str) -> Text:
        whole = fit(x, ATOM, self)
        whole = f"{{{whole}}}" if "_" in whole else whole  # LaTeX reads no second subscript
        return rf"{whole}_{{[{index}]}}", ATOM

    def iverson(self, condition: str) -> Text:
        return rf"\left[{condition}\right]", ATOM

    def cases(self, condition: str, yes: str, no: str) -> Text:
        return rf"\begin{{cases}} {yes} & {condition} \\ {no} & \text{{otherwise}} \end{{cases}}", PRODUCT

    def between(self, sign: str, x: str) -> Text:
        return rf"\left{sign} {x} \right{sign}", ATOM


class Plain(_Lengths):
    """Plain text, with the few signs of Unicode that every terminal has."""

    hadamard = " ⊙ "
    matrix = " @ "
    infix: ClassVar[dict[str, str]] = {"<=": "≤", ">=": "≥", "!=": "≠", "==": "=", "%": "mod", "&": "and", "|": "or"}
    _signs: ClassVar[dict[str, str]] = {"sum": "Σ", "prod": "Π", "max": "max", "min": "min"}

    def symbol(self, name: str) -> str:
        """A name as it is written by hand: `xhat` is x̂, `gamma` γ."""
        accented = _ACCENTED.fullmatch(name)
        if accented:
            return self._base(accented["stem"]) + _ACCENTS[accented["accent"]] + accented["rest"]
        numbered = _NUMBERED.fullmatch(name)
        if numbered and "_" not in name:
            return self._base(numbered["stem"]) + numbered["rest"]
        return "_".join(self._base(part) for part in name.split("_"))

    def _base(self, name: str) -> str:
        return _GREEK.get(name) or _CAPITALS.get(name) or name

    def verbatim(self, name: str) -> str:
        return name

    def gradient(self, symbol: str) -> str:
        return f"d{symbol}"

    def number(self, digits: str, exponent: str) -> Text:
        return digits + (f"e{exponent}" if exponent else ""), ATOM

    def bracketed(self, text: str) -> str:
        return f"({text})"

    def scaled(self, factor: Text, of: Text) -> Text:
        return f"{fit(factor, PRODUCT, self)} · {fit(of, MATRIX, self)}", PRODUCT

    def fraction(self, top: Text, bottom: Text) -> Text:
        return f"{fit(top, PRODUCT, self)} / {fit(bottom, TIGHT, self)}", PRODUCT

    def power(self, base: Text, exponent: Text) -> Text:
        if exponent[0] in ("2", "3"):
            return fit(base, ATOM, self) + {"2": "²", "3": "³"}[exponent[0]], POWER
        return f"{fit(base, ATOM, self)}^{fit(exponent, ATOM, self)}", POWER

    def root(self, x: Text) -> Text:
        return f"√{fit(x, ATOM, self)}", POWER

    def big(self, sign: str, axes: Sequence[str], x: Text) -> Text:
        below = f"_{''.join(axes)}" if axes else ""
        return f"{self._signs[sign]}{below} {fit(x, PRODUCT, self)}", BIG

    def transposed(self, x: Text) -> Text:
        return f"{fit(x, ATOM, self)}ᵀ", POWER

    def call(self, name: str, arguments: Sequence[str], axes: Sequence[str] = ()) -> Text:
        return f"{name}{'_' + ''.join(axes) if axes else ''}({', '.join(arguments)})", ATOM

    def indexed(self, x: Text, index: str) -> Text:
        return f"{fit(x, ATOM, self)}[{index}]", ATOM

    def iverson(self, condition: str) -> Text:
        return f"[{condition}]", ATOM

    def cases(self, condition: str, yes: str, no: str) -> Text:
        return f"{yes} if {condition} else {no}", LOOSE

    def between(self, sign: str, x: str) -> Text:
        return f"{sign}{x}{sign}", ATOM


def escape_latex(text: str) -> str:
    """Any text so that LaTeX prints it as it stands, on one line."""
    return "".join(_SPECIAL.get(letter, letter) for letter in " ".join(text.split()))


def width(text: str) -> int:
    """How many columns a text takes in a terminal: accents stand above the letter before."""
    return sum(not unicodedata.combining(letter) for letter in text)
