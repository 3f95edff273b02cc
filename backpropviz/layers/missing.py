"""What a file asks for and does not find here: missing modules, and names that Python and NumPy have no more.

A module that nobody has is made of things that fail when they are used, not before: most of a course's file does not
need them. They can be subclassed. Where the file itself says what to do without the module (`except ImportError`), the
import fails, as it should.
"""

from __future__ import annotations

import ast
import builtins
import functools
import importlib.machinery
import linecache
import math
import os
import re
import sys
import types
import warnings
from collections.abc import Collection
from pathlib import Path
from typing import Any

import numpy as np

from backpropviz.engine.trees import walk

OLD_BUILTINS = {
    "xrange": range, "raw_input": input, "unicode": str, "long": int, "reduce": functools.reduce,
}  # fmt: skip
OLD_NUMPY = {
    "int": "int", "float": "float", "bool": "bool", "object": "object", "complex": "complex", "str": "str",
    "long": "int", "unicode": "str", "float_": "np.float64", "complex_": "np.complex128", "bool8": "np.bool_",
    "int0": "np.intp", "Inf": "np.inf", "Infinity": "np.inf", "infty": "np.inf", "PINF": "np.inf", "NINF": "(-np.inf)",
    "NaN": "np.nan", "product": "np.prod", "cumproduct": "np.cumprod", "alltrue": "np.all", "sometrue": "np.any",
    "in1d": "np.isin", "row_stack": "np.vstack", "trapz": "np.trapezoid", "round_": "np.round",
}  # fmt: skip
"""Names that NumPy had once, and how their meaning is written now."""

_OURS = "backpropviz"
_PACKAGES = tuple(f"{os.sep}{name}{os.sep}" for name in ("site-packages", "dist-packages"))
_INSTALLED = tuple(
    f"{Path(file or '').parents[up]}{os.sep}" for file, up in ((os.__file__, 0), (np.__file__, 1), (__file__, 1))
)


def _expit(x: Any) -> Any:
    return 0.5 * (1 + np.tanh(0.5 * np.asarray(x)))


def _logsumexp(x: Any, axis: Any = None, keepdims: bool = False) -> Any:
    top = np.max(x, axis=axis, keepdims=True)
    total = np.log(np.sum(np.exp(x - top), axis=axis, keepdims=True)) + top
    return total if keepdims else np.squeeze(total, axis=axis)


def _softmax(x: Any, axis: Any = None) -> Any:
    return np.exp(x - _logsumexp(x, axis, keepdims=True))


_STAND_INS = {
    "scipy.special.expit": _expit, "scipy.special.logsumexp": _logsumexp, "scipy.special.softmax": _softmax,
    "scipy.special.erf": np.vectorize(math.erf, otypes=[float]),
}  # fmt: skip
"""What hand-ins take from scipy, which need not be installed."""


class MissingModule(Exception):  # noqa: N818
    """Something was used that comes from a module which is not here."""


class MissingBase:
    """What a class inherits from when its base is missing; it takes any arguments."""

    def __init__(self, *_args: Any, **_kwargs: Any) -> None:
        pass


class Missing:
    """Stands for what a missing module would have given: fails when it is used, not before."""

    def __init__(self, name: str):
        object.__setattr__(self, "_name", name)

    def _fails(self, *_args: Any, **_kwargs: Any) -> Any:
        raise MissingModule(object.__getattribute__(self, "_name"))

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__"):
            raise AttributeError(name)
        return Missing(f"{object.__getattribute__(self, '_name')}.{name}")

    def __mro_entries__(self, bases: tuple[Any, ...]) -> tuple[type, ...]:
        # of several missing bases, the first becomes one
        return (MissingBase,) if next(base for base in bases if isinstance(base, Missing)) is self else ()

    __call__ = __getitem__ = __iter__ = __len__ = __add__ = __radd__ = __sub__ = __rsub__ = __mul__ = __rmul__ = _fails
    __truediv__ = __rtruediv__ = __matmul__ = __neg__ = __enter__ = __float__ = __int__ = __array__ = _fails


