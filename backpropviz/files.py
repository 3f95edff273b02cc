"""Writes files whole or not at all."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path

from backpropviz.errors import DrawingError


def write(path: Path, content: bytes) -> None:
    """Write `content` beside `path`, then rename it into place: a reader never sees half a file.

    Raises:
        DrawingError: the folder does not exist, or cannot be written to.
    """
    path = Path(path)
    if path.is_dir():
        raise DrawingError(f"{path} is a folder", fix=f"Name a file in it: {path}/...")
    try:
        handle, beside = tempfile.mkstemp(prefix=f".{path.name}.", dir=path.parent)
    except OSError as error:
        raise DrawingError(
            f"{path} cannot be written: {error.strerror}", fix="Choose a folder that exists and that you may write to."
        ) from error
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(content)
        umask = os.umask(0)
        os.umask(umask)
        os.chmod(beside, 0o666 & ~umask)
        os.replace(beside, path)
    except OSError as error:
        os.unlink(beside)
        raise DrawingError(
            f"{path} cannot be written: {error.strerror}", fix="Is the disk full, or the file in use?"
        ) from error
