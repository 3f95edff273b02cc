"""What a closed form is held against: fresh runs on random shapes, draws and settings."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass
from typing import Any

import numpy as np

from backpropviz.engine.graph import Array
from backpropviz.study.closed.program import Program
from backpropviz.study.closed.scenes import Scene, Stage

PROOFS = 50
_CLOSE = 1e-10
_ROUGH = 1e-6  # at the rim, where the recorded gradients are rounded as well
_NOTHING, _MEASURE = 1e-12, 1e-2  # of the largest gradient: below the one, a gradient is measured by the other


@dataclass(frozen=True)
class Proof:
    """What was shown.

    Attributes:
        runs: on how many random runs the code gave all gradients to 1e-10, of how many that were wanted.
        shapes: how many different shapes were among them.
        fixed: the layer takes no other shapes.
        largest: the largest error, relative to the largest entry. against: the run that it did not hold on, if any.
    """

    runs: int
    wanted: int
    shapes: int
    fixed: bool
    largest: float
    against: Scene | None = None

    @property
    def complete(self) -> bool:
        """It held on all, and on several shapes: what holds on one shape may hold by its sizes."""
        return self.runs == self.wanted and (self.shapes > 2 or self.fixed)


def proved(stage: Stage, program: Program, count: int = PROOFS, seed: int = 11) -> Proof:
    """Run the code on fresh runs; it stops at the first where a gradient is wrong."""
    held, shapes, largest, against = 0, set(), 0.0, None
    for scene in stage.draws(count, seed):
        error = error_of(program, scene)
        if error > _CLOSE:
            against = scene
            break
        held, largest = held + 1, max(largest, error)
        shapes.add(scene.shapes)
    return Proof(held, count, len(shapes), not stage.knobs, largest, against)


def holds(program: Program, scene: Scene) -> bool:
    return error_of(program, scene) <= (_ROUGH if scene.at_the_rim else _CLOSE)


def error_of(program: Program, scene: Scene) -> float:
    """How far the gradients are off, relative to the largest entry; infinite where the code fails."""
    try:
        got = program.run(scene.arguments(program.listing))
    except Exception:
        return float("inf")
    right = scene.right_together
    pairs = [(name, got, right[name]) for name, got in zip(program.returns, got)]
    pairs = [(n, _among(g, scene.certain[n]), _among(r, scene.certain[n])) if n in scene.certain else (n, g, r)
             for n, g, r in pairs]  # fmt: skip
    return max((distance(g, r, scale_of(scene, name)) for name, g, r in pairs), default=float("inf"))


def _among(gradient: Any, certain: Array) -> Any:
    return np.asarray(gradient)[certain] if np.shape(gradient) == certain.shape else gradient


def at_the_rim(stage: Stage, program: Program) -> list[Scene]:
    """Runs at the rim, with the entries that the recorded pass gives there as it does with more digits."""
    found = []
    usual = {name: _largest(gradient) for name, gradient in stage.base.right.items()}
    for scene in stage.rims():
        arguments = scene.arguments(program.listing)
        finer = {n: v.astype(np.longdouble) if _is_float(v) else v for n, v in arguments.items()}
        try:
            with np.errstate(all="ignore"):
                exact = dict(zip(program.returns, program.run(finer)))
        except Exception:  # not all of NumPy takes them
            exact = scene.right_together
        certain = {
            name: np.isfinite(right) & (np.abs(right - exact[name]) <= _ROUGH * np.abs(exact[name]))
            for name, right in scene.right.items()
            if name in exact and np.shape(exact[name]) == right.shape
        }
        found.append(dataclasses.replace(scene, certain=certain, usual=usual))
    return [scene for scene in found if holds(program, scene)]


def _is_float(value: Any) -> bool:
    return isinstance(value, np.ndarray | np.floating) and value.dtype.kind == "f"


def is_nothing(scene: Scene, name: str) -> bool:
    """Whether a gradient is zero but for rounding: that of a bias which a batchnorm takes off again."""
    return name in scene.right and _largest(scene.right[name]) <= _NOTHING * max(map(_largest, scene.right.values()))


def scale_of(scene: Scene, name: str) -> float:
    """What an error is measured by where the gradient itself is nothing but rounding, or at the rim; else 0."""
    if name in scene.usual:
        return scene.usual[name]
    return _MEASURE * max(map(_largest, scene.right.values())) if is_nothing(scene, name) else 0.0


def _largest(gradient: Any) -> float:
    return float(np.max(np.abs(gradient), initial=0.0))


def distance(got: Any, right: Any, least: float = 0.0) -> float:
    """The largest difference, relative to the largest entry, and of the parts of a dictionary or a list the largest of
    these; infinite where the shapes differ.

    Args:
        least: entries that are smaller are measured by this.
    """
    if isinstance(right, dict | list):
        if type(got) is not type(right) or len(got) != len(right):
            return float("inf")
        places = right if isinstance(right, dict) else range(len(right))
        return max(distance(got.get(at) if isinstance(got, dict) else got[at], right[at]) for at in places)
    if np.shape(got) != np.shape(right):
        return float("inf")
    if not np.size(right):
        return 0.0
    off = float(np.max(np.abs(got - right)) / max(np.max(np.abs(right)), least, 1e-300))
    return off if np.isfinite(off) else float("inf")
