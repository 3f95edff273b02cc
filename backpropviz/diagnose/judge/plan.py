"""How a pair of functions is called, as the search found out: a plain record that goes to the judge.

It comes from the process that ran the student's code, so nothing in it is trusted: the inputs of a layer that courses
hand out are made by the judge, and what a layer of the student's own gives is held against its own forward pass.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from backpropviz.course.layers import LAYERS
from backpropviz.course.record import Case, Layer
from backpropviz.diagnose.pairs.recognition import Pair
from backpropviz.diagnose.pairs.unknown import shipped
from backpropviz.diagnose.student.loading import Student
from backpropviz.diagnose.student.program import Program

_MOST = 12  # cases of one pair


@dataclass(frozen=True)
class Plan:
    """How a pair is called.

    Attributes:
        pair: its functions, with what the layer takes and gives. cases: inputs, for a layer of the student's own.
        texts: the functions that were put around the student's. unseen: gradients that no place was found for.
        shipped: it is held against a layer of ours of the same name.
    """

    pair: Pair
    cases: tuple[Case, ...] = ()
    texts: tuple[str, ...] = ()
    unseen: tuple[str, ...] = ()
    shipped: bool = False

    def to_dict(self) -> dict[str, Any]:
        layer = self.pair.layer
        return {
            "forward": self.pair.forward, "backward": self.pair.backward, "layer": layer.name, "own": layer.is_own,
            "takes": [layer.inputs, layer.outputs, layer.wants], "texts": self.texts, "unseen": self.unseen,
            "shipped": self.shipped, "cases": [_case(case) for case in self.cases],
        }  # fmt: skip

    @classmethod
    def from_dict(cls, data: dict[str, Any]) -> Plan:
        """
        Raises:
            ValueError, KeyError, TypeError: it is no plan.
        """
        inputs, outputs, wants = (tuple(map(str, names)) for names in data["takes"])
        layer = next((its for its in LAYERS if its.name == data["layer"] and not data["own"]), None)
        layer = layer or Layer(str(data["layer"]), "", inputs, outputs, wants, (), ())
        pair = Pair(layer, str(data["forward"]), None if data["backward"] is None else str(data["backward"]))
        cases = tuple(
            Case(
                str(words),
                {str(name): np.array(value, str(dtype)) for name, dtype, value in arrays},
                {str(name): tuple(value) if isinstance(value, list) else value for name, value in settings.items()},
            )
            for words, arrays, settings in data["cases"][:_MOST]
        )
        texts, unseen = (tuple(map(str, data[key])) for key in ("texts", "unseen"))
        return cls(pair, cases, texts, unseen, bool(data["shipped"]))


def _case(case: Case) -> list[Any]:
    arrays = [[name, np.asarray(its).dtype.str, its.tolist()] for name, its in case.inputs.items()]
    return [case.words, arrays, {name: value for name, value in case.settings.items() if _is_plain(value)}]


def _is_plain(value: Any) -> bool:
    """It can be written down: a number, a text, or a tuple or a dictionary of such."""
    if isinstance(value, dict):
        return all(isinstance(key, str) and _is_plain(its) for key, its in value.items())
    return (
        value is None
        or isinstance(value, bool | int | float | str)
        or (isinstance(value, tuple) and all(map(_is_plain, value)))
    )


def plan(program: Program, pair: Pair, cases: list[Case]) -> Plan:
    """The plan of a pair that was examined on these cases."""
    student: Student = program.student
    its = student.wrapped.get(pair.forward)
    made = [student.texts[name] for name in (pair.forward, pair.backward) if name in student.texts]
    texts = tuple(dict.fromkeys(made))
    unseen = tuple(f"d{name}" for name in its.unseen) if its is not None else ()
    if not pair.layer.is_own:
        return Plan(pair, (), texts, unseen)
    return Plan(pair, tuple(cases[:_MOST]), texts, unseen, shipped(program, pair) is not None)
