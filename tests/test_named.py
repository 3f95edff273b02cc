"""Numbers that remember how they were written behave like plain numbers everywhere."""

import math
import operator
import pickle

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import backpropviz as bp
from backpropviz.engine.named import Dim, Name, Named, NamedTuple, Operation, Shape, expression_of, named, plain
from tests.test_primitives import examples

OPERATORS = [operator.add, operator.sub, operator.mul, operator.truediv, operator.floordiv, operator.mod, operator.pow]
numbers = st.one_of(st.integers(1, 9), st.floats(0.5, 9.0))


@given(numbers, numbers, st.sampled_from(OPERATORS), st.sampled_from(["both", "left", "right"]))
@examples(60)
def test_arithmetic_is_that_of_plain_numbers_and_is_remembered(x, y, apply, who):
    left = named(x, Name("x")) if who != "right" else x
    right = named(y, Name("y")) if who != "left" else y
    result = apply(left, right)
    assert plain(result) == apply(x, y)
    assert type(plain(result)) is type(apply(x, y))
    if who == "right" and type(x) is float and type(y) is int:
        return  # Python asks the float first, and it knows no names; source.py lets literals remember
    expression = expression_of(result)
    assert isinstance(expression, Operation)
    assert expression.left == (Name("x") if who != "right" else x)
    assert expression.right == (Name("y") if who != "left" else y)


def test_it_is_an_int_or_a_float_to_everyone():
    n, eps = named(5, Name("N")), named(1e-5, Name("eps"))
    assert n == 5
    assert hash(n) == hash(5)
    assert isinstance(n, int)
    assert isinstance(eps, float)
    assert list(range(n)) == [0, 1, 2, 3, 4]
    assert [10, 20, 30][named(2, Name("i"))] == 30
    assert math.sqrt(eps) == math.sqrt(1e-5)
    assert f"{n:3d} {eps:.0e}" == "  5 1e-05"
    assert repr(n) == "5"
    assert type(pickle.loads(pickle.dumps(n))) is int
    assert -n == -5
    assert expression_of(-n) == Operation("-", 0, Name("N"))
    assert abs(-n) == 5
    assert divmod(n, 2) == (2, 1)
    assert n > 4.5 > eps
    assert plain("text") == "text"
    assert named(True, Name("flag")) is True
    assert named(None, Name("mask")) is None


@pytest.mark.parametrize("dtype", [np.float32, np.float64, np.int64])
def test_numpy_promotes_as_for_plain_numbers(dtype):
    array = np.arange(1, 4).astype(dtype)
    for number in (3, 0.5):
        named_number = named(number, Name("n"))
        for apply in (operator.add, operator.mul, operator.truediv, np.maximum, np.less, np.true_divide):
            for swapped in (False, True):
                mine = apply(named_number, array) if swapped else apply(array, named_number)
                its = apply(number, array) if swapped else apply(array, number)
                assert mine.dtype == its.dtype
                assert np.array_equal(mine, its)
        assert np.sqrt(named_number) == np.sqrt(number)
        assert dtype(2) * named_number == dtype(2) * number
        assert (dtype(2) * named_number).dtype == (dtype(2) * number).dtype
        assert (named_number * dtype(2)).dtype == (number * dtype(2)).dtype
    assert np.zeros((named(2, Name("N")), 3)).shape == (2, 3)
    assert np.full(named(2, Name("N")), named(0.5, Name("p"))).tolist() == [0.5, 0.5]
    assert np.add.reduce(array, axis=named(0, Name("axis"))) == 6


def test_a_shape_knows_whose_it_is():
    seen = {}

    def layer(x):
        seen["shape"] = x.shape
        N, D = x.shape
        seen["count"] = N * D
        out = x / (N - 1)
        return out

    t = bp.trace(layer, x=np.ones((4, 3)), verify=False)  # the plain run would be seen last
    assert isinstance(seen["shape"], Shape)
    assert seen["shape"] == (4, 3)
    assert seen["shape"].node is t["x"]
    assert expression_of(seen["shape"][1]).axis == 1
    assert isinstance(expression_of(seen["shape"][0]), Dim)
    assert expression_of(seen["count"]) == Operation("*", Name("N", 4), Name("D", 3))
    assert expression_of(t["out"].args[1]) == Operation("-", Name("N", 4), 1)
    assert np.prod(seen["shape"][1:]) == 3


def test_a_traced_operand_records_the_number_with_its_name_on_either_side():
    def layer(x, *, eps=0.1):
        out = (eps + x) * eps / x
        return out

    t = bp.trace(layer, x=np.ones(3), eps=0.25)
    numbers = [arg for node in t.nodes for arg in node.args if isinstance(arg, Named)]
    assert [expression_of(number) for number in numbers] == [Name("eps", 0.25), Name("eps", 0.25)]


def test_a_tuple_of_settings():
    stride = named((2, 1), Name("stride"))
    assert isinstance(stride, NamedTuple)
    assert stride == (2, 1)
    assert stride.expression == Name("stride")
    assert np.zeros(stride).shape == (2, 1)
