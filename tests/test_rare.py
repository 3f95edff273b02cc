"""Functions as they are legal, but rarely written: traced to the bit, proved, derived in both styles, and executed.

`tests/rare` has two hundred of them. Derived code is run on the sample and on inputs of other sizes, unless it says
itself that it holds for those of the sample alone.
"""

import importlib
import inspect

import numpy as np
import pytest

import backpropviz as bp
from backpropviz.errors import TraceError
from tests.derived import (
    assert_function_holds,
    assert_pair_holds,
    says_that_it_is_of_these_shapes,
    upstream,
)
from tests.oracle import assert_close, central

ROOMS = ("reductions", "shapes", "picking", "arithmetic", "algebra")
SIZES = (
    {"N": 3, "D": 4, "C": 2, "H": 5, "M": 6, "H8": 8},
    {"N": 5, "D": 3, "C": 4, "H": 6, "M": 2, "H8": 16},
)
REFUSED = {
    "flat_entries": r"\.item\(\)",
    "angles": "np.unwrap has no gradient here",
}
"""What cannot be traced, and is told."""

NO_GRADIENT = {"boolean_rows": "y", "sorted_by_another": "x"}
"""Inputs that only choose."""

SAMPLE_ALONE = {"array_split_uneven", "piecewise_of_functions"}
"""Where derived code is of the sample's sizes though nothing of it says so: bounds that NumPy found, and a mask."""


def functions():
    for room in ROOMS:
        module = importlib.import_module(f"tests.rare.{room}")
        for name, function in inspect.getmembers(module, inspect.isfunction):
            if function.__module__ == module.__name__:
                yield pytest.param(function, id=f"{room}.{name}")


def arrays(function, sizes):
    random = np.random.default_rng(len(sizes) + sizes["N"])
    shapes = dict(part.split(":") for part in inspect.getdoc(function).split(";"))
    return {
        name.strip(): random.normal(size=[sizes.get(n.strip()) or int(n) for n in shape.split(",")])
        for name, shape in shapes.items()
    }


def traced(function, given):
    np.random.seed(0)  # what draws its own masks draws the same
    return upstream(bp.trace(function, **given))


def plainly(function, given):
    np.random.seed(0)
    return function(*[x.copy() for x in given])


@pytest.mark.costly
@pytest.mark.filterwarnings("ignore")  # the functions' own: log of 0, division by 0
@pytest.mark.parametrize("function", list(functions()))
def test_what_is_rarely_written_is_traced_proved_and_derived(function):
    given = arrays(function, SIZES[0])
    expected = plainly(function, given.values())
    if function.__name__ in REFUSED:
        with pytest.raises(TraceError, match=REFUSED[function.__name__]):
            traced(function, given)
        return
    t = traced(function, given)
    np.testing.assert_array_equal(t.output, expected)
    (dout,) = t.upstream.values()
    for position, name in enumerate(given):
        if NO_GRADIENT.get(function.__name__) == name:
            assert name not in t.grad
            continue
        numerical = central(lambda *x: plainly(function, x), list(given.values()), position, dout.value)
        assert_close(t.grad[name], numerical, rtol=1e-5, scale=np.abs(dout.value).max())
    assert_function_holds(t)
    assert_pair_holds(t)
    if not says_that_it_is_of_these_shapes(t) and function.__name__ not in SAMPLE_ALONE:
        other = traced(function, arrays(function, SIZES[1]))
        assert_function_holds(t, other)
        if not any(isinstance(name, str) for name, _ in t.constants.values()):
            assert_pair_holds(t, other)


def test_rare_functions_are_many_and_few_are_of_their_shapes_alone():
    every = [case.values[0] for case in functions() if case.values[0].__name__ not in REFUSED]
    assert len(every) > 195
    alone = [f.__name__ for f in every[::5] if says_that_it_is_of_these_shapes(traced(f, arrays(f, SIZES[0])))]
    assert len(alone) < len(every[::5]) // 4, alone


@pytest.mark.parametrize(
    ("call", "told"),
    [
        (lambda x: np.log(x, where=x > 0), "leaves the other entries to chance"),
        (lambda x: np.linalg.svd(x)[0], "full_matrices=False"),
        (lambda x: np.linalg.qr(x[:, :, None][0].T)[0], 'mode="reduced" can be traced'),
        (lambda x: np.linalg.eig(x[:3, :3])[0], "np.linalg.eigh"),
        (lambda x: np.maximum.accumulate(x, axis=1, dtype=np.float32), "dtype="),
        (lambda x: np.var(x, axis=0, mean=x[:1], where=x > 0), "mean= and where="),
    ],
)
def test_what_is_not_possible_names_what_is(call, told):
    x = np.random.default_rng(0).uniform(0.2, 0.9, (4, 3))
    with pytest.raises(TraceError, match=told):
        bp.trace(call, x=x).backward()
