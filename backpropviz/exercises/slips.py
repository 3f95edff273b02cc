"""What common wrong answers come from: the answer, and a sentence that tells why it is wrong.

A slip is the right way with one thing done otherwise: a shape turned round, a sum left out or taken along another axis,
a factor forgotten, a sign. Of a number, the slips are made in the line of code that computes it, and computed: so what
is told is where the number comes from, and not a guess.
"""

from __future__ import annotations

import ast
import copy
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Any

import numpy as np

from backpropviz.engine.graph import Array
from backpropviz.show.records import Gate, Share

Slip = tuple[Any, str]
Shape = tuple[int, ...]

MOST = 8  # of one question


def of_shape(of: str, shape: Shape, arrives: Shape | None, others: Mapping[str, Shape], summed: bool) -> Iterator[Slip]:
    """Wrong shapes of the gradient of the value `of`.

    Args:
        arrives: the shape of what its step computes, and so of the gradient that arrives there. others: what else is
            read there. summed: whether what arrives is summed for it.
    """
    if arrives is not None:
        ends = f"it becomes {shape} on its way to {of}"
        if summed:
            ends = f"{of} was used in several places, and what they send back is summed"
        yield arrives, f"{arrives} is the shape in which the gradient arrives at the step: {ends}."
        if summed and arrives[-len(shape) :] == shape:
            kept = (1,) * (len(arrives) - len(shape)) + shape
            yield kept, f"A sum with keepdims=True leaves an axis of length 1, which {of} does not have."
    yield shape[::-1], f"The axes are turned round: those of a gradient stand in the order of {of}, {shape}."
    yield tuple(n for n in shape if n > 1), f"An axis of length 1 is lost, which {of} has: keepdims=True keeps it."
    yield (), f"The loss is one number, but its gradient has an entry for every entry of {of}."
    yield (int(np.prod(shape)),), f"As many entries as {of}, but in one row: a gradient keeps all axes of its value."
    for name, other in others.items():
        yield other, f"{other} is the shape of {name}, and this is the gradient of {of}."
        yield other[::-1], f"{other[::-1]} is the shape of {name}.T, and this is the gradient of {of}."


def of_axes(share: Share, chosen: Sequence[tuple[int, ...]]) -> Iterator[Slip]:
    """Why each of the `chosen` sums is not that of a share, under its place among them."""
    for place, axes in enumerate(chosen):
        told = []
        if left := sorted({*share.summed} - {*axes}):
            told += [f"{_along(left)}, {share.operand} is used again and again: what the uses send back adds up."]
        if more := sorted({*axes} - {*share.summed}):
            told += [f"{_along(more)}, every entry of {share.operand} has a gradient of its own."]
        yield place, " ".join(told)


def _along(axes: list[int]) -> str:
    return f"Along ax{'is' if len(axes) == 1 else 'es'} {', '.join(map(str, axes))}"


def of_factors(gate: Gate, share: Share, plain: str) -> dict[str, str]:
    """Local derivatives that are none of this share, each with what it is instead.

    Args:
        plain: the operand, in parentheses where it needs some.
    """
    others = {
        other.local: f"{other.local} is the local derivative with respect to {other.operand}."
        for other in gate.shares
        if other is not share
    }
    right, bare = share.local, share.operand
    opposite = right[1:] if right.startswith("-") else f"-({right})" if " " in right else f"-{right}"
    derivatives = {
        f"1 / {plain}": f"log({bare})", f"-1 / {plain}**2": f"1 / {plain}", f"2 * {plain}": f"{plain}**2",
        f"{plain}**2": f"{plain}**3 / 3", f"1 / (2 * sqrt({plain}))": f"sqrt({bare})",
    }  # fmt: skip
    return {
        **others,
        opposite: "It is right but for the sign.",
        "1": "1 is for a gate that hands the gradient on as it is, like one that adds.",
        "-1": "-1 is for what is subtracted.",
        plain: f"{bare} is what goes in, and not how fast {gate.code} changes with it.",
        **{formula: f"{formula} is the derivative of {of}." for formula, of in derivatives.items()},
    }


