"""The records of the course's layers: configurations in which no size agrees with another by accident."""

from __future__ import annotations

import itertools

import numpy as np
import pytest

from backpropviz.course.layers import LAYERS
from backpropviz.diagnose.pairs.reference import reference
from backpropviz.diagnose.runs.examine import FRESH, FRESH_SEED

FORMS = [
    pytest.param(layer, number, id=f"{layer.name}-{number}") for layer in LAYERS for number in range(len(layer.forms))
]


def plain(layer, number):
    return [case for case in layer.forms[number]() if not case.special and not case.optional]


def roles(case):
    """The sizes that can be chosen: axes longer than 1, by array and number; one for several that always agree."""
    axes = [(name, axis, n) for name, value in case.inputs.items() for axis, n in enumerate(value.shape)]
    return {(name, axis): length for name, axis, length in axes if length > 1}


def distinct(cases):
    """The roles without those that are equal in every case: the rows of w and the columns of x."""
    kept = {}
    for role in roles(cases[0]):
        kept.setdefault(tuple(roles(case).get(role) for case in cases), role)
    return list(kept.values())


@pytest.mark.parametrize(("layer", "number"), FORMS)
def test_two_shapes_or_more_tell_all_sizes_apart(layer, number):
    cases = plain(layer, number)
    assert len({tuple(value.shape for value in case.inputs.values()) for case in cases}) >= 2
    chosen = distinct(cases)
    if layer.accepts is not None:
        return  # a mask needs many entries, and takes any shape
    shapes = [[roles(case)[role] for role in chosen] for case in cases]
    assert sum(len(set(sizes)) == len(sizes) for sizes in shapes) >= 2
    assert all(not {1, 2, 4} & {*sizes} for sizes in shapes)
    for a, b, c in itertools.permutations(range(len(chosen)), 3):
        assert not all(sizes[a] + sizes[b] == sizes[c] for sizes in shapes), (chosen[a], chosen[b], chosen[c])
        assert layer.name == "groupnorm" or not all(sizes[a] * sizes[b] == sizes[c] for sizes in shapes)


@pytest.mark.parametrize(("layer", "number"), FORMS)
def test_fresh_configurations_are_like_the_others(layer, number):
    (first, *_) = layer.forms[number]()
    for seed in range(FRESH_SEED, FRESH_SEED + FRESH):
        case = layer.fresh(seed, number)
        assert case.inputs.keys() == first.inputs.keys()
        assert [value.ndim for value in case.inputs.values()] == [value.ndim for value in first.inputs.values()]
        assert case.settings.keys() == first.settings.keys()
        assert all(np.isfinite(value).all() for value in reference(layer, case).gradients.values())
