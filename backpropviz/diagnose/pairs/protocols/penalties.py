"""A strength that only the gradients know: `dW1 += reg * W1` after a forward pass, or beside a loss, without one.

They are those of a penalty on large weights that the file does not write down. By which factor of each weight they
grow with the strength is read off two runs; what is left without it is held against the forward pass.
"""

from __future__ import annotations

import ast
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

import numpy as np

from backpropviz.diagnose.pairs.protocols.handing import NONE, STRONG, Handing, parameters
from backpropviz.diagnose.pairs.protocols.names import STRENGTH, roles
from backpropviz.diagnose.pairs.protocols.readings import Forward
from backpropviz.diagnose.pairs.protocols.writing import Penalty, Way

_FACTORS = ((1.0, "{}"), (2.0, "2 * {}"), (0.5, "0.5 * {}"))


def penalty(
    without: Mapping[str, Any], with_it: Mapping[str, Any], values: Mapping[str, Any], strength: tuple[str, float],
    main: str,
) -> Penalty | None:  # fmt: skip
    """What most gradients grow by; None where that is no number of times their weights.

    Args:
        without, with_it: the gradients by input with a strength of 0, and of another. values: the inputs.
        strength: what it is called, and that other one. main: the input whose axes count the examples.
    """
    name, number = strength
    found: dict[str, float] = {}
    for each, before in without.items():
        value, after = np.asarray(values[each]), np.asarray(with_it.get(each))
        if np.shape(before) == np.shape(after) == value.shape and not np.allclose(before, after):
            ratio = (after - before) / (number * value)
            found[each] = float(np.median(ratio))
    counted = Counter(round(factor, 6) for factor in found.values())
    lengths = ((f"{main}.shape[{axis}]", n) for axis, n in enumerate(np.shape(values[main])) if n > 1)
    divisors = [("1", name, 1), *((size, f"{name} / {size}", n) for size, n in lengths)]
    for often, _ in counted.most_common():
        for size, said, divisor in divisors:
            for factor, words in _FACTORS:
                if abs(often - factor / divisor) < 1e-5:
                    return Penalty((*found,), f"{factor} / {size}", words.format(said))
    return None


def with_penalty(
    forward: Forward, way: Way, call: Callable[[Handing], str], gradients: Callable[[Way], dict[str, Any]]
) -> Way:
    """The way with a strength that is not zero, where only the gradients know of one.

    Args:
        call: writes the call of the backward pass. gradients: what a way gives on the first inputs, by input.
    """
    told, none, strong = _strengths(forward, way)
    if not told:
        return way
    without, with_it = (replace(way, handing=its, back=call(its)) for its in (none, strong))
    try:
        before, after = map(gradients, (without, with_it))
        its = penalty(before, after, forward.wanted, (told, float(STRONG)), forward.start.main)
    except (Exception, SystemExit):  # it fails, with a strength or without
        return way
    if its is None:
        return without
    less = {
        name: f"({code}) - {its.factor} * {STRONG} * {name}" if name in its.names else code
        for name, code in way.gradients.items()
    }
    return replace(with_it, gradients=less, penalty=its)


def _strengths(forward: Forward, way: Way) -> tuple[str, Handing, Handing]:
    """What such a strength is called, and how the backward pass is called with none and with one: it is handed one, or
    reads one off the layer that the forward pass does not."""
    handing, subject, layer = way.handing, forward.subject, forward.ran.get("layer")
    nothing = "", Handing((), 0, False, False, False), Handing((), 0, False, False, False)
    if handing is None or subject.backward is None or (way.loss is not None and way.loss.strength):
        return nothing
    if NONE in handing.arguments:
        names = [name for name, _ in parameters(subject.backward, subject.owner is not None)]
        strong = replace(handing, arguments=tuple(STRONG if its == NONE else its for its in handing.arguments))
        return next(name for name in names if roles(name)[:1] == (STRENGTH,)), handing, strong
    read, elsewhere = (
        "\n".join(map(ast.unparse, its)) for its in ((subject.backward, *subject.inner), (subject.forward,))
    )
    held = [name for name, value in vars(layer).items() if isinstance(value, int | float)] if layer is not None else []
    for name in held:
        if roles(name)[:1] == (STRENGTH,) and f"self.{name}" in read and f"self.{name}" not in elsewhere:
            none, strong = (
                replace(handing, first=(*handing.first, f"layer.{name} = {its}")) for its in (NONE, STRONG)
            )  # fmt: skip
            return name, none, strong
    return nothing