class MissingModules:
    """Last in line among the finders: every module that nobody else has is made of Missing things.

    First in line, with `only`, it takes the place of installed packages as well, but for those.
    """

    def __init__(self, only: Collection[str] = ()) -> None:
        self.only = only
        self.names: list[str] = []

    def find_spec(self, name: str, path: Any = None, target: Any = None) -> importlib.machinery.ModuleSpec | None:
        file, line = _importer()
        if file.startswith(_INSTALLED) or (self.only and not self._is_unasked(name.partition(".")[0])):
            return None
        if line in _guarded(file):
            if self.only:
                raise ModuleNotFoundError(f"No module named {name!r}", name=name)
            return None
        self.names.append(name)
        loader: Any = self  # `importlib.abc`, of which it would be a subclass, takes longer to import than all of this
        return importlib.machinery.ModuleSpec(name, loader, is_package=True)

    def create_module(self, spec: importlib.machinery.ModuleSpec) -> None:
        """An ordinary module will do."""

    def _is_unasked(self, package: str) -> bool:
        """Whether it is installed, and neither Python's own nor among `only`."""
        if package in (*self.only, _OURS) or package in sys.stdlib_module_names:
            return False
        spec = importlib.machinery.PathFinder.find_spec(package)
        return spec is not None and any(folder in (spec.origin or "") for folder in _PACKAGES)

    def exec_module(self, module: types.ModuleType) -> None:
        its_name = re.sub(r"^backpropviz_folders(\.inside)*\.", "", module.__name__)

        def give(name: str) -> Any:
            if name.startswith("__"):
                raise AttributeError(name)
            return (
                OLD_BUILTINS.get(name)
                or _STAND_INS.get(f"{its_name}.{name}")
                or getattr(builtins, name, None)
                or Missing(f"{its_name}.{name}")
            )

        module.__getattr__ = give  # type: ignore[method-assign]
        module.__all__ = []  # type: ignore[attr-defined]


def _importer() -> tuple[str, int]:
    """File and line of the import that is being carried out."""
    frame: Any = sys._getframe(2)
    while frame is not None and "importlib" in frame.f_code.co_filename:
        frame = frame.f_back
    return (frame.f_code.co_filename, frame.f_lineno) if frame is not None else ("", 0)


def _guarded(file: str) -> set[int]:
    """The lines of a file whose failing imports it catches itself."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            tree = ast.parse("".join(linecache.getlines(file)))
    except (SyntaxError, ValueError):
        return set()
    return {
        line
        for node in walk(tree)
        if isinstance(node, ast.Try) and any(map(_catches_import_errors, node.handlers))
        for statement in node.body
        for line in range(statement.lineno, (statement.end_lineno or statement.lineno) + 1)
    }


def _catches_import_errors(handler: ast.ExceptHandler) -> bool:
    caught = handler.type.elts if isinstance(handler.type, ast.Tuple) else [handler.type]
    names = {node.id for node in caught if isinstance(node, ast.Name)}
    return handler.type is None or bool(names & {"ImportError", "ModuleNotFoundError", "Exception", "BaseException"})


def old_numpy() -> dict[str, Any]:
    """What NumPy's old names mean, for those that the installed one lacks."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        lacking = {name: code for name, code in OLD_NUMPY.items() if not hasattr(np, name)}
        return {name: eval(code, {"np": np}) for name, code in lacking.items() if _exists(code)}


def _exists(code: str) -> bool:
    return not code.startswith("np.") or hasattr(np, code.removeprefix("np."))


class AsMeant(ast.NodeTransformer):
    """NumPy's old names, where the installed one lacks them, as what they mean: `np.int` as `int`."""

    def __init__(self, tree: ast.Module):
        self.lacking = {*old_numpy()}
        self.changed = False
        imports = (alias for node in walk(tree) if isinstance(node, ast.Import) for alias in node.names)
        self.modules = {"np", *(alias.asname or alias.name for alias in imports if alias.name == "numpy")}

    def visit_Attribute(self, node: ast.Attribute) -> Any:
        self.generic_visit(node)
        if not isinstance(node.value, ast.Name) or node.value.id not in self.modules or node.attr not in self.lacking:
            return node
        self.changed = True
        meant = ast.parse(OLD_NUMPY[node.attr].replace("np.", f"{node.value.id}."), mode="eval").body
        return ast.fix_missing_locations(ast.copy_location(meant, node))
