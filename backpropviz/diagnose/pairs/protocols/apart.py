"""Takes arguments apart: dictionaries and lists of parameters become arrays by names of their own."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from backpropviz.diagnose.pairs.protocols.record import NoFit
from backpropviz.layers.conventions import word
from backpropviz.layers.forms import Leaf, Made, leaves

VARIED = {"stride"}
"""Settings that are run at other values than that which they are found with."""


class Flat:
    """Arguments taken apart: arrays by names of their own, settings, and the lines that put them together again."""

    def __init__(self, given: Mapping[str, Any], forms: Mapping[str, Any]):
        self.values: dict[str, Any] = {}
        self.options: dict[str, Any] = {}
        self.lines: list[str] = []
        words = [word(name) for form in forms.values() for name in leaves(form)]
        self.clashing = {name for name in words if words.count(name) > 1 or name in forms} - {
            name for name, form in forms.items() if isinstance(form, Leaf)
        }
        for name, value in given.items():
            form = forms.get(name)
            if isinstance(form, dict | list | tuple | Made):
                self.lines.append(f"{name} = {self._code(form, value)}")
            elif isinstance(value, np.ndarray):
                self.values[name] = value
            else:
                self.options[name] = value

    def _code(self, form: Any, value: Any) -> str:
        """The form of a value, written with the names of what it holds."""
        if isinstance(form, Leaf):
            name = word(form.name)
            name = form.name.replace(".", "_") if name in self.clashing or not name.isidentifier() else name
            if isinstance(value, np.ndarray):
                self.values[name] = value
            elif name in VARIED:
                self.options[name] = value
            else:
                return repr(value)
            return name
        if isinstance(form, Made):
            raise NoFit("it takes an object")
        if isinstance(form, dict):
            parts = (f"{key!r}: {self._code(part, value[key])}" for key, part in form.items())
            return f"{{{', '.join(parts)}}}"
        inner = ", ".join(self._code(part, its) for part, its in zip(form, value))
        return f"[{inner}]" if isinstance(form, list) else f"({inner},)"
