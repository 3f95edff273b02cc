"""Every spelling of a call does on traced values what it does on plain arrays, or is refused in a sentence.

Forward to the bit, in shape and dtype; the gradient against central differences, with a random upstream; derived code
is run, and the backward pass is swept again. Where plain NumPy fails, its own error comes out.
"""

import contextlib
import inspect

import numpy as np
import pytest

import backpropviz as bp
from backpropviz.code.straight import listing
from backpropviz.engine.verifying import record
from backpropviz.errors import LayerError, TraceError
from tests.oracle import assert_close, central, second_order
from tests.spellings import BLOCKS, REFUSED

CASES = [(block, kind) for block in BLOCKS for kind in ("", *block.kinds)]


class OtherwiseError(AssertionError):
    """A spelling does something else on traced values."""


def claim(true, seen):
    if not true:
        raise OtherwiseError(seen)


def on_plain_arrays(function, arrays):
    """What a function returns (of several results the first), and the error that it raises."""
    failure = None
    for given in ([x[()] for x in arrays], arrays):  # single numbers as NumPy hands them out; or as arrays
        try:
            result = function(*given)
            return np.asarray(result[0] if isinstance(result, tuple | list) else result), None
        except Exception as error:
            failure = failure or error
    return None, failure


def same_bits(actual, expected):
    if actual.dtype.kind not in "fc":
        return np.array_equal(actual, expected)
    signs = [np.signbit(np.where(np.isnan(part), 1, part)) for x in (actual, expected) for part in (x.real, x.imag)]
    return np.array_equal(actual, expected, equal_nan=True) and all(map(np.array_equal, signs[:2], signs[2:]))


def recorded(function, arrays):
    """The trace, what plain NumPy returns, and the refusal; no trace of what is refused, or made of nothing traced."""
    names = function.__code__.co_varnames
    expected, failure = on_plain_arrays(function, arrays)
    try:
        t = record(function, dict(zip(names, arrays)), {}, verify=True)  # `bp.trace` takes whole numbers as floats
    except LayerError as error:
        constant = any(words in error.seen for words in ("no value computed from its inputs", "takes no inputs"))
        claim(failure is not None or constant, f"fails on traced values alone: {error}")
        own = constant or arrays[0].ndim == 0 or type(failure).__name__ in error.seen
        claim(own, f"{error}; not {failure!r}")
        return None, expected, None
    except TraceError as error:
        claim(failure is None or "no gradient here" in error.seen, f"{error}; not {failure!r}")
        claim(error.fix or ";" in error.seen, f"no advice: {error}")
        claim("it would give other values" not in error.seen, f"computed in another way: {error}")
        return None, expected, error
    claim(failure is None, f"works where NumPy raises {failure!r}")
    claim(t.output.dtype == expected.dtype, f"{t.output.dtype}, not {expected.dtype}")
    claim(t.output.shape == expected.shape, f"{t.output.shape}, not {expected.shape}")
    claim(same_bits(t.output, expected), "other values")
    return t, expected, None


def check(function, arrays, deep=True):
    """Hold a spelling against plain NumPy, with `deep` its derived code, too; returns the refusal, if it was one.

    Raises:
        OtherwiseError: what is different.
    """
    names = function.__code__.co_varnames[: function.__code__.co_argcount]
    arrays = [arrays[name] for name in names]
    t, expected, refusal = recorded(function, arrays)
    if t is None or t.output.dtype.kind != "f":
        return refusal
    upstream = np.asarray(np.random.default_rng(1).standard_normal(expected.shape), dtype=expected.dtype)
    try:
        t.backward(upstream)
    except TraceError as error:
        claim(error.fix or ";" in error.seen, f"no advice: {error}")
        return error
    if not t.grad:
        return None
    against_numbers(t, function, arrays, upstream)
    if not deep:
        return None
    single = expected.dtype == np.float32
    code = listing(t)
    space = {}
    exec(compile(str(code), "<derived>", "exec"), space)
    returned = space[code.name](upstream, *arrays, **code.constants)
    for name, gradient in zip(t.grad, returned if isinstance(returned, tuple) else (returned,)):
        claim(np.allclose(gradient, t.grad[name], 1e-5 if single else 1e-12, 1e-6, equal_nan=True), f"derived {code}")
    with contextlib.suppress(TraceError, LayerError):  # called from a lambda, it is not instrumented
        second_order(function, arrays, upstream, [np.ones(x.shape) for x in arrays])
    return None


def against_numbers(t, function, arrays, upstream):
    """The gradients of a trace against central differences; in single precision against those in double precision."""
    if not np.isfinite(t.output).all() or ("std" in inspect.getsource(function) and arrays[0].ndim == 0):
        return
    double = None
    if any(x.dtype == np.float32 for x in arrays):
        double = bp.trace(function, **{name: np.asarray(x, dtype=float) for name, x in zip(t.inputs, arrays)})
        double.backward(np.asarray(upstream, dtype=double.output.dtype))
    coarse = "float32" in inspect.getsource(function)
    for position, name in enumerate(t.inputs):
        if name not in t.grad:
            continue
        if double is not None:
            other = double.grad[name]
        else:
            other = central(lambda *xs: function(*xs), arrays, position, upstream, h=1e-3 if coarse else 1e-6)
        rtol = 1e-4 if double is not None else 3e-2 if coarse else 2e-6
        assert_close(t.grad[name], other, rtol=rtol, scale=np.abs(upstream).max(initial=0.0))


@pytest.mark.costly
@pytest.mark.parametrize(("block", "kind"), CASES, ids=lambda v: getattr(v, "name", v or "floats"))
@pytest.mark.filterwarnings("ignore")
def test_every_spelling_does_as_numpy_does(block, kind):
    """Those that are refused are the ones that are known to be: an operation that no longer works is none of them."""
    wrong, refused, functions = [], [], block.functions()
    arrays = block.arrays(kind)
    for text, function in functions:
        try:
            with np.errstate(all="ignore"):
                refusal = check(function, arrays, deep=kind not in ("float32", "fortran"))
            refused += [text] * (refusal is not None)
        except Exception as error:
            wrong.append(f"{text}: {type(error).__name__}: {str(error)[:300]}")
    assert not wrong, f"{len(wrong)} of {len(functions)}:\n" + "\n".join(wrong)
    if not kind:
        assert {*refused} == REFUSED & {text for text, _ in functions}
