"""Asks about a backward pass, from the last step to the first: shapes, the axes of sums, local derivatives, single
numbers.

Questions are plain records, which `questions.py` reads off a trace; `ask` puts them to somebody through two functions,
one that reads a line and one that writes one.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from fractions import Fraction
from typing import Any, Literal

Read = Callable[[str], str]
Write = Callable[[str], None]

_LETTERS = "abcdefgh"
_HELP = {"shape": "a shape, such as (4, 3)", "number": "a number, such as 0.25", "local": "the letter of one of them"}
_HELP["vanishes"] = _HELP["axis"] = _HELP["local"]


@dataclass(frozen=True)
class Question:
    """One question.

    Attributes:
        kind: what is asked for. step, code: the step it is about; both empty where the terms of an input meet.
        text: the question. given: lines with what is needed to answer it.
        choices: for a local derivative, the formulas to choose from; for a sum, its axes; for what vanishes, the sums.
        answer: the right answer as text. value: the shape or the number it stands for; the choice's position.
        explanation: why, in sentences. slips: common wrong answers, as values, each with why it is wrong.
        sizes: names that may stand for numbers in a shape; shapes: and for whole shapes.
    """

    kind: Literal["shape", "axis", "local", "number", "vanishes"]
    step: str
    code: str
    text: str
    answer: str
    value: Any
    explanation: tuple[str, ...]
    given: tuple[str, ...] = ()
    choices: tuple[str, ...] = ()
    sizes: Mapping[str, int] = field(default_factory=dict)
    shapes: Mapping[str, tuple[int, ...]] = field(default_factory=dict)
    slips: tuple[tuple[Any, str], ...] = ()

    def to_dict(self) -> dict[str, Any]:
        """All that is needed to put it elsewhere; `sizes` and `shapes` are for reading what is typed here."""
        return {
            "kind": self.kind, "step": self.step, "code": self.code, "text": self.text, "given": list(self.given),
            "choices": list(self.choices), "answer": self.answer, "value": self.value,
            "explanation": list(self.explanation), "slips": [{"value": value, "why": why} for value, why in self.slips],
        }  # fmt: skip

    def understands(self, reply: str) -> bool:
        """Whether a reply is an answer at all, right or wrong."""
        return self._read(reply) is not None

    def is_right(self, reply: str) -> bool:
        """Whether a reply is the right answer; numbers may be off by a hundredth."""
        found = self._read(reply)
        return found is not None and alike(found, self.value)

    def why_not(self, reply: str) -> str:
        """Why a wrong reply is wrong; "" where it is none of those that are common."""
        found = self._read(reply)
        return next((why for value, why in self.slips if found is not None and alike(found, value)), "")

    def _read(self, reply: str) -> Any:
        reply = reply.strip()
        if self.kind == "shape":
            return read_shape(reply, self.sizes, self.shapes)
        if self.kind == "number":
            return read_number(reply)
        if reply in self.choices:
            return self.choices.index(reply)
        letter = reply.lower().rstrip(".)")
        at = _LETTERS.find(letter) if len(letter) == 1 and letter.isalpha() else _integer(letter) - 1
        return at if 0 <= at < len(self.choices) else None


@dataclass
class Score:
    """How it went: the number of right answers among those asked, and the questions that were answered wrongly."""

    right: int = 0
    asked: int = 0
    wrong: list[Question] = field(default_factory=list)
    finished: bool = False

    def __str__(self) -> str:
        return f"{self.right} of {self.asked} right"


def alike(found: Any, value: Any) -> bool:
    """Whether an answer is this one; a number may be off by a hundredth.

    >>> alike(0.31, 0.3125), alike(0.34, 0.3125), alike((4, 3), (4, 3))
    (True, False, True)
    """
    if isinstance(value, float):
        return bool(abs(found - value) <= 0.005 + 0.01 * abs(value))
    return bool(found == value)


def read_shape(
    reply: str, sizes: Mapping[str, int] | None = None, shapes: Mapping[str, tuple[int, ...]] | None = None
) -> tuple[int, ...] | None:
    """A shape in any usual notation; None if it is none.

    >>> read_shape("(4, 3)") == read_shape("4x3") == read_shape("[4 3]") == read_shape("4 by 3") == (4, 3)
    True
    >>> read_shape("N, D", {"N": 4, "D": 3}), read_shape("like w", shapes={"w": (2, 5)}), read_shape("scalar")
    ((4, 3), (2, 5), ())
    """
    text = reply.strip().removeprefix("shape of ").removeprefix("like ").removesuffix(".shape")
    if text in (shapes or {}):
        return tuple((shapes or {})[text])
    if text.lower() in ("()", "[]", "scalar", "number", "a number", "a single number"):
        return ()
    text = re.sub(r"\bby\b|[()\[\],;*\u00d7]|(?<=[\d\s])x(?=[\d\s])", " ", text)
    words = [(sizes or {}).get(word, word) for word in text.split()]
    if not words or any(not str(word).isdigit() for word in words):
        return None
    return tuple(int(word) for word in words)


def read_number(reply: str) -> float | None:
    """A number as people write it: 0.5, .5, 0,5, 1/2, 5e-1; None if it is none."""
    text = reply.replace(" ", "").replace("\u2212", "-")
    if text.count(",") == 1 and "." not in text:
        text = text.replace(",", ".")
    try:
        return float(Fraction(text)) if "/" in text else float(text)
    except (ValueError, ZeroDivisionError):
        return None


# ---- asking ----------------------------------------------------------------------------------------------------------


def ask(asked: Iterable[Question], read: Read = input, write: Write = print) -> Score:
    """Put questions one after another, say what was right and why, and keep the score.

    `q`, the end of the input or an interrupt end it; `?` tells the answer, which counts as not known.
    """
    score = Score()
    above: str | None = None
    for question in asked:
        if question.step != above:
            above = question.step
            write(f"\n{_heading(question)}")
        for line in _put(question):
            write(line)
        reply = _reply(question, read, write)
        if reply is None:
            write(f"\n{score}.")
            return score
        score.asked += 1
        right = question.is_right(reply)
        score.right += right
        if not right:
            score.wrong.append(question)
        write("  right." if right else f"  no: {question.answer}" if reply != "?" else f"  {question.answer}")
        why = "" if right or reply == "?" else question.why_not(reply)
        for line in (*filter(None, [why]), *question.explanation):
            write(f"  {line}")
    score.finished = True
    write(f"\n{score}.")
    return score


def listing(asked: Iterable[Question]) -> list[str]:
    """Questions and answers as lines of text."""
    lines: list[str] = []
    for number, question in enumerate(asked, 1):
        lines += [f"{number}. {_heading(question)}", *(f"   {line}" for line in _put(question))]
        lines += [f"   answer: {question.answer}", *(f"   {line}" for line in question.explanation), ""]
    return lines


def _heading(question: Question) -> str:
    if question.kind == "vanishes":
        return "the closed form"
    return f"step {question.step}: {question.code}" if question.step else "the inputs, where paths meet"


def _put(question: Question) -> list[str]:
    choices = [f"  {letter}) {choice}" for letter, choice in zip(_LETTERS, question.choices)]
    return [*(f"  {line}" for line in question.given), question.text, *choices]


def _reply(question: Question, read: Read, write: Write) -> str | None:
    """An answer that can be understood; None for the end."""
    while True:
        try:
            reply = read("> ").strip()
        except (EOFError, KeyboardInterrupt):
            return None
        if reply.lower() in ("q", "quit", "exit"):
            return None
        if reply == "?" or question.understands(reply):
            return reply
        if reply:
            write(f"  {_HELP[question.kind]}, or ? for the answer, or q to stop")


def _integer(text: str) -> int:
    return int(text) if text.isdigit() else 0
