"""An assignment: which functions are asked for, what each is worth and stands for, and what students are told.

title = "Homework 2"
show = "where"                      # "score", "question", "where", or "what" (the default: everything)

[functions]
relu_backward = 1                   # its points
batchnorm_backward = {points = 4, as = "batchnorm"}
"Linear.backward" = {points = 2}
"""

from __future__ import annotations

import tomllib
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from backpropviz.course.layers import LAYERS
from backpropviz.errors import LayerError

SHOWN = ("score", "question", "where", "what")
"""How much of a finding students are told; from "question" on these are the levels of `diagnose --hint`."""
_MEANT = {
    str: "a text in quotes", int: "a whole number", bool: "true or false",
    dict: "a heading, [functions], with lines below such as affine_backward = 10",
}  # fmt: skip
"""What is to stand there in place of something of another kind."""


@dataclass(frozen=True)
class Task:
    """A function that is asked for: its name, its points, and the layer it stands for ("" for any)."""

    name: str
    points: float = 1.0
    layer: str = ""


@dataclass(frozen=True)
class Assignment:
    """What a hand-in is graded by."""

    tasks: tuple[Task, ...]
    title: str = ""
    show: str = "what"
    options: dict[str, Any] = field(default_factory=dict)

    @property
    def points(self) -> float:
        """The most that there is to get."""
        return sum(task.points for task in self.tasks)


def read(path: Path) -> Assignment:
    """The assignment in a TOML file.

    Raises:
        LayerError: there is no such file, it is not TOML, or something in it is unknown or of another type.
    """
    try:
        data = tomllib.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise LayerError(f"{path} cannot be read: {error.strerror}", fix="Name an assignment file.") from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise LayerError(
            f"{path} is not TOML: {error}",
            fix="An assignment is a line [functions] and, below, lines such as affine_backward = 10",
        ) from error
    known: dict[str, type] = {"title": str, "show": str, "functions": dict, "seconds": int, "python2": bool}
    for key, value in data.items():
        if type(value) is not known.get(key):
            if key not in known:
                raise LayerError(f"{path}: the key {key!r} is not understood", fix=f"It may have {', '.join(known)}.")
            raise LayerError(f"{path}: {key} = {value!r} is not understood", fix=f"It is {_MEANT[known[key]]}.")
    if data.get("show", "what") not in SHOWN:
        raise LayerError(f"{path}: show = {data['show']!r} is not known", fix=f"Choose one of {', '.join(SHOWN)}.")
    tasks = tuple(_task(path, name, its) for name, its in data.get("functions", {}).items())
    if not tasks:
        raise LayerError(f"{path} asks for no function", fix="Add [functions] and, below, name = points.")
    options: dict[str, Any] = {key: value for key, value in data.items() if key in ("seconds", "python2")}
    return Assignment(tasks, data.get("title", ""), data.get("show", "what"), options)


def _task(path: Path, name: str, its: Any) -> Task:
    given = its if isinstance(its, dict) else {"points": its}
    points, layer = given.get("points", 1.0), given.get("as", "")
    is_number = isinstance(points, int | float) and not isinstance(points, bool)
    if given.keys() - {"points", "as"} or not is_number or not 0 < points < 1e6:
        raise LayerError(
            f"{path}: {name} = {its!r} gives no points",
            fix=f'Write {name} = 2, or {name} = {{points = 2, as = "relu"}}.',
        )
    if layer and layer not in {known.name for known in LAYERS}:
        names = ", ".join(sorted({known.name for known in LAYERS}))
        raise LayerError(f"{path}: {name} stands for {layer!r}, which is no layer", fix=f"Choose one of {names}.")
    return Task(name, float(points), layer)
