"""For every operation that can be traced: calls of it, with random shapes, axes, options and broadcasts.

A case is a function of one to three arrays, and the arrays. `TABLE` has a strategy for every entry in the page of
calculus and for every composite.
"""

import functools
import operator
import warnings
from dataclasses import dataclass
from math import prod

import numpy as np
from hypothesis import strategies as st
from hypothesis.extra.numpy import array_shapes, mutually_broadcastable_shapes
from numpy.lib.stride_tricks import sliding_window_view

import backpropviz as bp
from backpropviz.primitives import (
    PRIMITIVES,
    elementwise,
    factors,
    joining,
    products,
    reductions,
    running,
    shapes,
    signals,
    sorting,
    stores,
    windows,
)
from backpropviz.primitives import (
    along as picked,
)
from backpropviz.primitives.composites import COMPOSITES
from tests.spellings import BLOCKS


@dataclass
class Case:
    call: object
    arrays: list

    def __repr__(self):
        return f"Case on shapes {[x.shape for x in self.arrays]}"


@st.composite
def values(draw, *shapes, low=-2.0, high=2.0, signs=False):
    """Arrays with entries from low to high (with random signs: away from zero), all different."""
    random = np.random.default_rng(draw(st.integers(0, 2**32)))
    arrays = []
    for shape in shapes:
        x = random.uniform(low, high, shape)
        arrays.append(np.asarray(x * random.choice([-1.0, 1.0], shape) if signs else x))
    return arrays


small = array_shapes(min_dims=0, max_dims=4, max_side=3)
lined = array_shapes(min_dims=1, max_dims=4, max_side=3)


@st.composite
def unary(draw, function, low=-2.0, high=2.0, signs=False):
    return Case(function, draw(values(draw(small), low=low, high=high, signs=signs)))


@st.composite
def binary(draw, function, *, left=(-2.0, 2.0), right=(-2.0, 2.0), signs=False):
    """Two operands that broadcast: both traced, or one of them a constant array, a number or a list."""
    (one, two), _ = draw(mutually_broadcastable_shapes(num_shapes=2, max_dims=4, max_side=3))
    how = draw(st.sampled_from(["both", "both", "left", "right", "number", "number first", "list"]))
    (x,) = draw(values(one, low=left[0], high=left[1], signs=signs))
    (y,) = draw(values(two, low=right[0], high=right[1], signs=signs))
    y *= 0.987654321  # no ties, also where both come from the same seed
    if how == "left":
        return Case(lambda x: function(x, y), [x])
    if how == "right":
        return Case(lambda y: function(x, y), [y])
    if how == "number":
        number = float(y.flat[0])
        return Case(lambda x: function(x, number), [x])
    if how == "number first":
        number = float(x.flat[0])
        return Case(lambda y: function(number, y), [y])
    if how == "list" and one:  # a NumPy scalar times a list repeats the list
        return Case(lambda x: function(x, y.tolist()), [x])
    return Case(function, [x, y])


def of(function, *, low=0.5, high=2.0):
    """`function` after both of its operands were cut to an integer or a Boolean: for operations on those."""
    return lambda x, y: function(x > low, y > high)


@st.composite
def powers(draw, function):
    kind = draw(st.sampled_from(["number", "whole", "array", "base"]))
    if kind == "number":
        exponent = draw(st.sampled_from([-2, -1, -0.5, 0.5, 1.5, 2, 3, 2.0, 0, 1]))
        return Case(lambda x: function(x, exponent), draw(values(draw(small), low=0.4)))
    if kind == "whole":
        exponent = draw(st.sampled_from([2, 3, np.int64(2), np.float64(3.0), 2.0, 1, 0]))
        return Case(lambda x: function(x, exponent), draw(values(draw(small), low=0.4, signs=True)))
    if kind == "base":
        base = draw(st.sampled_from([2, 0.5, 10.0]))
        return Case(lambda y: function(base, y), draw(values(draw(small))))
    return draw(binary(function, left=(0.4, 2.0)))


@st.composite
def switch(draw, function):
    (one, two, three), _ = draw(mutually_broadcastable_shapes(num_shapes=3, max_dims=3, max_side=3))
    chosen, x, y = draw(values(one, two, three))
    chosen = chosen > 0
    how = draw(st.sampled_from(["both", "left", "zero", "traced condition"]))
    if how == "left":
        return Case(lambda x: function(chosen, x, y), [x])
    if how == "zero":
        return Case(lambda y: function(chosen, 0.0, y), [y])
    if how == "traced condition":
        return Case(lambda x, y: function(x > 0, y, 1.0), [x, y])
    return Case(lambda x, y: function(chosen, x, y), [x, y])


