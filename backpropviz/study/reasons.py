"""Why a gradient is not finite, or its differences are not: the operation that is to blame, and what helps.

Two things are no fault of a rule of calculus. A value on the way overflows, or leaves the domain of a logarithm or a
root; `np.where` hides it from the output, but the gradient still meets it. Or a slope is infinite, as that of a root at
0, and the gradient that arrives is 0: their product is no number.
"""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np

from backpropviz.engine.graph import Array, Node, bare

_NEAR = 1e-6  # a slope from here to this far that is ten times as steep at a hundredth of it grows without bound
_GROWTH = 5.0


def reason(nodes: Iterable[Node], source: Node, is_slope: bool = False) -> str:
    """What makes values or gradients between `source` and the outputs not finite; empty if nothing is found.

    Args:
        nodes: what depends on `source`, in order.
        is_slope: whether the gradient itself is infinite, and not the product of such a slope with 0.
    """
    on_the_way = [node for node in nodes if node.primitive is not None]
    for node in on_the_way:
        if not np.isfinite(node.value).all() and all(np.isfinite(parent.value).all() for parent in node.parents):
            seen = (
                "overflows to inf" if np.isinf(node.value).any() and not np.isnan(node.value).any() else "is no number"
            )
            return f"{place(node)} {seen}; keep its operand in range, also where np.where leaves the result out"
    for node in reversed(on_the_way):
        for term_of in dict.fromkeys(node.parents):
            if not _arrives_finite(node) or np.isfinite(_handed(node, term_of)).all():
                continue
            if _is_too_steep(node, term_of):
                seen = "is infinitely steep there" + ("" if is_slope else ", and 0 times infinity is no number")
                return f"{place(node)} {seen}; keep its operand away from that point"
            if (node.value == 0).any():
                seen = "is 0, and its slope divides by that"
                return f"{place(node)} {seen}; add a small number under the root, or keep it away from 0"
    return ""


def place(node: Node) -> str:
    """An operation and where it stands: "sqrt(x) in step 1, s"."""
    assert node.primitive is not None
    step = f"step {node.step.label}, {node.step.name}" if node.step else "the output"
    return f"{node.primitive.formula} in {step}"


def _arrives_finite(node: Node) -> bool:
    return node.grad is not None and bool(np.isfinite(node.grad).all())


def _handed(node: Node, operand: Node) -> Array:
    """All that `node` hands to `operand`, in a row."""
    handed = [term.value.ravel() for term in operand.terms if term.consumer is node]
    return np.concatenate(handed) if handed else np.zeros(0)


def _is_too_steep(node: Node, operand: Node) -> bool:
    """Whether the slope of `node` by `operand` grows without bound, or leads out of the domain."""
    with np.errstate(all="ignore"):
        slopes = [
            np.abs(_moved(node, operand, sign * near) - node.value) / near
            for near in (_NEAR, _NEAR / 100)
            for sign in (1.0, -1.0)
        ]
        ahead, behind, nearer_ahead, nearer_behind = slopes
        steep = (nearer_ahead > _GROWTH * ahead) | (nearer_behind > _GROWTH * behind)
    return bool((steep & (np.maximum(nearer_ahead, nearer_behind) > 1.0)).any()) or not np.isfinite(slopes).all()


def _moved(node: Node, operand: Node, amount: float) -> Array:
    assert node.primitive is not None

    def value(of: Node) -> Array:
        moved: Array = of.value + amount if of is operand else of.value
        return moved

    return np.asarray(node.primitive.run(*bare(node.args, value), **bare(node.kwargs, value)))