def of_number(name: str, code: str, value: Array, at: tuple[int, ...], scope: Mapping[str, Any]) -> Iterator[Slip]:
    """Wrong numbers for the entry `at` of a gradient.

    Args:
        code: the line that computes it. scope: the arrays and numbers that it reads.
    """
    yield -float(value[at]), "Yours has the other sign."
    if value.ndim == 2 and at[1] < value.shape[0] and at[0] < value.shape[1]:
        yield float(value[at[::-1]]), f"Yours is {name}[{at[1]}, {at[0]}]: the row comes first, then the column."
    tree = ast.parse(code.partition(" = ")[2], mode="eval").body
    for variant, why, axes in _variants(tree):
        written = ast.fix_missing_locations(ast.Expression(variant))
        try:
            with np.errstate(all="ignore"):
                found = np.asarray(eval(compile(written, "<slip>", "eval"), {"np": np, **scope}))
            entries = _entries(found, value, at, axes)
        except Exception:
            continue  # written so, the shapes do not fit: nobody gets a number from it
        yield from ((float(entry), why) for entry in entries if np.isfinite(entry))


def _entries(found: Array, value: Array, at: tuple[int, ...], axes: tuple[int, ...]) -> Array:
    """What stands at an entry of a gradient that was computed otherwise: along the `axes` that should have been summed,
    all that stands there."""
    if not axes:
        alike = found if found.ndim == value.ndim else np.broadcast_to(found, value.shape)
        return np.asarray(alike[tuple(i if n > 1 else 0 for i, n in zip(at, alike.shape))]).ravel()
    kept = np.sum(found, axis=axes, keepdims=True)
    whole = np.broadcast_to(value.reshape(kept.shape), found.shape)  # as many entries as were summed
    inner = iter(at)
    place = tuple(
        slice(None) if axis in axes or axis - found.ndim in axes else next(inner) for axis in range(whole.ndim)
    )
    return np.asarray(found[place]).ravel()


Variant = tuple[ast.expr, str, tuple[int, ...]]
"""A formula with one slip in it, what that leaves out, and the axes along which it should have been summed."""


def _variants(tree: ast.expr) -> Iterator[Variant]:
    yield from _edits(tree)
    for field, inner in ast.iter_fields(tree):
        for place, part in enumerate(inner if isinstance(inner, list) else [inner]):
            if not isinstance(part, ast.expr):
                continue
            for new, why, axes in _variants(part):
                other = copy.copy(tree)
                setattr(other, field, [*inner[:place], new, *inner[place + 1 :]] if isinstance(inner, list) else new)
                yield other, why, axes


def _edits(tree: ast.expr) -> Iterator[Variant]:
    match tree:
        case ast.UnaryOp(ast.USub(), operand):
            yield operand, "In yours, the minus sign is missing.", ()
        case ast.BinOp(left, ast.Mult(), right):
            yield left, f"In yours, the factor {ast.unparse(right)} is missing.", ()
            yield right, f"In yours, the factor {ast.unparse(left)} is missing.", ()
        case ast.BinOp(left, ast.Div(), right):
            yield left, f"Yours is not divided by {ast.unparse(right)}.", ()
        case ast.BinOp(left, ast.Add(), right):
            yield left, f"In yours, {ast.unparse(right)} is missing: what comes along several paths adds up.", ()
            yield right, f"In yours, {ast.unparse(left)} is missing: what comes along several paths adds up.", ()
        case ast.Attribute(inner, "T"):
            yield inner, f"In yours, {ast.unparse(inner)} is not transposed.", ()
        case ast.Call(ast.Attribute(ast.Name("np"), "sum"), [inner], [ast.keyword("axis", axis), *more]):
            right = ast.literal_eval(axis)
            along = f"ax{'is' if isinstance(right, int) else 'es'} {ast.unparse(axis).strip('()')}"
            yield (
                inner,
                f"Yours is one term alone: the sum along {along} is missing.",
                tuple(np.atleast_1d(right).tolist()),
            )
            for other in {0: [1], 1: [0]}.get(right, []):
                keywords = [ast.keyword("axis", ast.Constant(other)), *more]
                summed = ast.Call(tree.func, [inner], keywords)
                yield summed, f"Yours is summed along axis {other}, and not along {along}.", ()
            mean = ast.parse("np.mean", mode="eval").body
            yield (
                ast.Call(mean, [inner], tree.keywords),
                f"Yours is a mean along {along}: what is sent back adds up.",
                (),
            )


def distinct(slips: Iterable[Slip], right: Any, alike: Callable[[Any, Any], bool]) -> tuple[Slip, ...]:
    """The first `MOST` slips that are wrong, and that cannot be taken for one another."""
    found: list[Slip] = []
    for value, why in slips:
        if len(found) < MOST and not any(alike(value, other) for other in (right, *(other for other, _ in found))):
            found.append((value, why))
    return tuple(found)
