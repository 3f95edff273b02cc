"""A backward pass that is left at the first entry of its upstream gradient that is not zero.

    for i, gradient in enumerate(d_L_d_out):
        if gradient == 0:
            continue
        ...
        return d_L_d_inputs

What it is meant for is a loss of one entry, the probability of the right class; so one entry is all that is looked at.
"""

from __future__ import annotations

import ast
from typing import Any

import numpy as np

FIRST = "dout = __alone__(dout)"
"""What is done before such a backward pass is called."""


def alone(array: Any) -> Any:
    """One entry of an array, with zeros for all others.

    >>> alone(np.array([3.0, 5.0, 7.0]))
    array([0., 5., 0.])
    """
    its = np.asarray(array)
    kept = np.zeros(its.shape)
    kept.flat[its.size // 2] = 1.0
    return its * kept


GIVEN: dict[str, Any] = {"__alone__": alone}
"""What the functions around a student's call."""


def takes_one_entry(backward: ast.FunctionDef) -> bool:
    """Whether a loop over the entries of a parameter passes some over, and returns from within."""
    names = {its.arg for its in backward.args.args}
    loops = [
        node for node in ast.walk(backward)
        if isinstance(node, ast.For) and names & {getattr(its, "id", "") for its in ast.walk(node.iter)}
    ]  # fmt: skip
    return any({ast.Continue, ast.Return} <= {type(node) for node in ast.walk(loop)} for loop in loops)
