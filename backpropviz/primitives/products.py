"""Gates that multiply and add up at once: matrix products, inner products, einsum.

The order of a matrix product's gradient can be read off the shapes: for out = x @ y with x (n, k) and y (k, m), the
upstream gradient is (n, m), and only g @ y.T gives (n, k), only x.T @ g gives (k, m).
"""

from __future__ import annotations

from typing import Any

import numpy as np

from backpropviz.primitives.record import Gradient, gate


def swap(x: Any) -> Any:
    """Exchange the last two axes: the transpose of every matrix in a stack."""
    return x.T if x.ndim == 2 else np.swapaxes(x, -1, -2)


def _left(g: Any, out: Any, x: Any, y: Any) -> Any:
    if y.ndim == 1:
        return g * y if x.ndim == 1 else g[..., None] * y
    if x.ndim == 1:
        return y @ g if y.ndim == 2 else np.sum(y * g[..., None, :], axis=-1)
    return g @ swap(y)


def _right(g: Any, out: Any, x: Any, y: Any) -> Any:
    if x.ndim == 1:
        return g * x if y.ndim == 1 else x[:, None] * g[..., None, :]
    if y.ndim == 1:
        return x.T @ g if x.ndim == 2 else x * g[..., None]
    return swap(x) @ g


_PRODUCT = "A matrix product multiplies the gradient with the other factor, transposed: only one order fits the shapes."
gate(
    np.matmul,
    "x @ y",
    _PRODUCT,
    ("y.T, from the right", _left),
    ("x.T, from the left", _right),
    infix="@",
    elementwise=False,
)
gate(np.dot, "x @ y", _PRODUCT, ("y.T, from the right", _left), ("x.T, from the left", _right), infix="@", into=np.dot)
gate(
    np.outer,
    "outer(x, y)",
    "Each entry of x meets the whole of y, and is handed back the gradients weighted by it.",
    ("y", lambda g, out, x, y: np.reshape(g @ np.ravel(y), x.shape)),
    ("x", lambda g, out, x, y: np.reshape(np.ravel(x) @ g, y.shape)),
)


def _subscripts(equation: str) -> tuple[list[str], str]:
    equation = equation.replace(" ", "")
    if "." in equation:
        raise NotImplementedError("np.einsum with '...'; name every axis by a letter")
    left, arrow, right = equation.partition("->")
    if not arrow:
        right = "".join(sorted(c for c in set(left) - {","} if left.count(c) == 1))
    return left.split(","), right


def _operand(i: int) -> Gradient:
    def vjp(g: Any, out: Any, equation: str, *operands: Any) -> Any:
        inputs, result = _subscripts(equation)
        mine = inputs[i]
        if len(set(mine)) != len(mine):
            raise NotImplementedError(
                f"np.einsum with a repeated axis in one operand ({mine!r}); take the diagonal first"
            )
        others = [s for j, s in enumerate(inputs) if j != i]
        arrays = [x for j, x in enumerate(operands) if j != i]
        reached = "".join(c for c in mine if c in result or any(c in s for s in others))
        term = np.einsum(f"{','.join([result, *others])}->{reached}", g, *arrays)
        if reached == mine:
            return term
        # an axis that only this operand has was summed: hand its gradient to every entry
        missing = tuple(axis for axis, c in enumerate(mine) if c not in reached)
        return np.broadcast_to(np.expand_dims(term, missing), operands[i].shape)

    return Gradient("the other factors", vjp)


gate(
    np.einsum,
    "einsum",
    "The gradient takes the operand's place: multiply by the others, sum what it did not have.",
    sequence=_operand,
)


def _letters(x: Any, y: Any, axes: Any) -> tuple[str, str, str]:
    """The einsum subscripts of a tensordot: of both operands and of the result."""
    if isinstance(axes, int):
        left, right = list(range(x.ndim - axes, x.ndim)), list(range(axes))
    else:
        left, right = ([a] if isinstance(a, int) else list(a) for a in axes)
    sx = [chr(97 + i) for i in range(x.ndim)]
    sy = [chr(97 + x.ndim + i) for i in range(y.ndim)]
    for i, j in zip(left, right):
        sy[j] = sx[i]
    shared = {sx[i] for i in left}
    return "".join(sx), "".join(sy), "".join(c for c in sx + sy if c not in shared)


def _tensordot(position: int) -> Any:
    def vjp(g: Any, out: Any, x: Any, y: Any, axes: Any = 2) -> Any:
        sx, sy, so = _letters(x, y, axes)
        if position == 0:
            return np.einsum(f"{so},{sy}->{sx}", g, y)
        return np.einsum(f"{so},{sx}->{sy}", g, x)

    return vjp


gate(
    np.tensordot,
    "tensordot(x, y)",
    "Contract the gradient with the other factor over the axes that were kept.",
    ("y", _tensordot(0)),
    ("x", _tensordot(1)),
)
