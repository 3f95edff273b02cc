"""Gates that multiply and add up at once: matrix products, inner products, einsum.

The order of a matrix product's gradient can be read off the shapes: for out = x @ y with x (n, k) and y (k, m), the
upstream gradient is (n, m), and only g @ y.T gives (n, k), only x.T @ g gives (k, m).
"""

from __future__ import annotations

import string
from typing import Any

import numpy as np

from backpropviz.primitives.record import Gradient, gate, traceable
from backpropviz.primitives.shapes import put


def swap(x: Any) -> Any:
    """Exchange the last two axes: the transpose of every matrix in a stack."""
    return x.T if x.ndim == 2 else np.swapaxes(x, -1, -2)


def _left(g: Any, out: Any, x: Any, y: Any) -> Any:
    if y.ndim == 1:
        return g * y if x.ndim == 1 else np.outer(g, y) if x.ndim == 2 else g[..., None] * y
    if x.ndim == 1:
        return y @ g if y.ndim == 2 else np.sum(y * g[..., None, :], axis=-1)
    return g @ swap(y)


def _right(g: Any, out: Any, x: Any, y: Any) -> Any:
    if x.ndim == 1:
        return g * x if y.ndim == 1 else np.outer(x, g) if y.ndim == 2 else x[:, None] * g[..., None, :]
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
gate(
    np.outer,
    "outer(x, y)",
    "Each entry of x meets the whole of y, and is handed back the gradients weighted by it.",
    ("y", lambda g, out, x, y: np.reshape(g @ np.ravel(y), x.shape)),
    ("x", lambda g, out, x, y: np.reshape(np.ravel(x) @ g, y.shape)),
)


def subscripts(equation: str, operands: Any) -> tuple[list[str], str]:
    """The axes of every operand and of the result, a letter each, with `...` written out."""
    left, arrow, right = equation.replace(" ", "").partition("->")
    if not arrow:
        right = "".join(sorted(c for c in set(left) - {",", "."} if left.count(c) == 1))
        right = "..." + right if "..." in left else right
    free = [c for c in string.ascii_letters if c not in left]
    inputs, most = [], 0
    for letters, x in zip(left.split(","), operands):
        dots = np.ndim(x) - len(letters.replace("...", ""))
        most = max(most, dots)
        # as in broadcasting, these axes line up from the last
        inputs.append(letters.replace("...", "".join(free[:dots][::-1])))
    return inputs, right.replace("...", "".join(free[:most][::-1]))


def _operand(i: int) -> Gradient:
    def vjp(g: Any, out: Any, equation: str, *operands: Any, **options: Any) -> Any:
        inputs, result = subscripts(equation, operands)
        written, mine = inputs[i], "".join(dict.fromkeys(inputs[i]))  # of a repeated axis, the diagonal is taken
        others = [s for j, s in enumerate(inputs) if j != i]
        arrays = [x for j, x in enumerate(operands) if j != i]
        reached = "".join(c for c in mine if c in result or any(c in s for s in others))
        term = np.einsum(f"{','.join([result, *others])}->{reached}", g, *arrays, **options)
        if reached != mine:  # an axis that only this operand has was summed: hand its gradient to every entry
            missing = tuple(axis for axis, c in enumerate(mine) if c not in reached)
            shape = tuple(operands[i].shape[written.index(c)] for c in mine)
            term = np.broadcast_to(np.expand_dims(term, missing), shape)
        if mine == written:
            return term
        places = dict(zip(mine, np.ogrid[tuple(slice(n) for n in term.shape)]))
        return put(term, tuple(places[c] for c in written), operands[i].shape)

    return Gradient("the other factors", vjp)


gate(
    np.einsum,
    "einsum",
    "The gradient takes the operand's place: multiply by the others, sum what it did not have.",
    sequence=_operand,
    into=np.einsum,
)


def contracted(x: Any, y: Any, axes: Any) -> tuple[list[int], list[int]]:
    """The axes of a tensordot that are summed, in pairs: of `x` and of `y`."""
    if np.ndim(axes) == 0:
        return list(range(x.ndim - axes, x.ndim)), list(range(axes))
    left, right = (np.atleast_1d(part).tolist() for part in axes)
    return [axis % x.ndim for axis in left], [axis % y.ndim for axis in right]


def _tensordot(position: int) -> Any:
    def vjp(g: Any, out: Any, x: Any, y: Any, axes: Any = 2) -> Any:
        summed = contracted(x, y, axes)
        kept = [[a for a in range(v.ndim) if a not in used] for v, used in zip((x, y), summed)]
        mine, its = summed[position], summed[1 - position]
        # the gradient has the kept axes of x, then those of y: the other factor's are summed now
        in_g = [list(range(len(kept[0]))), list(range(len(kept[0]), g.ndim))]
        term = np.tensordot(g, (y, x)[position], axes=(in_g[1 - position], kept[1 - position]))
        order = kept[position] + [mine[its.index(axis)] for axis in sorted(its)]
        return term if order == sorted(order) else np.transpose(term, tuple(int(a) for a in np.argsort(order)))

    return vjp


gate(
    np.tensordot,
    "tensordot(x, y)",
    "Contract the gradient with the other factor over the axes that were kept.",
    ("y", _tensordot(0)),
    ("x", _tensordot(1)),
)


dot = traceable(np.dot)
gate(dot, "x @ y", _PRODUCT, ("y.T, from the right", _left), ("x.T, from the left", _right), infix="@", into=np.dot)


@traceable
def dot_stacks(x: Any, y: Any) -> Any:
    """np.dot of stacks of matrices: unlike `@`, it multiplies every matrix of `x` with every matrix of `y`."""
    return np.dot(x, y)


def _dot_stacks(position: int) -> Any:
    vjp = _tensordot(position)
    return lambda g, out, x, y: vjp(g, out, x, y, axes=(-1, -2))


gate(
    dot_stacks,
    "dot(x, y)",
    "Every matrix of x met every matrix of y: contract the gradient with the other factor over what was kept.",
    ("y", _dot_stacks(0)),
    ("x", _dot_stacks(1)),
    name="dot",
    into=np.dot,
)
