"""How many forward functions of the right hand-ins can be traced, and why the others are refused.

`python tests/trace_figures.py` loads every forward pass and loss of the files under `students`, makes up
sample inputs, traces it and runs it backward. A reason is the first line of the refusal, without its place. With names
of files, those alone; with `-v`, each refusal.
"""

from __future__ import annotations

import ast
import contextlib
import io
import sys
import traceback
import warnings
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

sys.path.insert(0, str(Path(__file__).parents[1]))

from backpropviz.errors import BackpropvizError
from backpropviz.layers.library import load
from backpropviz.layers.sources import read_text
from tests.corpus import SETS, Corpus


@dataclass
class Figures:
    """What came out: the functions that were traced, and for the others what was said; crashes are ours."""

    traced: list[str] = field(default_factory=list)
    refused: dict[str, str] = field(default_factory=dict)
    crashed: dict[str, str] = field(default_factory=dict)

    def __str__(self) -> str:
        reasons = Counter(told.split("\n")[0].partition(": ")[2] for told in self.refused.values())
        lines = [f"{len(self.traced)} traced, {len(self.refused)} refused, {len(self.crashed)} crashed"]
        return "\n".join([*lines, *(f"{n:4} {reason}" for reason, n in reasons.most_common())])


def right_files() -> list[Path]:
    """The right hand-ins, but for those in Python 2."""
    return [path for folder in SETS for path in Corpus(folder).right() if "python2" not in path.stem]


def forward_functions(file: Path) -> list[str]:
    """The functions of a file that are forward passes or losses, by their names."""
    tree = ast.parse(read_text(file))
    names = [node.name for node in tree.body if isinstance(node, ast.FunctionDef)]
    return [name for name in names if "forward" in name or "loss" in name]


def measure(files: list[Path]) -> Figures:
    figures = Figures()
    for file in files:
        for name in forward_functions(file):
            function = f"{file.parent.parent.name}/{file.name}:{name}"
            try:
                quiet = contextlib.redirect_stdout(io.StringIO())
                with quiet, np.errstate(all="ignore"), warnings.catch_warnings():
                    warnings.simplefilter("ignore")
                    load(f"{file}:{name}").trace().backward()
                figures.traced.append(function)
            except BackpropvizError as error:
                figures.refused[function] = str(error)
            except Exception:
                figures.crashed[function] = traceback.format_exc(limit=-4)
    return figures


if __name__ == "__main__":
    words = [word for word in sys.argv[1:] if word != "-v"]
    chosen = [path for path in right_files() if not words or any(word in str(path) for word in words)]
    found = measure(chosen)
    if "-v" in sys.argv:
        for function, told in {**found.refused, **found.crashed}.items():
            print(f"{function}\n    {told}\n")
    print(found)
