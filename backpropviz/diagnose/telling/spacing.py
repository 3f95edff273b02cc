"""A mended line as the student would write it: their own text, with only what is changed put in."""

from __future__ import annotations

import ast
import re
from difflib import SequenceMatcher

_TOKEN = re.compile(
    r"""[A-Za-z_]\w*|(?:\d+\.?\d*|\.\d+)(?:[eE][-+]?\d+)?|'[^']*'|"[^"]*"|\*\*=?|//=?|<=|>=|==|!=|[-+*/@]=|\S"""
)


def mended(original: str, old: str, new: str) -> str:
    """The statement `original` with the change that leads from `old` to `new`, its text as the parser prints it.

    What does not change keeps its spacing, its brackets and its numbers as they are written. Where that cannot be told,
    it is `new`.

    >>> mended("dx = d[p:-p]", "dx = d[p:-p]", "dx = d[p:len(d) - p]")
    'dx = d[p:len(d) - p]'
    >>> mended("dx=1./N*dout.sum( axis=0)", "dx = 1.0 / N * dout.sum(axis=0)", "dx = 1.0 / N * dout.sum(axis=1)")
    'dx=1./N*dout.sum( axis=1)'
    """
    written, before, after = (list(_TOKEN.finditer(text)) for text in (original, old, new))
    place = _aligned([token[0] for token in before], [token[0] for token in written])
    matcher = SequenceMatcher(None, [token[0] for token in before], [token[0] for token in after], autojunk=False)
    kept: dict[int, int] = {}  # tokens of the new text that are as they were: which of the written ones
    stands: dict[int, int] = {}  # which of the written ones' places they have: also what was exchanged one for one
    added: set[int] = set()  # brackets that only the printer puts
    for tag, i, j, m, n in matcher.get_opcodes():
        for k in range(n - m) if j - i == n - m else ():
            if i + k in place:
                stands[m + k] = place[i + k]
                if tag == "equal":
                    kept[m + k] = place[i + k]
            elif tag == "equal" and after[m + k][0] in "()":
                added.add(m + k)
    for brackets in (True, False):
        order = [k for k in range(len(after)) if k not in added or not brackets]
        text = ""
        for k, following in zip(order, [*order[1:], None]):
            text += written[kept[k]][0] if k in kept else after[k][0]
            if following is None:
                break
            one, other = stands.get(k), stands.get(following)
            between = written[one + 1 : other] if one is not None and other is not None and other > one else None
            if one is not None and _is_sign(written, one) != _is_sign(after, k):  # `pad:-pad`, `pad:H - pad`
                between = None
            if between is not None and (not between or brackets) and all(token[0] in "()" for token in between):
                text += original[written[one or 0].end() : written[other or 0].start()]
            else:
                text += new[after[k].end() : after[k + 1].start()]
        if _same(text, new):
            return text
    return new


def marks(before: str, after: str) -> list[tuple[int, int]]:
    """Which characters of a mended line are new; where something only went, the place."""
    one, other = (list(_TOKEN.finditer(text)) for text in (before, after))
    matcher = SequenceMatcher(None, [token[0] for token in one], [token[0] for token in other], autojunk=False)
    spans = []
    for tag, _, _, m, n in matcher.get_opcodes():
        if tag in ("replace", "insert"):
            spans.append((other[m].start(), other[n - 1].end()))
        elif tag == "delete":
            at = other[m - 1].end() if m else 0
            spans.append((max(at - 1, 0), at))
    return spans


def _is_sign(tokens: list[re.Match[str]], at: int) -> bool:
    """Whether a token is a plus or a minus before its one operand."""
    return tokens[at][0] in "+-" and (at == 0 or not re.search(r"[\w)\]}]$", tokens[at - 1][0]))


def _aligned(before: list[str], written: list[str]) -> dict[int, int]:
    """Which token of the printed text is which of the written one."""
    place = {}
    plain = [_plain(token) for token in written]
    for block in SequenceMatcher(
        None, [_plain(token) for token in before], plain, autojunk=False
    ).get_matching_blocks():
        place.update({block.a + k: block.b + k for k in range(block.size)})
    return place


def _plain(token: str) -> str:
    """The same for `1.` and `1.0`, and for both kinds of quotes."""
    if token[0].isdigit() or (token[0] == "." and len(token) > 1):
        return repr(float(token)) if any(sign in token for sign in ".eE") else token
    return "'" + token[1:-1] if token[0] in "\"'" and len(token) > 1 else token


def _same(one: str, other: str) -> bool:
    """Two texts of one statement mean the same to the parser; of a compound one, its head."""
    try:
        trees = [ast.dump(ast.parse(text + " pass" if text.rstrip().endswith(":") else text)) for text in (one, other)]
    except SyntaxError:
        return False
    return trees[0] == trees[1]
