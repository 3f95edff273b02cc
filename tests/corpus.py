"""The hand-ins under `students`: right files as they are, and the edits that make their faulty versions.

A set is a folder: `right/` has its files, `faults.toml` one record for each faulty version:

    of              the right file that it is a version of
    edit            what makes it: "@ 15" and the lines from line 15 of the right file on that go (-) and come (+)
    function        the function that holds the wrong line
    line            the first line of the wrong statement; where one is missing, the line after which it belongs
    kind            what sort of mistake it is
    also_lines      other lines that honest people would name instead
    second          lines of a second fault, or of the same misunderstanding repeated elsewhere
    configurations  the situation in which it shows, where it does not always
    why             the mistake in a sentence

Lines are those of the faulty version. The sets under `students/blind` were written without knowledge of the rules.
"""

from __future__ import annotations

import functools
import re
import tempfile
import tomllib
from dataclasses import dataclass
from pathlib import Path
from typing import Any

STUDENTS = Path(__file__).parent / "students"
BLIND = STUDENTS / "blind"
SETS = [STUDENTS, *sorted(path for path in BLIND.iterdir() if path.is_dir())]


@dataclass(frozen=True)
class Change:
    """Consecutive lines of a file that go, from the line `at` on (counted from 1), and those that come instead."""

    at: int
    gone: tuple[str, ...]
    come: tuple[str, ...]


def changes(edit: str) -> list[Change]:
    """The changes of an edit as it is written in `faults.toml`, from the top of the file on."""
    found = []
    _, *parts = re.split(r"^@ (\d+)\n", edit, flags=re.MULTILINE)
    for at, part in zip(parts[::2], parts[1::2]):
        lines = part.removesuffix("\n").split("\n")
        gone, come = (tuple(line[1:] for line in lines if line[0] == sign) for sign in "-+")
        assert len(gone) + len(come) == len(lines), f"a line of an edit begins with - or +: {lines}"
        found.append(Change(int(at), gone, come))
    return found


def edited(text: str, edit: str) -> str:
    """The text after an edit. Its lines that go have to be there."""
    lines = text.split("\n")
    for change in reversed(changes(edit)):
        here = slice(change.at - 1, change.at - 1 + len(change.gone))
        assert tuple(lines[here]) == change.gone, f"at line {change.at} stands {lines[here]}, not {change.gone}"
        lines[here] = change.come
    return "\n".join(lines)


def is_python_2(path: Path) -> bool:
    """To be told so, as it is not read as such; `_python2` files are."""
    return path.stem.endswith("_py2")


class Corpus:
    """A set: its right files, its faulty ones (written to a folder that ends with the process), and their faults."""

    def __init__(self, folder: Path = STUDENTS):
        self.folder = folder
        self.faults: dict[str, dict[str, Any]] = tomllib.loads((folder / "faults.toml").read_text(encoding="utf-8"))

    def right(self, python_2: bool = False) -> list[Path]:
        """Files without a mistake; those that only Python 2 reads, where wanted."""
        return sorted(path for path in (self.folder / "right").glob("*.py") if python_2 or not is_python_2(path))

    def wrong(self, python_2: bool = False) -> list[Path]:
        """Files with a mistake; those that only Python 2 reads, where wanted."""
        files = (_written(self.folder) / f"{name}.py" for name in sorted(self.faults))
        return [path for path in files if python_2 or not is_python_2(path)]

    def file(self, name: str) -> Path:
        """A right or a faulty file, by its name."""
        return (_written(self.folder) if name in self.faults else self.folder / "right") / f"{name}.py"

    def lines_of(self, name: str) -> list[int]:
        """The lines of a faulty file that may be named first."""
        return [self.faults[name]["line"], *self.faults[name].get("also_lines", [])]


@functools.cache
def _folder() -> tempfile.TemporaryDirectory[str]:
    return tempfile.TemporaryDirectory(prefix="students-")


@functools.cache
def _written(folder: Path) -> Path:
    """The faulty files of a set, as files."""
    where = Path(_folder().name) / folder.name
    where.mkdir()
    for name, fault in Corpus(folder).faults.items():
        text = (folder / "right" / f"{fault['of']}.py").read_bytes().decode()
        (where / f"{name}.py").write_bytes(edited(text, fault["edit"]).encode())
    return where