@st.composite
def clips(draw, function):
    (x,) = draw(values(draw(small)))
    kind = draw(st.sampled_from(["both", "low", "high", "named", "arrays"]))
    if kind == "arrays":
        (one, two, three), _ = draw(mutually_broadcastable_shapes(num_shapes=3, max_dims=3, max_side=3))
        return Case(
            function,
            [*draw(values(one)), *draw(values(two, low=-1.5, high=-0.1)), *draw(values(three, low=0.1, high=1.5))],
        )
    call = {
        "both": lambda x: function(x, -0.7, 0.9),
        "low": lambda x: function(x, 0.1, None),
        "high": lambda x: function(x, None, 0.1),
        "named": lambda x: function(x, a_min=-0.5, a_max=1.0),
    }[kind]
    return Case(call, [x])


# ---- reductions ------------------------------------------------------------------------------------------------------


@st.composite
def axes(draw, ndim, several=True):
    """None, an axis from either end, or a tuple of axes."""
    kinds = ["none"] + ["one"] * (ndim > 0) + ["tuple"] * (ndim > 0 and several)
    kind = draw(st.sampled_from(kinds))
    if kind == "none":
        return None
    if kind == "one":
        return draw(st.integers(-ndim, ndim - 1))
    chosen = draw(st.sets(st.integers(0, ndim - 1), min_size=1))
    return tuple(axis - draw(st.sampled_from([0, ndim])) for axis in chosen)


@st.composite
def reduction(draw, function, *, several=True, keepdims=True, low=-2.0, high=2.0, signs=False, options=None):
    shape = draw(small)
    axis = draw(axes(len(shape), several))
    extra = dict(draw(options)) if options is not None else {}
    if keepdims and draw(st.booleans()):
        extra["keepdims"] = draw(st.booleans())
    if draw(st.booleans()) or axis is None:
        return Case(lambda x: function(x, axis=axis, **extra), draw(values(shape, low=low, high=high, signs=signs)))
    return Case(lambda x: function(x, axis, **extra), draw(values(shape, low=low, high=high, signs=signs)))


@st.composite
def spreads(draw, function):
    """Variance and standard deviation of at least three entries, with ddof."""
    shape = draw(array_shapes(min_dims=1, max_dims=3, min_side=3, max_side=4))
    axis = draw(axes(len(shape)))
    extra = draw(st.sampled_from([{}, {"ddof": 1}, {"ddof": 0, "keepdims": True}, {"keepdims": True}]))
    return Case(lambda x: function(x, axis=axis, **extra), draw(values(shape)))


@st.composite
def prods(draw, function):
    case = draw(reduction(function, low=0.5, signs=True))
    x = case.arrays[0]
    if draw(st.booleans()):
        x.flat[:: draw(st.integers(1, 3))] = 0.0  # one factor that is zero, or several
    return case


@st.composite
def norms(draw, function):
    shape = draw(array_shapes(min_dims=1, max_dims=3, max_side=3))
    several = ["frobenius"] * (len(shape) == 2) + ["matrix"] * (len(shape) > 1)
    kind = draw(st.sampled_from(["plain", "axis", "kept", *several]))
    axis = draw(st.integers(-len(shape), len(shape) - 1))
    call = {
        "plain": lambda x: function(x),
        "axis": lambda x: function(x, axis=axis),
        "kept": lambda x: function(x, ord=2, axis=axis, keepdims=True),
        "frobenius": lambda x: function(x, "fro"),
        "matrix": lambda x: function(x, axis=(0, 1)),
    }[kind]
    return Case(call, draw(values(shape, low=0.2, signs=True)))


@st.composite
def along(draw, function, *, none=True, low=-2.0, high=2.0):
    shape = draw(lined)
    axis = draw(axes(len(shape), several=False).filter(lambda axis: none or axis is not None))
    return Case(lambda x: function(x, axis=axis), draw(values(shape, low=low, high=high)))


@st.composite
def winners(draw, function):
    shape = draw(lined)
    axis = draw(axes(len(shape)))
    kept = draw(st.booleans())
    return Case(
        lambda x: function(x, np.max(x, axis=axis, keepdims=kept), axis=axis, keepdims=kept), draw(values(shape))
    )


# ---- products --------------------------------------------------------------------------------------------------------

_MATRICES = [
    ((3,), (3,)), ((2, 3), (3,)), ((3,), (3, 4)), ((2, 3), (3, 4)), ((1, 3), (3, 1)),
]  # fmt: skip
_STACKS = [
    ((2, 2, 3), (3, 4)), ((2, 3), (4, 3, 2)), ((2, 2, 3), (2, 3, 4)), ((1, 2, 3), (4, 3, 2)), ((4, 2, 3), (1, 3, 2)),
    ((2, 1, 2, 3), (3, 3, 2)), ((3,), (2, 3, 4)), ((2, 2, 3), (3,)),
]  # fmt: skip


@st.composite
def product(draw, function, pairs):
    one, two = draw(st.sampled_from(pairs))
    x, y = draw(values(one, two))
    kind = draw(st.sampled_from(["both", "both", "left", "right", "list"]))
    if kind == "left":
        return Case(lambda x: function(x, y), [x])
    if kind == "right":
        return Case(lambda y: function(x, y), [y])
    if kind == "list":
        return Case(lambda x: function(x, y.tolist()), [x])
    return Case(function, [x, y])


