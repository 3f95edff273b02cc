"""Reads arrays and settings from outside: .npy, .npz and .csv files, shapes and values from the command line."""

from __future__ import annotations

import ast
import csv
from pathlib import Path
from typing import Any

import numpy as np

from backpropviz.errors import InputError
from backpropviz.graph import Array


def load_array(spec: str, name: str) -> Array:
    """The array in a file: "x.npy", "data.npz:member", "data.npz" (its only member, or the one called `name`), "x.csv".

    Nothing in the file is run: arrays that need pickles are refused.

    Raises:
        InputError: the file is missing, of another kind, or holds something other than numbers.
    """
    path, member = _split(spec)
    if not path.is_file():
        raise InputError(f"there is no file {path} for input {name}", fix="Give a .npy, .npz or .csv file.")
    reader = _READERS.get(path.suffix.lower())
    if reader is None:
        raise InputError(
            f"{path} is no .npy, .npz or .csv file", fix="Save the array with np.save, or as comma-separated text."
        )
    return reader(path, member, name)


def _split(spec: str) -> tuple[Path, str]:
    if Path(spec).is_file():
        return Path(spec), ""
    path, colon, member = spec.rpartition(":")
    return (Path(path), member) if colon and path.endswith(".npz") else (Path(spec), "")


def _npy(path: Path, member: str, name: str) -> Array:
    try:
        return _numbers(np.load(path, allow_pickle=False), path, name)
    except (ValueError, OSError, EOFError) as error:
        raise _unreadable(path, error) from error


def _npz(path: Path, member: str, name: str) -> Array:
    try:
        with np.load(path, allow_pickle=False) as archive:
            members = list(archive.files)
            chosen = member or (members[0] if len(members) == 1 else name)
            if chosen not in members:
                raise InputError(
                    f"{path} has no member {chosen!r}",
                    fix=f"Name one: --input {name}={path}:{members[0] if members else ''}"
                    f" (it has {', '.join(members)})",
                )
            return _numbers(archive[chosen], path, name)
    except (ValueError, OSError, EOFError) as error:
        raise _unreadable(path, error) from error


def _unreadable(path: Path, error: Exception) -> InputError:
    if "pickle" in str(error).lower():
        return InputError(
            f"{path} holds Python objects, which could run code when loaded",
            fix="Save plain numbers: np.save(path, array.astype(float)).",
        )
    return InputError(f"{path} cannot be read: {error}", fix="Save it again with np.save or np.savez.")


def _csv(path: Path, member: str, name: str) -> Array:
    try:
        with path.open(newline="", encoding="utf-8-sig") as file:
            rows = [row for row in csv.reader(file) if row and any(cell.strip() for cell in row)]
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise InputError(f"{path} cannot be read: {error}", fix="Save it as comma-separated text in UTF-8.") from error
    first = 1 if rows and not all(_is_number(cell) for cell in rows[0]) else 0  # a heading
    for number, row in enumerate(rows[first:], first + 1):
        for column, cell in enumerate(row, 1):
            if not _is_number(cell):
                raise InputError(
                    f"{path}, row {number}, column {column}: {cell!r} is text, not a number",
                    fix="Keep the columns with numbers only; a heading in the first row is fine.",
                )
        if len(row) != len(rows[first]):
            raise InputError(
                f"{path}, row {number} has {len(row)} columns, the first has {len(rows[first])}",
                fix="Fill the table up.",
            )
    if not rows[first:]:
        raise InputError(f"{path} holds no rows of numbers", fix="Give one row for every example.")
    return np.array([[float(cell) for cell in row] for row in rows[first:]])


_READERS = {".npy": _npy, ".npz": _npz, ".csv": _csv}


def _is_number(cell: str) -> bool:
    try:
        float(cell)
    except ValueError:
        return False
    return True


def _numbers(array: Array, path: Path, name: str) -> Array:
    if array.dtype.kind not in "fiub":
        what = "text" if array.dtype.kind in "US" else f"{array.dtype} values"
        raise InputError(f"{path} holds {what}, not numbers, for input {name}", fix="Convert it: array.astype(float).")
    return array


def parse_pair(text: str, option: str) -> tuple[str, str]:
    """ "name=value" as its two halves.

    Raises:
        InputError: there is no "=", or nothing before it.
    """
    name, equals, value = text.partition("=")
    if not equals or not name.strip() or not value.strip():
        raise InputError(f"{option} {text!r} is not name=value", fix=f"For example: {_EXAMPLES[option]}")
    return name.strip(), value.strip()


_EXAMPLES = {"--shape": "--shape x=8,5", "--input": "--input x=x.npy", "--set": "--set eps=1e-3", "--letter": "--letter x=a"}


def parse_shape(text: str, name: str) -> tuple[int, ...]:
    """ "8,5" or "8x5" as a shape.

    Raises:
        InputError: it is no list of whole numbers of at least 1.
    """
    try:
        shape = tuple(int(part) for part in text.strip("()").replace("x", ",").split(",") if part.strip())
    except ValueError:
        shape = (0,)
    if any(size < 1 for size in shape):
        raise InputError(f"--shape {name}={text} is no shape", fix="Give whole numbers of 1 or more: --shape x=8,5")
    return shape


def parse_setting(text: str, name: str, default: Any) -> Any:
    """A setting's value from the command line, of the default's kind.

    Raises:
        InputError: a number is expected and `text` is none.
    """
    try:
        value = ast.literal_eval(text)
    except (ValueError, SyntaxError):
        value = text
    if isinstance(default, int | float | tuple) and not isinstance(default, bool) and isinstance(value, str):
        raise InputError(
            f"--set {name}={text}: {name} is a number (by default {default!r})",
            fix=f"For example: --set {name}={default!r}",
        )
    return value
