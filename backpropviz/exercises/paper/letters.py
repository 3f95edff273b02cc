"""Letters that the fonts of every PDF reader have: those of Western Europe, and in Symbol the Greek ones and signs of
mathematics. Others, such as Cyrillic and Chinese ones, are spelled by their names, and the reader is told so.

The codes of Symbol are those of Adobe's own encoding (ISO 32000-1, annex D.5).
"""

from __future__ import annotations

import unicodedata
from collections.abc import Iterator, Sequence
from itertools import groupby

_GREEK = "αβχδεφγηιϕκλμνοπθρστυϖωξψζΑΒΧΔΕΦΓΗΙΚΛΜΝΟΠΘΡΣΤΥΩΞΨΖςϑ"
_AS = "abcdefghijklmnopqrstuvwxyzABCDEFGHIKLMNOPQRSTUWXYZVJ"
_SIGNS = {
    "−": "-", "≤": "\xa3", "∞": "\xa5", "←": "\xac", "→": "\xae", "≥": "\xb3", "∂": "\xb6", "≠": "\xb9", "≈": "\xbb",
    "∈": "\xce", "∇": "\xd1", "∏": "\xd5", "√": "\xd6", "⋅": "\xd7", "∑": "\xe5", "ϵ": "e", "ϴ": "Q", "ϱ": "r",
}  # fmt: skip
_SAID = 5  # letters in a message
SYMBOL = dict(zip(_GREEK, _AS, strict=True)) | _SIGNS
"""What a letter is called in the font Symbol."""


def runs(text: str) -> Iterator[tuple[bool, str]]:
    """A text as stretches of one font: whether it is Symbol, and the letters in that font's own encoding.

    >>> list(runs("dβ = 2"))
    [(False, 'd'), (True, 'b'), (False, ' = 2')]
    """
    letters = (letter for each in text for letter in _drawn(each))
    for symbol, found in groupby(letters, key=lambda letter: letter[0]):
        yield symbol, "".join(letter for _, letter in found)


def spelled(text: str) -> list[str]:
    """The letters of a text that have to be spelled, each once.

    >>> spelled("dвес = γ * вес")
    ['в', 'е', 'с']
    """
    return [letter for letter in dict.fromkeys(text) if not _is_western(letter) and _symbol(letter) is None]


def spelling(letters: Sequence[str]) -> str:
    """How letters are spelled, for a message; of many, the first ones.

    >>> spelling("ж名")
    'ж as zhe, 名 as U+540D'
    """
    said = [f"{letter} as {_name(letter)}" for letter in letters[:_SAID]]
    return ", ".join([*said, f"{len(letters) - _SAID} more"] if len(letters) > _SAID else said)


def _drawn(letter: str) -> list[tuple[bool, str]]:
    if _is_western(letter):
        return [(False, letter)]
    symbol = _symbol(letter)
    return [(True, symbol)] if symbol is not None else [(False, _name(letter))]


def _is_western(letter: str) -> bool:
    try:
        letter.encode("cp1252")
    except UnicodeEncodeError:
        return False
    return True


def _symbol(letter: str) -> str | None:
    """Of an accented letter, its base: Symbol has no accents."""
    return SYMBOL.get(letter) or SYMBOL.get(unicodedata.normalize("NFD", letter)[0])


def _name(letter: str) -> str:
    name = unicodedata.name(letter, "")
    alphabetic = " LETTER " in name and not name.startswith("CJK")
    return name.split()[-1].lower() if alphabetic else f"U+{ord(letter):04X}"