@st.composite
def outers(draw, function):
    one, two = draw(array_shapes(min_dims=0, max_dims=2, max_side=3)), draw(array_shapes(max_dims=2, max_side=3))
    return Case(function, draw(values(one, two)))


_EQUATIONS = [
    ("ij,jk->ik", (2, 3), (3, 4)), ("ij,kj->ik", (2, 3), (4, 3)), ("ij,ij->", (2, 3), (2, 3)), ("i,j", (2,), (3,)),
    ("ij,jk", (2, 3), (3, 2)), ("ij->ji", (2, 3)), ("ijk->j", (2, 3, 2)), ("ij -> i", (3, 2)), ("ba", (2, 3)),
    ("nchw,fchw->nf", (2, 2, 1, 3), (3, 2, 1, 3)), ("i,ij,j->", (2,), (2, 3), (3,)),
    ("ij,jk,kl->il", (2, 2), (2, 3), (3, 2)),
    ("...ij,...jk->...ik", (2, 2, 3), (3, 4)), ("...j,j->...", (2, 2, 3), (3,)), ("i...,i...", (2, 3), (2, 3)),
    ("b...,b->b...", (2, 3, 2), (2,)), ("ij,k->ik", (2, 3), (2,)), ("...i->...", (2, 3)),
]  # fmt: skip


@st.composite
def einsums(draw, function):
    equation, *operands = draw(st.sampled_from(_EQUATIONS))
    options = draw(st.sampled_from([{}, {"optimize": True}]))
    return Case(lambda *xs: function(equation, *xs, **options), draw(values(*operands)))


_CONTRACTIONS = [
    (2, (2, 3, 2), (3, 2, 2)), (1, (2, 3), (3, 2)), (0, (2,), (3,)), (([1], [0]), (2, 3), (3, 2)),
    (([0, 1], [1, 0]), (2, 3, 2), (3, 2)), ((-1, -1), (2, 3), (4, 3)), (([2, 0], [0, 2]), (2, 1, 3), (3, 2, 2)),
    (((1, 2, 3), (1, 2, 3)), (2, 2, 1, 2), (3, 2, 1, 2)),
]  # fmt: skip


@st.composite
def tensordots(draw, function):
    contracted, one, two = draw(st.sampled_from(_CONTRACTIONS))
    return Case(lambda x, y: function(x, y, axes=contracted), draw(values(one, two)))


# ---- moving entries --------------------------------------------------------------------------------------------------


