"""Reads Python as people keep it: a `.py` file in whatever encoding it declares, or the code cells of a notebook.

A notebook's cells are files of their own, called `notebook.ipynb:cell 4` (cells of text count too, as one counts on the
screen): so every message about line 12 of that cell says `notebook.ipynb:cell 4:12` without knowing of notebooks.
"""

from __future__ import annotations

import ast
import linecache
import re
import tokenize
import warnings
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from backpropviz.engine.source import lines_of
from backpropviz.errors import LayerError
from backpropviz.files import fits
from backpropviz.layers.python2 import dividing_as_then, from_python_2, is_python_2

SUFFIXES = (".py", ".ipynb")
_SPEC = re.compile(rf"(.*?({'|'.join(map(re.escape, SUFFIXES))}))(?::(.*))?$", re.DOTALL)
_PYTHON_2 = re.compile(r"print\b(?!\()|except\b.*,|raise\b.*,|exec\b(?!\()")
_MAGIC = re.compile(r"\s*[%!?]|[^#'\"]*\?\s*$|\s*[\w., ]+=\s*[%!]")
_PYTHON_BELOW = re.compile(r"%%(time|timeit|capture|prun|debug|python3?)\b")


@dataclass(frozen=True)
class Part:
    """What Python reads as a whole: a file, or one cell. `name` is what code objects and messages call it; the tree of
    a text in Python 2 is what it says in Python 3.
    """

    name: str
    text: str
    tree: ast.Module
    is_python_2: bool = False

    @property
    def lines(self) -> list[str]:
        """The lines that the tree's columns count in."""
        return lines_of(from_python_2(self.text) if self.is_python_2 else self.text)


def split_spec(spec: str) -> tuple[str, str]:
    """ "net.py:Linear.forward" as the file and what is wanted of it; the file is empty for a name of a layer."""
    found = _SPEC.match(spec)
    return (found[1], found[3] or "") if found else ("", spec)


def called(spec: str) -> str:
    """What a heading calls it: "net.py:Linear" of "homework/net.py:Linear". Folders are nobody else's business."""
    file, wanted = split_spec(spec)
    return ":".join(part for part in (Path(file).name, wanted) if part) if file else spec


def read_parts(file: Path) -> list[Part]:
    """The file's code, parsed: one part for a `.py` file, one for each code cell of a notebook.

    Raises:
        LayerError: it cannot be read, is no notebook, or has a syntax error.
    """
    if file.suffix == ".ipynb":
        return [_cell(f"{file}:cell {number}", text) for number, text in _code_cells(file)]
    text = read_text(file)
    return [_part(str(file), text)]


def one_text(file: Path) -> str:
    """A notebook's code cells as one file, each under a line that says which it is.

    Raises:
        LayerError: as `read_parts`.
    """
    return "".join(f"# {part.name.rpartition(':')[2]}\n{part.text}" for part in read_parts(file))


def place(file: str, line: int) -> str:
    """Where a line of a file's text stands, for messages: in a notebook, the cell and the line in it."""
    if not file.endswith(".ipynb") or not Path(file).is_file():
        return f"{file}:{line}"
    for part in read_parts(Path(file)):
        line -= 1  # the line that names the cell
        length = part.text.count("\n")
        if line <= length:
            return f"{part.name}:{max(line, 1)}"
        line -= length
    return file


def read_text(file: Path) -> str:
    r"""A file's text as Python reads it: in the encoding it declares or UTF-8, with or without BOM, lines ending in \n.

    Raises:
        LayerError: it cannot be read.
    """
    fits(file)
    try:
        with tokenize.open(file) as opened:
            return opened.read()
    except OSError as error:
        raise LayerError(
            f"{file} cannot be read: {error.strerror or error}", fix="Give a Python file in UTF-8."
        ) from error
    except (SyntaxError, UnicodeDecodeError) as error:
        raise LayerError(
            f"{file} cannot be read: {error}",
            fix="Give a Python file in UTF-8, or one whose first line declares its encoding: # coding: latin-1",
        ) from error


def _part(name: str, text: str) -> Part:
    try:
        return Part(name, text, _parsed(name, text))
    except LayerError:
        if not is_python_2(text):
            raise
    tree = _parsed(name, from_python_2(text))
    floors = "import division" not in text
    return Part(name, text, dividing_as_then(tree) if floors else tree, is_python_2=True)


def _parsed(name: str, text: str) -> ast.Module:
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # "\d" in a string that is not raw
            return ast.parse(text, name)
    except ValueError as error:  # a null byte
        raise LayerError(f"{name} cannot be read: {error}", fix="Give a Python file in UTF-8.") from error
    except (SyntaxError, RecursionError, MemoryError) as error:
        line = str(getattr(error, "text", None) or "").strip("\ufeff \t\r\n")
        hint = "It looks like Python 2: convert it, with print(...) and `except Error as e`."
        raise LayerError(
            f"syntax error: {getattr(error, 'msg', 'it is nested too deeply')}{': ' if line else ''}{line}",
            where=f"{Path(name).name}:{getattr(error, 'lineno', None) or 1}",
            fix=hint if _PYTHON_2.match(line) else "Mend that line first.",
        ) from error


# ---- notebooks -------------------------------------------------------------------------------------------------------


def _code_cells(file: Path) -> list[tuple[int, str]]:
    """The number and text of every code cell; of versions 3 and 4 of the format."""
    import json  # late: most files are no notebooks

    fits(file)
    try:
        notebook: Any = json.loads(file.read_bytes())
        sheets = notebook.get("worksheets", [notebook])
        cells = [cell for sheet in sheets for cell in sheet["cells"]]
        return [
            (number, "".join(cell.get("source", cell.get("input", ""))))
            for number, cell in enumerate(cells, 1)
            if cell.get("cell_type") == "code"
        ]
    except OSError as error:
        raise LayerError(f"{file} cannot be read: {error.strerror or error}", fix="Give a notebook.") from error
    except (ValueError, LookupError, TypeError, AttributeError, RecursionError) as error:
        why = "its text is no JSON" if isinstance(error, ValueError) else "it has no list of cells"
        raise LayerError(f"{file} is no notebook: {why}", fix="Save it again as .ipynb, or as .py.") from error


def _cell(name: str, text: str) -> Part:
    """A cell without what only the notebook understands; its lines stay where they are."""
    lines = text.replace("\r\n", "\n").split("\n")
    first = next((line for line in lines if line.strip()), "")
    if first.startswith("%%") and not _PYTHON_BELOW.match(first):
        lines = [""] * len(lines)  # a cell in another language
    for _ in lines:
        try:
            ast.parse("\n".join(lines))
            break
        except (SyntaxError, ValueError, RecursionError, MemoryError) as error:
            number = (getattr(error, "lineno", None) or 0) - 1
            if not 0 <= number < len(lines) or not _MAGIC.match(lines[number]):
                break
            indent = re.match(r"\s*", lines[number])
            lines[number] = f"{indent[0] if indent else ''}pass"
    text = "\n".join(lines) + "\n"
    # tracebacks and readers of source code find it there, like a file's
    linecache.cache[name] = (len(text), None, lines_of(text), name)
    return _part(name, text)
