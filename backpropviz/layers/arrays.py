"""Reads arrays and settings from outside: .npy, .npz and .csv files, shapes and values from the command line."""

from __future__ import annotations

import ast
import csv
import math
import zipfile
import zlib
from collections.abc import Iterable
from pathlib import Path
from typing import IO, Any

import numpy as np

from backpropviz.engine.graph import Array
from backpropviz.errors import InputError
from backpropviz.files import fits


def load_array(spec: str, name: str) -> Array:
    """The array in a file: "x.npy", "data.npz:member", "data.npz" (its only member, or the one called `name`), "x.csv".

    Nothing in the file is run: arrays that need pickles are refused.

    Raises:
        InputError: the file is missing, of another kind, or holds something other than numbers.
    """
    path, member = _split(spec)
    if path.is_dir():
        raise InputError(f"{path} is a folder, not a file for input {name}", fix=f"Name a file in it: {path}/...")
    if not path.is_file():
        raise InputError(f"there is no file {path} for input {name}", fix="Give a .npy, .npz or .csv file.")
    reader = _READERS.get(path.suffix.lower())
    if reader is None:
        raise InputError(
            f"{path} is no .npy, .npz or .csv file", fix="Save the array with np.save, or as comma-separated text."
        )
    fits(path)
    return reader(path, member, name)


def _split(spec: str) -> tuple[Path, str]:
    if Path(spec).is_file():
        return Path(spec), ""
    path, colon, member = spec.rpartition(":")
    return (Path(path), member) if colon and path.endswith(".npz") else (Path(spec), "")


def _numpy(path: Path, member: str, name: str) -> Array:
    try:
        with path.open("rb") as file:
            _fits_unpacked(path, file)
            loaded = np.load(file, allow_pickle=False)
            return _numbers(
                loaded if isinstance(loaded, np.ndarray) else _chosen(loaded, path, member, name), path, name
            )
    except _BROKEN as error:
        raise _unreadable(path, error) from error


def _chosen(archive: Any, path: Path, member: str, name: str) -> Array:
    members = list(archive.files)
    chosen = member or (members[0] if len(members) == 1 else name)
    if chosen not in members:
        has = ", ".join(members[:_TOLD]) + f" and {len(members) - _TOLD} more" * (len(members) > _TOLD)
        raise InputError(
            f"{path} has no member {chosen!r}",
            fix=f"Name one: --input {name}={path}:{members[0] if members else ''} (it has {has})",
        )
    array = archive[chosen]
    if not isinstance(array, np.ndarray):
        raise InputError(f"{path}:{chosen} is no array", fix="Save some: np.savez(path, x=array).")
    return array


def _fits_unpacked(path: Path, file: IO[bytes]) -> None:
    """Refuse arrays by the size that their headers declare: of an archive, each by itself."""
    if path.suffix.lower() == ".npy":
        fits(path, _declared(file))
    else:
        with zipfile.ZipFile(file) as archive:
            members = archive.infolist()
            if not members:
                raise InputError(f"{path} holds no array", fix="Save some: np.savez(path, x=array).")
            for member in members:
                with archive.open(member) as packed:
                    fits(f"{path}:{member.filename.removesuffix('.npy')}", max(member.file_size, _declared(packed)))
    file.seek(0)


def _declared(file: IO[bytes]) -> int:
    """The bytes that an array's header says it takes; 0 for what is no array."""
    starts = file.read(6)
    file.seek(0)
    if starts != b"\x93NUMPY":
        return 0
    version = np.lib.format.read_magic(file)
    read = np.lib.format.read_array_header_1_0 if version == (1, 0) else np.lib.format.read_array_header_2_0
    shape, _, dtype = read(file)
    return math.prod(int(size) for size in shape) * dtype.itemsize


_TOLD = 8  # members of an archive that are named
_BROKEN = (ValueError, OSError, EOFError, zipfile.BadZipFile, zlib.error, KeyError, NotImplementedError, RuntimeError)


