"""Questions as the page holds them. Who makes them lives above: the page only needs what a question has."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Protocol


class Asked(Protocol):
    """A question about a step, as `exercises.quiz.Question` is one."""

    @property
    def kind(self) -> str: ...
    @property
    def step(self) -> str: ...
    @property
    def text(self) -> str: ...
    @property
    def answer(self) -> str: ...
    @property
    def value(self) -> Any: ...
    @property
    def explanation(self) -> tuple[str, ...]: ...
    @property
    def given(self) -> tuple[str, ...]: ...
    @property
    def choices(self) -> tuple[str, ...]: ...
    @property
    def sizes(self) -> Mapping[str, int]: ...
    @property
    def shapes(self) -> Mapping[str, tuple[int, ...]]: ...
    @property
    def slips(self) -> tuple[tuple[Any, str], ...]: ...


def as_data(questions: Sequence[Asked]) -> dict[str, Any]:
    """The questions, and the sizes and shapes that an answer may name, once for all of them; and so with the lines of
    what is given and explained, also of wrong answers, of which a question holds the places.

    A question's `unsaid` are the names that may not be named in its answer: that of the gradient itself.
    """
    said = ((*asked.given, *asked.explanation, *(why for _, why in asked.slips)) for asked in questions)
    lines = dict.fromkeys(line for of_one in said for line in of_one)
    places = {line: place for place, line in enumerate(lines)}
    shapes = {name: list(shape) for question in questions for name, shape in question.shapes.items()}
    sizes = {name: size for question in questions for name, size in question.sizes.items()}
    asked = [
        {
            "kind": question.kind, "step": question.step, "text": question.text, "answer": question.answer,
            "value": question.value, "explanation": [places[line] for line in question.explanation],
            "given": [places[line] for line in question.given], "choices": question.choices,
            "slips": [[_short(value), places[why]] for value, why in question.slips],
            "unsaid": [name for name in shapes if name not in question.shapes] if question.kind == "shape" else [],
        }
        for question in questions
    ]  # fmt: skip
    return {"questions": asked, "lines": list(lines), "sizes": sizes, "shapes": shapes}


def _short(value: Any) -> Any:
    return float(f"{value:.4g}") if isinstance(value, float) else value
