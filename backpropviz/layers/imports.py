"""What a user's file can import while it is run: files beside it, packages it lies in, and stand-ins for the rest."""

from __future__ import annotations

import contextlib
import importlib.machinery
import os
import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from types import CodeType, ModuleType
from typing import Any

import numpy as np

from backpropviz.engine.source import SourceText, register
from backpropviz.layers import python2
from backpropviz.layers.missing import OLD_BUILTINS, AsMeant, MissingModules
from backpropviz.layers.sources import Part, read_parts

GIVEN = {"np": np, **OLD_BUILTINS, **python2.GIVEN}
"""What a file may use without saying where it comes from."""

_LEVELS = 3  # `from ...utils import x` climbs that far
_FOLDERS = "backpropviz_folders"


def as_meant(part: Part) -> Part:
    """The part with NumPy's old names read as what they mean; its text stays as written."""
    meant = AsMeant(part.tree)
    tree = meant.visit(part.tree)
    is_other = meant.changed or part.is_python_2
    register(part.name, SourceText(part.name, part.lines, tree) if is_other else None)
    return replace(part, tree=tree)


class _BesideLoader(importlib.machinery.SourceFileLoader):
    """Runs a file beside the user's as the user's own is run; nothing compiled is left in the folder."""

    def get_code(self, fullname: str) -> CodeType:
        (part,) = map(as_meant, read_parts(Path(self.get_filename(fullname))))
        return compile(part.tree, part.name, "exec", dont_inherit=True)

    def exec_module(self, module: ModuleType) -> None:
        vars(module).update(GIVEN)
        super().exec_module(module)


class _Beside:
    """First in line among the finders: what lies in the file's folder, and the folders themselves as packages."""

    def __init__(self, here: Path):
        self.folders = [here, *here.parents][:_LEVELS]

    def find_spec(self, name: str, path: Any = None, target: Any = None) -> Any:
        places = [str(self.folders[0])] if path is None else path
        spec = importlib.machinery.PathFinder.find_spec(name, places)
        if spec is None and path is None:  # `from cs231n.layers import *` in a file of the folder cs231n
            above = [str(folder.parent) for folder in self.folders if folder.name == name]
            spec = importlib.machinery.PathFinder.find_spec(name, above) if above else None
        if spec is None or not self.has(spec.origin or next(iter(spec.submodule_search_locations or [""]))):
            return None
        if type(spec.loader) is importlib.machinery.SourceFileLoader:
            spec.loader = _BesideLoader(name, str(spec.origin))
        return spec

    def has(self, file: str | None) -> bool:
        """Whether a file lies in one of the folders."""
        return any((file or "").startswith(f"{folder}{os.sep}") for folder in self.folders[:-1]) or (
            Path(file or "").parent in self.folders
        )


@contextlib.contextmanager
def imports_of(file: Path) -> Iterator[str]:
    """Inside the block, a file's imports are served; yields the package that its relative imports start from.

    Modules that were imported from beside it, and stand-ins, are forgotten afterwards.
    """
    here = file.resolve().parent
    beside, missing = _Beside(here), MissingModules()
    before = set(sys.modules)
    package = _FOLDERS
    for folder in reversed(beside.folders):
        module = ModuleType(package)
        module.__path__ = [str(folder)]
        sys.modules[package] = module
        package += ".inside"
    sys.path.insert(0, str(here))
    sys.meta_path.insert(0, beside)
    sys.meta_path.append(missing)
    try:
        yield package.removesuffix(".inside")
    finally:
        sys.meta_path[:] = [finder for finder in sys.meta_path if finder not in (beside, missing)]
        with contextlib.suppress(ValueError):  # the file may have changed it
            sys.path.remove(str(here))
        new = {name: sys.modules[name] for name in set(sys.modules) - before}
        places = {
            name: getattr(m, "__file__", None) or next(iter(getattr(m, "__path__", [])), "") for name, m in new.items()
        }
        for name, module in new.items():
            stood_in = name.startswith(_FOLDERS) or getattr(module, "__loader__", None) is missing
            if stood_in or beside.has(places[name]):
                del sys.modules[name]
