"""Examples that do not see each other: one run moves an entry of each, and the outputs' rows tell the slopes apart.

Most layers treat the examples of a batch one by one. Whether a layer does is tried out on the record, never assumed:
batch normalization does not, and neither does a loss.
"""

from __future__ import annotations

import numpy as np

from backpropviz.engine.graph import Array, Node
from backpropviz.engine.replay import Plan

Outputs = list[tuple[Node, Array]]


def are_apart(plan: Plan, node: Node, outputs: Outputs) -> bool:
    """Whether every example of `node`, shape (N, ...), reaches its own row of the outputs alone, also (N, ...).

    Each is moved by itself, by about as much as its entries are large: no other row may change in a single bit.
    """
    buffer = plan.buffer(node)
    if buffer.ndim == 0 or len(buffer) < 2 or any(out.shape[:1] != buffer.shape[:1] for out, _ in outputs):
        return False
    start = buffer.copy()
    try:
        return _rows_alone(plan, buffer, [out for out, _ in outputs])
    except Exception:  # moved that far, the layer fails, or takes values of other shapes
        return False
    finally:
        np.copyto(buffer, start)


def _rows_alone(plan: Plan, buffer: Array, outputs: list[Node]) -> bool:
    random = np.random.default_rng(0)
    plan()
    before = [plan.buffer(out).copy() for out in outputs]
    for n in range(len(buffer)):
        kept = buffer[n].copy()
        buffer[n] += random.standard_normal(kept.shape) * (1 + np.abs(kept))
        plan()
        buffer[n] = kept
        others = np.arange(len(buffer)) != n
        for was, out in zip(before, outputs):
            if not np.array_equal(was[others], plan.buffer(out)[others], equal_nan=True):
                return False
    return True


def slopes(plan: Plan, node: Node, outputs: Outputs, h: Array) -> Array:
    """(L(+h) - L(-h)) / 2h for every entry of `node`, shape (N, ...), whose examples are apart.

    Args:
        outputs: with the upstream gradient of each. h: by how much each entry is moved, shape (N, ...).

    Returns:
        Shape (N, ...). The values of `node` are left as they were.
    """
    buffer = plan.buffer(node)
    start, count = buffer.copy(), len(buffer)
    values, steps = start.reshape(count, -1), h.reshape(count, -1)
    changes = np.empty(steps.shape)
    size = steps.shape[1]
    for at in range(size):
        entries = slice(at, None, size)  # this one of every example; .flat writes in any memory order
        buffer.flat[entries] = values[:, at] + steps[:, at]
        plan()
        ahead = [plan.buffer(out).copy() for out, _ in outputs]
        buffer.flat[entries] = values[:, at] - steps[:, at]
        plan()
        buffer.flat[entries] = values[:, at]
        rows = [
            ((a - plan.buffer(out)) * dout).reshape(count, -1).sum(axis=1) for a, (out, dout) in zip(ahead, outputs)
        ]
        changes[:, at] = np.real(sum(rows))
    slope: Array = (changes / (2 * steps)).reshape(start.shape)
    return slope
