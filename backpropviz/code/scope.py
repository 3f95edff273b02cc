"""What code about a trace can refer to, to run it: the names of a worksheet, and what they stand for."""

from __future__ import annotations

import ast
import functools
import math
from collections.abc import Iterable
from typing import Any

import numpy as np

from backpropviz.engine.named import plain
from backpropviz.engine.trace import Trace
from backpropviz.primitives import PRIMITIVES
from backpropviz.primitives.windows import output_shape


@functools.cache
def helpers() -> dict[str, Any]:
    """The functions of ours that derived code calls, by name."""
    return {primitive.name: function for function, primitive in PRIMITIVES.items() if primitive.helper}


def scope_of(trace: Trace) -> dict[str, Any]:
    """NumPy and our helpers, inputs and constants (as copies), settings, sizes: what code about a trace refers to."""
    scope: dict[str, Any] = {"np": np, "math": math, "output_shape": output_shape, **helpers()}
    scope |= {name: node.value.copy() for name, node in trace.inputs.items()}
    scope |= {name: array for name, array in trace.constants.values() if isinstance(name, str)}
    scope |= {name: plain(value) for name, value in trace.settings.items()}
    for size in trace.sizes:
        try:
            exec(size.statement, scope)
        except Exception:  # it needs what only exists inside the layer, and the derived code does without it
            continue
    return scope


def read_names(lines: Iterable[str]) -> set[str]:
    """Every name that lines of code read."""
    nodes = (node for line in lines for node in ast.walk(ast.parse(line)))
    return {node.id for node in nodes if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Load)}
