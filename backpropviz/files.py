"""Writes files whole or not at all."""

from __future__ import annotations

import contextlib
import os
import stat
import tempfile
from pathlib import Path

from backpropviz.errors import DrawingError


def write(path: Path, content: bytes) -> None:
    """Write `content` beside `path`, then rename it into place: a reader never sees half a file.

    A link keeps pointing where it does, and a file keeps its mode. What is no file (a device, a pipe) is written into.

    Raises:
        DrawingError: the folder does not exist, or cannot be written to.
    """
    path = Path(path)
    if path.is_dir():
        raise DrawingError(f"{path} is a folder", fix=f"Name a file in it: {path}/...")
    path = path.resolve() if path.is_symlink() else path
    if path.exists() and not path.is_file():
        path.write_bytes(content)
        return
    try:
        handle, beside = tempfile.mkstemp(prefix=f".{path.name}.", dir=path.parent)
    except OSError as error:
        raise DrawingError(
            f"{path} cannot be written: {error.strerror}", fix="Choose a folder that exists and that you may write to."
        ) from error
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(content)
        os.chmod(beside, _mode(path))
        os.replace(beside, path)
    except OSError as error:
        os.unlink(beside)
        raise DrawingError(
            f"{path} cannot be written: {error.strerror}", fix="Is the disk full, or the file in use?"
        ) from error


def _mode(path: Path) -> int:
    """The mode that a file has, or that a new one is given."""
    with contextlib.suppress(FileNotFoundError):
        return stat.S_IMODE(path.stat().st_mode)
    umask = os.umask(0)
    os.umask(umask)
    return 0o666 & ~umask
