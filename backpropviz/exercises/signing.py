"""What a worksheet says of itself in its first line, and whether it is still as it was written.

The line names the layer, its settings and shapes, a digest of these and of the forward pass that is given, and one of
all lines below it, by which a worksheet that nobody has filled in yet is told. Anyone
can compute the digest: it finds out what was changed by accident, or by hand. Who has to be sure of the layer says
which it is (`diagnose --as`), and then the line counts for nothing.
"""

from __future__ import annotations

import ast
import io
import json
import tokenize
from collections.abc import Iterator
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np

from backpropviz.errors import InputError, LayerError
from backpropviz.files import digest
from backpropviz.layers.sources import read_text, split_spec

MARKER = "# backpropviz worksheet: "
_FIRST = 5  # lines, among which the marker stands
_LAYOUT = {tokenize.COMMENT, tokenize.NL, tokenize.NEWLINE, tokenize.INDENT, tokenize.DEDENT, tokenize.ENDMARKER}
NEW = "Write a new one with `backpropviz exercise`, and copy your lines into it."


@dataclass(frozen=True)
class Goal:
    """A closed form that is asked for: which gradient, from which other, in at most how many operations."""

    gradient: str
    source: str
    operations: int

    @property
    def words(self) -> str:
        return f"from {self.source} to {self.gradient} at once, in at most {self.operations} operations"


@dataclass(frozen=True)
class Origin:
    """The run that a worksheet is about.

    Attributes:
        layer: its name, or a file's path and what is wanted of it. settings, shapes: as for `Layer.trace`.
        loops: whether its loops are given. digest: as the worksheet states it; "" where none was named.
        goal: where a closed form is asked for, which.
    """

    layer: str
    settings: dict[str, Any] = field(default_factory=dict)
    shapes: dict[str, Any] = field(default_factory=dict)
    loops: bool = False
    digest: str = ""
    goal: Goal | None = None

    @property
    def is_file(self) -> bool:
        """It names a file of the user's, not a layer of the library."""
        return bool(split_spec(self.layer)[0])

    def header(self, text: str) -> str:
        """The first line of a worksheet with this text below it."""
        about = {**self._said(), "digest": self.digest_of(text), "written": digest(text)}
        return MARKER + json.dumps(about, default=_refuse)

    def digest_of(self, text: str) -> str:
        """A hash of what the line says and of the forward pass in the text."""
        said = json.dumps(self._said(), sort_keys=True, default=_refuse)
        return digest("\n".join([said, *_forward_tokens(text)]))

    def _said(self) -> dict[str, Any]:
        said = {"layer": self.layer, "settings": dict(self.settings), "shapes": dict(self.shapes)}
        said |= {"closed_form": asdict(self.goal)} if self.goal else {}
        return {**said, "loops": True} if self.loops else said


def is_worksheet(text: str) -> bool:
    """Whether a file is a worksheet, by its first lines."""
    return any(line.startswith(MARKER) for line in text.splitlines()[:_FIRST])


def read(text: str, file: str) -> tuple[Origin, int]:
    """What a worksheet says of itself, and the number of the line that does.

    Raises:
        LayerError: it is no worksheet.
    """
    lines = enumerate(text.splitlines()[:_FIRST], 1)
    number, line = next(((n, line) for n, line in lines if line.startswith(MARKER)), (0, ""))
    try:
        about = json.loads(line.removeprefix(MARKER))
        layer, settings, shapes = about["layer"], dict(about["settings"]), dict(about["shapes"])
        if not isinstance(layer, str):
            raise TypeError(layer)
        settings = {name: _tuple(value) for name, value in settings.items()}
        shapes = {name: _tuple(shape) for name, shape in shapes.items()}
        digest, goal = str(about.get("digest", "")), _goal(about.get("closed_form"))
        return Origin(layer, settings, shapes, bool(about.get("loops")), digest, goal), number
    except (ValueError, KeyError, TypeError) as error:
        raise LayerError(
            f"{file} is no worksheet", fix="`backpropviz exercise batchnorm -o bn.py` writes one."
        ) from error


def pinned(spec: str) -> Origin:
    """The run that a teacher names: a layer, a file's function, or a worksheet as it was handed out.

    Raises:
        LayerError: there is no such file, or it was changed since it was written.
    """
    path, wanted = split_spec(spec)
    if not path:
        return Origin(spec)
    file = Path(path)
    text = read_text(file)
    if wanted or not is_worksheet(text):
        return Origin(f"{file.resolve()}:{wanted}" if wanted else str(file.resolve()))
    origin, line = read(text, file.name)
    if origin.digest != origin.digest_of(text):
        raise LayerError("the worksheet was changed after it was written", where=f"{file.name}:{line}", fix=NEW)
    layer = str((file.parent / origin.layer).resolve()) if origin.is_file else origin.layer
    return replace(origin, layer=layer)


def _forward_tokens(text: str) -> Iterator[str]:
    """The forward pass word by word, however it is laid out and commented; nothing where it cannot be read."""
    try:
        functions = [node for node in ast.parse(text).body if isinstance(node, ast.FunctionDef)]
    except (SyntaxError, ValueError):
        return
    given = next((node for node in functions if node.name.endswith("_forward")), None)
    if given is not None:
        part = "\n".join(text.splitlines()[given.lineno - 1 : given.end_lineno]) + "\n"
        tokens = tokenize.generate_tokens(io.StringIO(part).readline)
        yield from (token.string for token in tokens if token.type not in _LAYOUT)


def _goal(said: Any) -> Goal | None:
    return Goal(str(said["gradient"]), str(said["source"]), int(said["operations"])) if said else None


def _tuple(value: Any) -> Any:
    return tuple(value) if isinstance(value, list) else value


def _refuse(value: Any) -> Any:
    if isinstance(value, np.generic):
        return value.item()
    raise InputError(
        "a worksheet is about made-up inputs, not about your arrays", fix="Leave out --input; use --shape."
    )