@st.composite
def reshapes(draw, function):
    shape = draw(small)
    size = prod(shape)
    rest = [n for n in (1, 2, 3) if size % n == 0]
    rows = draw(st.sampled_from(rest))
    new = draw(st.sampled_from([(rows, size // rows), (-1, rows), (-1,), size, (1, *shape), (rows, -1, 1)]))
    order = draw(st.sampled_from([None, (0,), "T"]))
    (x,) = draw(values(shape))
    if order == "T":  # of a transpose: NumPy has to copy
        return Case(lambda x: function(x.T, new), [x])
    return Case(lambda x: function(x, new), [x])


@st.composite
def transposes(draw, function):
    shape = draw(small)
    order = draw(st.permutations(range(len(shape))))
    order = tuple(axis - draw(st.sampled_from([0, len(shape)])) for axis in order)
    if draw(st.booleans()):
        return Case(lambda x: function(x), draw(values(shape)))
    return Case(lambda x: function(x, order), draw(values(shape)))


@st.composite
def two_axes(draw, function):
    shape = draw(array_shapes(min_dims=1, max_dims=4, max_side=3))
    axis = st.integers(-len(shape), len(shape) - 1)
    one, two = draw(axis), draw(axis)
    return Case(lambda x: function(x, one, two), draw(values(shape)))


@st.composite
def moved(draw, function):
    shape = draw(array_shapes(min_dims=2, max_dims=4, max_side=3))
    pairs = draw(st.sampled_from([(0, 1), (-1, 0), ((0, 1), (1, 0)), ((0, 1), (-1, -2))]))
    return Case(lambda x: function(x, *pairs), draw(values(shape)))


@st.composite
def expanded(draw, function):
    shape = draw(array_shapes(max_dims=3, max_side=3))
    axis = draw(st.sampled_from([0, 1, -1, (0, 2), (-1, 0)]))
    return Case(lambda x: function(x, axis), draw(values(shape)))


@st.composite
def squeezed(draw, function):
    shape = draw(st.sampled_from([(1, 3), (2, 1, 3), (1, 2, 1), (1,), (2, 3)]))
    ones = [axis for axis, n in enumerate(shape) if n == 1]
    axis = draw(st.sampled_from([None, *ones, *([tuple(ones)] if ones else [])]))
    return Case(lambda x: function(x, axis=axis), draw(values(shape)))


@st.composite
def broadcast(draw, function):
    (shape,), result = draw(mutually_broadcastable_shapes(num_shapes=1, base_shape=(2, 1, 3), max_dims=3, max_side=3))
    return Case(lambda x: function(x, result), draw(values(shape)))


@st.composite
def rolled(draw, function):
    shape = draw(array_shapes(min_dims=2, max_dims=3, max_side=3))
    shift, axis = draw(st.sampled_from([(1, None), (-2, 0), (1, -1), ((1, 2), (0, 1)), ((1, -1), (-1, 0))]))
    return Case(lambda x: function(x, shift, axis=axis), draw(values(shape)))


@st.composite
def padded(draw, function):
    shape = draw(array_shapes(min_dims=2, max_dims=2, max_side=3))
    width = draw(st.sampled_from([1, (1, 2), ((0, 1), (2, 0)), ((1, 1),), (2,)]))
    extra = draw(st.sampled_from([{}, {"mode": "constant"}, {"constant_values": 3.0}]))
    return Case(lambda x: function(x, width, **extra), draw(values(shape)))


@st.composite
def joined(draw, function, axis_of=None):
    count = draw(st.integers(1, 3))
    shape = list(draw(array_shapes(min_dims=1, max_dims=3, max_side=3)))
    axis = draw(st.sampled_from([0, -1, *([None] if axis_of is None else [])]))
    parts = []
    for _ in range(count):
        part = list(shape)
        if axis_of is None and axis is not None:
            part[axis] = draw(st.integers(1, 3))
        parts.append(tuple(part))
    parts = draw(values(*parts))
    kind = draw(st.sampled_from(["all", "one twice", "constant", "rows"]))
    if kind == "one twice":
        return Case(lambda x: function([x, x], axis=axis), parts[:1])
    if kind == "constant":
        return Case(lambda x: function((parts[0].tolist(), x), axis=axis), parts[-1:])
    if kind == "rows":
        return Case(lambda x: function(x), draw(values((2, 3))))
    return Case(lambda *xs: function(xs, axis=axis), parts)


@st.composite
def tiled(draw, function):
    shape = draw(array_shapes(max_dims=3, max_side=3))
    reps = draw(st.sampled_from([2, (2,), (2, 1), (1, 2, 2), (2, 1, 2, 1)]))
    return Case(lambda x: function(x, reps), draw(values(shape)))


@st.composite
def repeated(draw, function):
    repeats, axis = draw(st.sampled_from([(2, None), (3, 0), (2, -1), ([1, 0, 2], 0), ([2] * 6, None), ([1, 2], -1)]))
    return Case(lambda x: function(x, repeats, axis=axis), draw(values((3, 2))))


@st.composite
def triangles(draw, function):
    shape = draw(array_shapes(min_dims=1, max_dims=3, max_side=3))
    k = draw(st.sampled_from([0, 1, -1]))
    return Case(lambda x: function(x, k) if k else function(x), draw(values(shape)))


@st.composite
def picked_along(draw, function):
    axis = draw(st.sampled_from([0, 1, -1]))
    (x,) = draw(values((3, 4)))
    if draw(st.booleans()):
        return Case(lambda x: function(x, np.argsort(x, axis=axis), axis=axis), [x])
    indices = np.array([[0, 2, 2, 1]]) if axis == 0 else np.array([[0], [3], [3]])
    return Case(lambda x: function(x, indices, axis=axis), [x])


INDICES = [
    0, -1, slice(1, None), slice(None, None, -1), (slice(None), 1), (0, 2), (Ellipsis, 0), (None, slice(0, 2)),
    (slice(None), None), [0, 0, 2], np.array([2, 1, 1]), ([0, 0, 2], [1, 1, 3]), (slice(1, 3), [3, 3, 0]),
    (np.array([[0, 1], [1, 0]]),), (slice(None, None, 2), slice(None, None, -2)), np.array([True, False, True]),
    (np.array([True, False, True]), 1), ([[0], [2]], [1, 1]), slice(3, 1),
]  # fmt: skip


@st.composite
def indexed(draw, function):
    shape = draw(st.sampled_from([(3, 4), (3, 4, 2)]))
    index = draw(st.sampled_from([*INDICES, "mask", "columns"]))
    if isinstance(index, str):
        if index == "mask":
            return Case(lambda x: function(x, x > 0), draw(values(shape)))
        return Case(lambda x: function(x, (np.arange(3), np.argmax(x, axis=1)[..., 0] if x.ndim > 2 else [0, 0, 1])),
                    draw(values(shape)))  # fmt: skip
    return Case(lambda x: function(x, index), draw(values(shape)))


@st.composite
def put_back(draw, function):
    shape = (3, 4)
    index = draw(st.sampled_from(INDICES))
    return Case(lambda g: function(g, index, shape), draw(values(np.empty(shape)[index].shape)))


@st.composite
def written(draw, function):
    shape = (3, 4)
    index = draw(st.sampled_from([*INDICES, ([0, 2, 0], [1, 1, 1])]))
    part = np.empty(shape)[index].shape
    if draw(st.booleans()):
        part = part[1:]  # broadcast into its place
    return Case(lambda x, value: function(x, value, index), draw(values(shape, part)))


@st.composite
def rewritten(draw, function):
    index = draw(st.sampled_from([*INDICES, ([0, 2, 0], [1, 1, 1])]))
    part = np.empty((3, 4))[index].shape
    return Case(lambda value: function(value, index, (3, 4)), draw(values(part)))


@st.composite
def images(draw, function, back=False):
    window = draw(st.sampled_from([1, 2, (1, 2), (2, 3)]))
    stride = draw(st.sampled_from([1, 2, (1, 2)]))
    pad = draw(st.sampled_from([0, 1, (0, 1)]))
    shape = (2, draw(st.integers(1, 2)), draw(st.integers(3, 4)), draw(st.integers(3, 5)))
    if not back:
        return Case(lambda x: function(x, window, stride=stride, pad=pad), draw(values(shape)))
    columns = windows.im2col(np.zeros(shape), window, stride, pad).shape
    return Case(lambda x: function(x, shape, window, stride=stride, pad=pad), draw(values(columns)))


@st.composite
def slid(draw, function, back=False):
    window, axis = draw(st.sampled_from([((2, 2), (0, 2)), (2, 1), (3, -1), ((1, 2, 2), None)]))
    shape = (2, 3, 4)
    if not back:
        return Case(lambda x: function(x, window, axis), draw(values(shape)))
    result = sliding_window_view(np.zeros(shape), window, axis).shape
    return Case(lambda x: function(x, shape, window, axis), draw(values(result)))


@st.composite
def cast(draw, function):
    dtype = draw(st.sampled_from([np.float64, float, "float64"]))
    return Case(lambda x: function(x, dtype), draw(values(draw(small))))


@st.composite
def fixed(draw, *calls, low=-2.0, high=2.0):
    """One of a few calls, each with the shapes of its arrays."""
    call, *its_shapes = draw(st.sampled_from(calls))
    return Case(call, draw(values(*its_shapes, low=low, high=high)))


# ---- the table -------------------------------------------------------------------------------------------------------

_ANY_SIGN = {"low": 0.2, "signs": True}
_UNARY = {
    np.negative: {}, np.positive: {}, np.square: {}, np.exp: {}, np.exp2: {}, np.expm1: {}, np.sin: {}, np.cos: {},
    np.tan: {"low": -1.0, "high": 1.0}, np.sinh: {}, np.cosh: {}, np.tanh: {}, np.arctan: {}, np.arcsinh: {},
    np.sqrt: {"low": 0.3}, np.cbrt: _ANY_SIGN, np.reciprocal: _ANY_SIGN, np.log: {"low": 0.3}, np.log2: {"low": 0.3},
    np.log10: {"low": 0.3}, np.log1p: {"low": -0.6}, np.arcsin: {"low": -0.9, "high": 0.9},
    np.arccos: {"low": -0.9, "high": 0.9}, np.arctanh: {"low": -0.9, "high": 0.9}, np.arccosh: {"low": 1.2},
    np.absolute: _ANY_SIGN, np.fabs: _ANY_SIGN, np.copy: {}, shapes.identity: {}, np.ravel: {},
    np.sign: _ANY_SIGN, np.floor: {}, np.ceil: {}, np.rint: {}, np.trunc: {}, np.round: {}, np.around: {},
    np.logical_not: {}, np.isfinite: {}, np.isnan: {}, np.isinf: {},
}  # fmt: skip
_POSITIVE = {"right": (0.3, 2.0)}

WIDE = np.array([[9.0, 1.0, 0.0], [0.0, 17.0, 1.0], [1.0, 0.0, 33.0]])  # its singular values are far apart

# fmt: off
TABLE = {
    **{function: unary(function, **options) for function, options in _UNARY.items()},
    np.invert: fixed((lambda x: np.invert(x > 0), (2, 3)), (lambda x: ~(x < 1), ())),
    np.add: st.one_of(binary(np.add), binary(operator.add)),
    np.subtract: st.one_of(binary(np.subtract), binary(operator.sub)),
    np.multiply: st.one_of(binary(np.multiply), binary(operator.mul)),
    np.divide: st.one_of(binary(np.divide, **_POSITIVE), binary(operator.truediv, left=(0.3, 2.0), **_POSITIVE)),
    np.power: powers(np.power),
    operator.pow: powers(operator.pow),
    elementwise._power: powers(operator.pow),
    np.logaddexp: binary(np.logaddexp),
    np.hypot: binary(np.hypot, left=(0.3, 2.0)),
    np.arctan2: binary(np.arctan2, left=(0.3, 2.0), right=(0.3, 2.0), signs=True),
    np.maximum: binary(np.maximum),
    np.minimum: binary(np.minimum),
    np.fmax: binary(np.fmax),
    np.fmin: binary(np.fmin),
    np.remainder: st.one_of(binary(np.remainder, right=(0.5, 0.9), signs=True), binary(operator.mod, **_POSITIVE)),
    np.floor_divide: st.one_of(binary(np.floor_divide, **_POSITIVE), binary(operator.floordiv, **_POSITIVE)),
    **{f: binary(f) for f in (np.greater, np.greater_equal, np.less, np.less_equal, np.equal, np.not_equal)},
    **{f: binary(f) for f in (np.logical_and, np.logical_or, np.logical_xor)},
    **{f: fixed((of(f), (2, 3), (3,)), (of(f), (), (2,))) for f in (np.bitwise_and, np.bitwise_or, np.bitwise_xor)},
    np.where: switch(np.where),
    np.clip: clips(np.clip),
    # products
    np.matmul: st.one_of(product(np.matmul, _MATRICES + _STACKS), product(operator.matmul, _MATRICES + _STACKS)),
    products.dot: product(np.dot, _MATRICES + _STACKS[:1] + _STACKS[6:]),
    np.dot: product(np.dot, [*_MATRICES, *_STACKS, ((), (2, 3)), ((2, 3), ()), ((), ())]),
    products.dot_stacks: product(products.dot_stacks, [((2, 3), (2, 3, 4)), ((2, 2, 3), (2, 3, 2))]),
    np.outer: outers(np.outer),
    np.einsum: einsums(np.einsum),
    np.tensordot: tensordots(np.tensordot),
    # reductions
    np.sum: st.one_of(reduction(np.sum), reduction(lambda x, *a, **k: x.sum(*a, **k))),
    np.mean: st.one_of(reduction(np.mean), reduction(lambda x, *a, **k: x.mean(*a, **k))),
    np.var: spreads(np.var),
    np.std: spreads(np.std),
    np.max: reduction(np.max),
    np.min: reduction(np.min),
    np.prod: prods(np.prod),
    running.others: reduction(running.others, keepdims=False),
    reductions.first_winner: winners(reductions.first_winner),
    np.cumsum: along(np.cumsum),
    np.linalg.norm: norms(np.linalg.norm),
    np.argmax: along(np.argmax),
    np.argmin: along(np.argmin),
    np.argsort: along(np.argsort),
    np.any: reduction(np.any),
    np.all: reduction(np.all),
    np.count_nonzero: reduction(np.count_nonzero),
    # moving entries
    np.reshape: st.one_of(reshapes(np.reshape), reshapes(lambda x, new: x.reshape(new))),
    np.transpose: st.one_of(transposes(np.transpose), transposes(lambda x, *order: x.transpose(*order))),
    np.swapaxes: two_axes(np.swapaxes),
    np.moveaxis: moved(np.moveaxis),
    np.expand_dims: expanded(np.expand_dims),
    np.squeeze: squeezed(np.squeeze),
    np.broadcast_to: broadcast(np.broadcast_to),
    np.flip: reduction(np.flip, keepdims=False),
    np.roll: rolled(np.roll),
    shapes.astype: cast(shapes.astype),
    shapes.stop_gradient: fixed((lambda x: shapes.stop_gradient(np.round(x)) * x, (2, 3))),
    shapes.take: indexed(lambda x, index: x[index]),
    shapes.put: put_back(shapes.put),
    stores.stored: written(stores.stored),
    stores.added: written(stores.added),
    stores.last_writes: rewritten(stores.last_writes),
    np.pad: padded(np.pad),
    np.concatenate: joined(np.concatenate),
    np.stack: joined(np.stack, axis_of="new"),
    np.tile: tiled(np.tile),
    np.repeat: repeated(np.repeat),
    np.triu: triangles(np.triu),
    np.tril: triangles(np.tril),
    np.take_along_axis: picked_along(np.take_along_axis),
    picked.put_along: fixed(
        (lambda x: picked.put_along(x, np.array([[0, 2, 2, 1]]), (3, 4), axis=0), (1, 4)),
        (lambda x: picked.put_along(x, np.array([[0], [3], [3]]), (3, 4), axis=1), (3, 1)),
        (lambda x: picked.put_along(x, np.array([1, 5, 1]), (2, 4), axis=None), (3,)),
    ),
    picked.running_winner: fixed(
        (lambda x: picked.running_winner(x, np.maximum.accumulate(x, axis=1), axis=1), (2, 4)),
        (lambda x: picked.running_winner(x, np.minimum.accumulate(x)), (4, 2)),
    ),
    **{f: fixed((lambda x, f=f: f(x), (4, 2)), (lambda x, f=f: f(x, axis=-1), (2, 4)))
       for f in (picked.running_max, picked.running_min, picked.running_lse)},
    picked.lse: fixed((picked.lse, (3, 2)), (lambda x: picked.lse(x, axis=-1, keepdims=True), (2, 3)),
                     (lambda x: picked.lse(x, axis=None), (2, 3))),
    picked.sums_from: fixed((lambda x: picked.sums_from(x, [0, 2, 1]), (4, 2)),
                            (lambda x: picked.sums_from(x, [1, 1, 3], axis=-1), (2, 4))),
    picked.handed_out: fixed((lambda x: picked.handed_out(x, [0, 2, 1], 4), (3, 2)),
                             (lambda x: picked.handed_out(x, [1, 1, 3], 5, axis=1), (2, 3))),
    reductions.how_many: fixed(
        (lambda x: reductions.how_many(x, np.array([True, False, True]), axis=1), (2, 3))
    ),
    factors.one_over_gaps: fixed((lambda x: factors.one_over_gaps(x + np.array([0.0, 5.0, 10.0])), (3,)),
                                 (lambda x: factors.one_over_gaps(x + np.array([0.0, 5.0])), (3, 2))),
    **{f: fixed((lambda x, f=f: np.abs(f(x + 8 * np.diag([1.0, 2.0, 3.0]))), (3, 3)))
       for f in (factors.eigenvalues, factors.eigenvectors)},
    **{f: fixed(*((lambda x, f=f: np.abs(f(x + WIDE[: x.shape[0], : x.shape[1]], full_matrices=False)), shape)
                  for shape in ((3, 3), (2, 3), (3, 2))))
       for f in (factors.left_vectors, factors.singular_values, factors.right_vectors)},
    factors.values_alone: fixed((lambda x: factors.values_alone(x + WIDE), (3, 3))),
    **{f: fixed((lambda x, f=f: f(x + WIDE[:, :2]), (3, 2)), (lambda x, f=f: f(x + WIDE), (3, 3)))
       for f in (factors.q_factor, factors.r_factor)},
    factors.least_squares: fixed(
        (lambda x, y: factors.least_squares(x + WIDE[:, :2], y), (3, 2), (3,)),
        (lambda x, y: factors.least_squares(x + WIDE[:2], y), (2, 3), (2, 2)),
    ),
    factors.squares_left: fixed((lambda x, y: factors.squares_left(x + WIDE[:, :2], y), (3, 2), (3, 2))),
    joining.unpadded: fixed(
        *((lambda x, mode=mode: joining.unpadded(x, ((1, 0), (2, 1)), (3, 4), mode=mode), (4, 7))
          for mode in ("edge", "reflect", "wrap"))
    ),
    joining.put_diagonal: fixed(
        (lambda x: joining.put_diagonal(x, (3, 4)), (3,)),
        (lambda x: joining.put_diagonal(x, (3, 2, 3), offset=1, axis1=0, axis2=2), (2, 2)),
    ),
    sorting.rank_weights: fixed((lambda x: sorting.rank_weights(x, 0.3, axis=1), (2, 4)),
                                (lambda x: sorting.rank_weights(x, [0.3, 0.6]), (2, 4))),
    signals.segment: fixed((lambda x: signals.segment(x, [-1.0, 0.3, 0.6]), (2, 4))),
    windows.im2col: images(windows.im2col),
    windows.col2im: images(windows.col2im, back=True),
    sliding_window_view: slid(sliding_window_view),
    windows.add_windows: slid(windows.add_windows, back=True),
    # composites
    np.vstack: fixed((lambda x, y: np.vstack([x, y]), (2, 3), (3,)), (lambda x, y: np.vstack((x, y)), (2,), (2,))),
    np.hstack: fixed((lambda x, y: np.hstack([x, y]), (2, 3), (2, 1)), (lambda x, y: np.hstack([x, y]), (2,), ())),
    np.column_stack: fixed((lambda x, y: np.column_stack([x, y]), (3,), (3, 2))),
    np.split: fixed((lambda x: np.split(x, 2, axis=1)[1], (2, 4)), (lambda x: np.split(x, [1, 3])[1], (4, 2))),
    np.array_split: fixed((lambda x: np.array_split(x, 3)[2], (4, 2)), (lambda x: np.array_split(x, 2, 1)[0], (1, 3))),
    np.average: fixed(
        (lambda x: np.average(x, axis=0), (2, 3)), (lambda x, y: np.average(x, weights=y), (2, 3), (2, 3)),
        (lambda x, y: np.average(x, axis=1, weights=y), (2, 3), (3,)),
        (lambda x, y: np.average(x, 0, y, keepdims=True), (2, 3), (2,)), low=0.2,
    ),
    np.inner: fixed((np.inner, (3,), (3,)), (np.inner, (2, 3), (4, 3))),
    np.vdot: fixed((np.vdot, (2, 3), (2, 3))),
    np.diagonal: fixed((np.diagonal, (3, 4)), (lambda x: np.diagonal(x, -1), (3, 4)),
                       (lambda x: x.diagonal(2), (3, 4))),
    np.trace: fixed((np.trace, (3, 4)), (lambda x: x.trace(1), (3, 4))),
    np.ptp: fixed((np.ptp, (2, 3)), (lambda x: np.ptp(x, axis=0, keepdims=True), (2, 3))),
    np.diff: fixed((np.diff, (2, 4)), (lambda x: np.diff(x, n=2, axis=0), (4, 2))),
    np.full_like: fixed((lambda x, y: x * np.full_like(x, y), (2, 3), ()), (lambda x: x + np.full_like(x, 2), (2,))),
    np.append: fixed((lambda x, y: np.append(x, y), (2, 2), (3,)),
                     (lambda x, y: np.append(x, y, axis=0), (1, 2), (2, 2))),
    np.rollaxis: fixed((lambda x: np.rollaxis(x, 2), (2, 3, 4)), (lambda x: np.rollaxis(x, 0, 3), (2, 3, 4)),
                       (lambda x: np.rollaxis(x, -1, 1), (2, 3, 4))),
    np.rot90: fixed(*((lambda x, k=k: np.rot90(x, k), (2, 3)) for k in range(-3, 7)),
                    (lambda x: np.rot90(x, 1, axes=(1, 2)), (2, 2, 3))),
    np.flipud: fixed((np.flipud, (2, 3))),
    np.fliplr: fixed((np.fliplr, (2, 3))),
    np.sort: along(np.sort, none=False),
    np.broadcast_arrays: fixed((lambda x, y: np.multiply(*np.broadcast_arrays(x, y)), (2, 1), (3,))),
    np.atleast_1d: fixed((np.atleast_1d, ()), (np.atleast_1d, (2,))),
    np.atleast_2d: fixed((np.atleast_2d, ()), (np.atleast_2d, (3,)), (np.atleast_2d, (2, 3))),
    np.take: fixed((lambda x: np.take(x, [0, 4, 4]), (2, 3)), (lambda x: x.take([1, 1], axis=-1), (2, 3))),
}
# fmt: on


@st.composite
def spelled(draw, name):
    """One of the spellings that use a function, on arrays of a random seed."""
    block, function = draw(st.sampled_from(_spellings(name)))
    names = function.__code__.co_varnames[: function.__code__.co_argcount]
    arrays = block.arrays(seed=draw(st.integers(0, 2**16)))
    return Case(function, [arrays[name] for name in names])


@functools.cache
def _spellings(name):
    found = [
        (block, function)
        for block in BLOCKS
        for text, function in block.functions()
        if f"{name}(" in text and "float32" not in text and not refused(block, function)
    ]
    assert found, f"no spelling of {name}"
    return found


def refused(block, function):
    names = function.__code__.co_varnames[: function.__code__.co_argcount]
    arrays = block.arrays()
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            t = bp.trace(function, **{name: arrays[name] for name in names})
            t.backward(np.ones(t.output.shape))
    except bp.BackpropvizError:
        return True
    return len(t.upstream) > 1 or t.output.dtype.kind not in "fbi" or not np.isfinite(t.output).all()


def called(key):
    return (
        PRIMITIVES[key].call
        if key in PRIMITIVES
        else f"{key.__module__ or 'numpy'}.{key.__name__}".replace("numpy", "np")
    )


TABLE |= {
    key: spelled(called(key)) for key in (*PRIMITIVES, *COMPOSITES) if key not in TABLE and not hasattr(key, "vjp")
}

FLAT = {
    np.sign, np.floor, np.ceil, np.rint, np.trunc, np.round, np.around, np.logical_not, np.isfinite, np.isnan, np.isinf,
    np.invert, np.floor_divide, np.greater, np.greater_equal, np.less, np.less_equal, np.equal, np.not_equal,
    np.logical_and, np.logical_or, np.logical_xor, np.bitwise_and, np.bitwise_or, np.bitwise_xor, np.argmax, np.argmin,
    np.argsort, np.any, np.all, np.count_nonzero, reductions.first_winner,
    sorting.rank_weights, signals.segment, picked.running_winner, reductions.how_many,
}  # fmt: skip
"""No gradient comes back through these."""

ANALYTIC = {
    np.negative, np.positive, np.square, np.exp, np.exp2, np.expm1, np.sin, np.cos, np.tan, np.sinh, np.cosh, np.tanh,
    np.arctan, np.arcsinh, np.sqrt, np.reciprocal, np.log, np.log2, np.log10, np.log1p, np.arcsin, np.arccos,
    np.arctanh, np.arccosh, np.copy, np.ravel, np.add, np.subtract, np.multiply, np.divide, np.power, operator.pow,
    np.matmul, np.dot, np.outer, np.einsum, np.tensordot, np.sum, np.mean, np.prod, np.cumsum, np.reshape, np.transpose,
    np.swapaxes, np.moveaxis, np.expand_dims, np.squeeze, np.broadcast_to, np.flip, np.roll, np.pad, np.concatenate,
    np.stack, np.tile, np.repeat, np.triu, np.tril, running.others, windows.im2col, windows.col2im, np.vstack,
    np.hstack, np.column_stack, np.average, np.inner, np.diagonal, np.trace, np.diff, np.rot90, np.take, shapes.put,
    sliding_window_view, windows.add_windows,
}  # fmt: skip
"""NumPy computes these for complex numbers, too, as analytic functions."""
