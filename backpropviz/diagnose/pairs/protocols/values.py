"""Holds gradients against the forward pass along one direction each: enough to tell which way of calling is meant."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

_STEP = 1e-5
_CLOSE = 1e-4

Run = Callable[[Mapping[str, Any]], dict[str, Any]]


def upstream(outputs: list[Any]) -> dict[str, Any]:
    """An upstream gradient for every output, by the names that they have in the functions around a student's."""
    names = ["dout"] if len(outputs) == 1 else [f"dout{i + 1}" for i in range(len(outputs))]
    return {name: _upstream(np.shape(value), i) for i, (name, value) in enumerate(zip(names, outputs))}


def _upstream(shape: tuple[int, ...], seed: int) -> Any:
    return np.random.default_rng([17, seed, *shape]).normal(0.0, 1.0, shape) if shape else 1.0


class Values:
    """The directional derivatives of a forward pass that runs on `inputs`."""

    def __init__(self, run: Run, inputs: Mapping[str, Any], namespace: Mapping[str, Any]):
        self.run, self.inputs, self.namespace = run, inputs, namespace
        self._ran: dict[tuple[str, int], dict[str, Any]] = {}

    def quotient(self, name: str, gradient: Any, outputs: tuple[str, ...], loss: str, given: dict[str, Any]) -> float:
        """What the right derivative is, as a multiple of what a gradient gives; nan where that cannot be said.

        Args:
            outputs: expressions for what the forward pass computes. loss: for the number that they go into, by `out`
                and what is `given`; empty where gradients arrive from above.
        """
        value = self.inputs[name]
        if np.shape(gradient) != np.shape(value):
            return float("nan")
        try:
            above, below = (self._total(name, sign, outputs, loss, given) for sign in (1, -1))
        except (Exception, SystemExit):  # it runs on some inputs only
            return float("nan")
        right, its = (above - below) / (2 * _STEP), float(np.sum(np.asarray(gradient) * self._direction(value)))
        if abs(its) < 1e-12:
            return 1.0 if abs(right) < 1e-8 else float("nan")
        return float(right / its)

    @staticmethod
    def _direction(value: Any) -> Any:
        return np.random.default_rng([23, value.size]).normal(0.0, 1.0, value.shape)

    def _total(self, name: str, sign: int, outputs: tuple[str, ...], loss: str, given: dict[str, Any]) -> float:
        """The outputs as one number: the loss, or what is upstream times each."""
        if (name, sign) not in self._ran:
            value = self.inputs[name]
            moved = value + sign * _STEP * self._direction(value)
            self._ran[name, sign] = self.run({**self.inputs, name: moved})
        known = {**self.namespace, **self._ran[name, sign], **given}
        outs = [eval(code, known) for code in outputs]
        if loss:
            return float(eval(loss, {**known, "out": outs[0]}))
        return float(sum(np.sum(out * dout) for out, dout in zip(outs, upstream(outs).values())))

    def scale(self, quotients: Mapping[str, float], main: str, divides: bool) -> str:
        """Where the gradients of parameters are those of a mean over the examples: how many these are, as code.

        Examples in columns are the convention of a course that always does so; with examples in rows, it takes more
        than one such gradient to say that it is none by mistake.

        Args:
            divides: the backward pass divides by something; where it does not, a mean may be a slip for a sum.
        """
        x = np.shape(self.inputs[main])
        others = [q for name, q in quotients.items() if name != main]
        if len(x) != 2:
            return ""
        right = sum(map(is_one, others))
        for axis in (-1, 0):
            means = sum(is_one(q / x[axis]) for q in others)
            if (
                x[axis] > 1
                and means
                and (means > right or (means == right and axis == -1 and divides))
                and (len(others) > 1 or axis == -1)
            ):
                return f"{main}.shape[{axis}]"
        return ""


def is_one(quotient: float) -> bool:
    """A quotient says that a gradient is right."""
    return abs(quotient - 1) < _CLOSE


def is_mean(quotient: float, shape: tuple[int, ...]) -> bool:
    """A quotient says that a gradient lacks the division by the number of examples."""
    return any(is_one(quotient * count) for count in shape if count > 1)
