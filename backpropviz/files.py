"""Writes files whole or not at all, reads none that is larger than the limit, and knows what nobody has edited."""

from __future__ import annotations

import contextlib
import hashlib
import os
import re
import stat
from contextvars import ContextVar
from pathlib import Path
from typing import IO

from backpropviz.errors import DrawingError, InputError

MOST = 1_000_000_000
"""Bytes: what is read of one file at most, and what an array in it takes in memory, unless another limit is set."""

_limit = ContextVar("limit", default=MOST)


class AtMost:
    """Within, the limit is `size` bytes. No generator: one that is never left, as that of a call with a wrong option,
    would be ended by whoever tidies up, in a context of its own."""

    def __init__(self, size: int):
        self.size = size

    def __enter__(self) -> None:
        self._before = _limit.set(self.size)

    def __exit__(self, *_: object) -> None:
        _limit.reset(self._before)


def limit() -> int:
    return _limit.get()


def fits(path: Path | str, size: int | None = None) -> None:
    """Refuse a file, or what it unpacks to, by its size: before anything of it is read.

    Raises:
        InputError: it has more bytes than the limit.
    """
    if size is None:
        with contextlib.suppress(OSError):
            size = Path(path).stat().st_size
    if size is not None and size > limit():
        seen = f"{path} takes {size:,} bytes or more, and the limit is {limit():,}"
        raise InputError(seen, fix="Give another limit, if it is meant: --max-bytes N")


def digest(text: str) -> str:
    """Sixteen digits that another text does not have by chance."""
    return hashlib.sha256(text.encode()).hexdigest()[:16]


def marked(text: str, comment: str = "#") -> str:
    """Text with a first line of its digest, by which it can be told later that nobody has edited it."""
    return f"{comment} Written by backpropviz; while nobody edits it, its digest is {digest(text)}\n{text}"


def is_as_written(path: Path) -> bool:
    """Whether a file is as one of ours was written: the digest in its first line is that of the lines below."""
    fits(path)
    head, _, below = path.read_text(encoding="utf-8", errors="replace").partition("\n")
    said = _DIGEST.search(head)
    return said is not None and said[1] == digest(below)


_DIGEST = re.compile(r'(?:, its digest is |"written": ")([0-9a-f]{16})')


def write(path: Path, content: bytes) -> None:
    """Write `content` beside `path`, then rename it into place: a reader never sees half a file.

    A link keeps pointing where it does, and a file keeps its mode. What is no file (a device, a pipe) is written into.

    Raises:
        DrawingError: the folder does not exist, or cannot be written to.
    """
    path = Path(path)
    _is_no_folder(path)
    path = path.resolve() if path.is_symlink() else path
    if path.exists() and not path.is_file():
        try:
            path.write_bytes(content)
        except OSError as error:
            raise _stopped(path, error) from error
        return
    import tempfile  # late: `--help` writes nothing

    try:
        handle, beside = tempfile.mkstemp(prefix=f".{path.name}.", dir=path.parent)
    except OSError as error:
        raise _not_written(path, error) from error
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(content)
        os.chmod(beside, _mode(path))
        os.replace(beside, path)
    except BaseException as error:  # Ctrl-C as well
        with contextlib.suppress(FileNotFoundError):
            os.unlink(beside)
        if isinstance(error, OSError):
            raise _stopped(path, error) from error
        raise


def line_by_line(path: Path, mode: str) -> IO[str]:
    """A file for lines that others may read as they come: opened to be written ("w"), or to be gone on with ("a").

    Raises:
        DrawingError: the folder does not exist, or cannot be written to.
    """
    _is_no_folder(path)
    try:
        return open(path, mode, encoding="utf-8", newline="\n")
    except OSError as error:
        raise _not_written(path, error) from error


def _is_no_folder(path: Path) -> None:
    if path.is_dir():
        raise DrawingError(f"{path} is a folder", fix=f"Name a file in it: {path}/...")


def _stopped(path: Path, error: OSError) -> DrawingError:
    if isinstance(error, BrokenPipeError):
        raise error  # the reader has seen enough
    return DrawingError(f"{path} cannot be written: {error.strerror}", fix="Is the disk full, or the file in use?")


def _not_written(path: Path, error: OSError) -> DrawingError:
    fix = "Choose a folder that exists and that you may write to."
    return DrawingError(f"{path} cannot be written: {error.strerror}", fix=fix)


def _mode(path: Path) -> int:
    """The mode that a file has, or that a new one is given."""
    with contextlib.suppress(FileNotFoundError):
        return stat.S_IMODE(path.stat().st_mode)
    umask = os.umask(0)
    os.umask(umask)
    return 0o666 & ~umask