def _unreadable(path: Path, error: Exception) -> InputError:
    with path.open("rb") as file:
        start = file.read(8)
    if not start.startswith((b"\x93NUMPY", b"PK", b"\x80")):
        return InputError(f"{path} is no {path.suffix} file", fix="Save the array with np.save or np.savez.")
    if "pickle" in str(error).lower():
        return InputError(
            f"{path} holds Python objects, which could run code when loaded",
            fix="Save plain numbers: np.save(path, array.astype(float)).",
        )
    if str(error).startswith(("EOF", "Failed to read all data")) and "(-" not in str(error):  # a length below 0
        return InputError(f"{path} is cut short: {error}", fix="Copy it once more, or save it again with np.save.")
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
                other = next((sign for sign in ";\t" if sign in cell), None)
                raise InputError(
                    f"{path}, row {number}, column {column}: {cell!r} is text, not a number",
                    fix="Separate the columns by commas."
                    if other
                    else "Keep the columns with numbers only; a heading in the first row is fine.",
                )
        if len(row) != len(rows[first]):
            raise InputError(
                f"{path}, row {number} has {len(row)} columns, the first has {len(rows[first])}",
                fix="Give every row as many columns.",
            )
    if not rows[first:]:
        raise InputError(f"{path} holds no rows of numbers", fix="Give one row for every example.")
    return np.array([[float(cell) for cell in row] for row in rows[first:]])


_READERS = {".npy": _numpy, ".npz": _numpy, ".csv": _csv}


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
    if not array.size:
        raise InputError(f"{path} holds no numbers for {name}: its shape is {array.shape}", fix="Give one or more.")
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


def parse_pairs(texts: Iterable[str] | None, option: str) -> dict[str, str]:
    """Several "name=value" by name.

    Raises:
        InputError: one is no pair, or a name is given twice.
    """
    pairs: dict[str, str] = {}
    for text in texts or ():
        name, value = parse_pair(text, option)
        if name in pairs:
            raise InputError(f"{option} {name} is given twice", fix=f"Leave out {pairs[name]} or {value}.")
        pairs[name] = value
    return pairs


_EXAMPLES = {
    "--shape": "--shape x=8,5",
    "--input": "--input x=x.npy",
    "--set": "--set eps=1e-3",
    "--letter": "--letter x=a",
}


def parse_shape(text: str, name: str) -> tuple[int, ...]:
    """ "8,5" or "8x5" as a shape.

    Raises:
        InputError: it is no list of whole numbers of at least 1.
    """
    try:
        shape = tuple(int(part) for part in text.strip("()").replace("x", ",").removesuffix(",").split(","))
    except ValueError:
        shape = (0,)
    if any(size < 1 for size in shape):
        raise InputError(f"--shape {name}={text} is no shape", fix="Give whole numbers of 1 or more: --shape x=8,5")
    return shape


def parse_setting(text: str, name: str, default: Any) -> Any:
    """A setting's value from the command line, of the default's kind.

    Raises:
        InputError: a number is expected and `text` is none, or not a whole one; or yes or no is expected.
    """
    if isinstance(default, str):
        return text.strip("'\"")
    try:
        value = ast.literal_eval(text)
    except (ValueError, SyntaxError):
        value = {"true": True, "false": False}.get(text.lower(), text)
    if type(value) is float and not math.isfinite(value):
        raise InputError(f"--set {name}={text}: {name} is to be finite", fix=f"For example: --set {name}={default!r}")
    for kind, (word, is_one) in _KINDS.items():
        if type(default) is kind and not all(map(is_one, value if _is_pair(value, default) else [value])):
            raise InputError(
                f"--set {name}={text}: {name} is {word} (by default {default!r})",
                fix=f"For example: --set {name}={default!r}",
            )
    return value


def _is_pair(value: Any, default: Any) -> bool:
    """A size for rows and columns: what takes one whole number takes two."""
    return isinstance(value, tuple) and type(default) in (int, tuple)


_KINDS: dict[type, tuple[str, Any]] = {
    bool: ("True or False", lambda value: type(value) is bool),
    int: ("a whole number", lambda value: type(value) is int),
    float: ("a number", lambda value: type(value) in (int, float)),
    tuple: ("a number, or several", lambda value: type(value) in (int, float)),
}
