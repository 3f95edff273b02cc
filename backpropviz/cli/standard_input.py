"""Standard input in the place of a file, "-": what it holds is kept as a file until the program ends."""

import atexit
import shutil
import sys
from pathlib import Path

from backpropviz.errors import InputError
from backpropviz.files import fits, limit

NAME = "-"
SHOWN = "standard input"
_kept: set[str] = set()
_KINDS = {b"\x93NUMPY": ".npy", b"PK\x03\x04": ".npz"}


def from_standard_input(spec: str) -> str:
    """Code: a file for "-" or "-:swish".

    A function of it stands behind "--", since words that begin with a dash are options: `show -- -:swish`.
    """
    name, colon, function = spec.partition(":")
    return f"{kept('stdin.py')}{colon}{function}" if name == NAME else spec


def array_from_standard_input(spec: str) -> str:
    """An array: what it is, the first bytes say; of an .npz the member, as "-:x"."""
    name, colon, member = spec.partition(":")
    if name != NAME:
        return spec
    file = kept("stdin")
    with file.open("rb") as opened:
        start = opened.read(6)
    kind = next((suffix for first, suffix in _KINDS.items() if start.startswith(first)), ".csv")
    file = file.rename(file.with_suffix(kind))
    _kept.add(str(file))
    return f"{file}{colon}{member}"


def file_from_standard_input(path: Path) -> Path:
    """Text: reports, assignments."""
    return kept(f"stdin{path.suffix}") if str(path) == NAME else path


def shown(text: str) -> str:
    """A text in which standard input is called that, and not by the file that it was kept as."""
    for path in sorted(_kept, reverse=True):
        text = text.replace(path, SHOWN)
    return text


def kept(name: str) -> Path:
    """What standard input holds, as a file of that name.

    Raises:
        InputError: it was read before, is a terminal's that nothing was typed into, or is larger than the limit.
    """
    import tempfile  # late: most calls name their files

    content = sys.stdin.buffer.read(limit() + 1)
    if not content:
        raise InputError("standard input holds nothing", fix="Pass a file to it, once: backpropviz ... - < FILE")
    fits(SHOWN, len(content))
    folder = Path(tempfile.mkdtemp(prefix="backpropviz-"))
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    file = folder / name
    file.write_bytes(content)
    _kept.add(str(file))
    return file
