"""Operators, ufuncs with keywords, and values changed in place. The shapes of the inputs stand in the docstrings."""

import numpy as np


def operators_in_place(x, y):
    """x: N, D; y: D"""
    out = x.copy()
    out += y
    out *= x
    out -= 1
    out /= 2
    out **= 2
    return out


def ufunc_out(x, y):
    """x: N, D; y: N, D"""
    out = np.empty_like(x)
    np.multiply(x, y, out=out)
    np.add(out, x, out)
    np.tanh(out, out=out)
    return out


def ufunc_where(x):
    """x: N, D"""
    out = np.zeros_like(x)
    np.log(x, out=out, where=x > 0.1)
    return out * x


def divide_where(x, y):
    """x: N, D; y: N, D"""
    ratio = np.divide(x, y, out=np.zeros_like(x), where=np.abs(y) > 0.3)
    return ratio + x


def add_where_onto(x, y):
    """x: N, D; y: N, D"""
    out = x.copy()
    np.add(out, y, out=out, where=y > 0)
    return out**2


def maximum_out_argument(x):
    """x: N, D"""
    h = x * 2
    np.maximum(h, 0, h)
    return h @ h.T


def outer_product(x, y):
    """x: N; y: D"""
    d = np.subtract.outer(x, y)
    m = np.maximum.outer(x, y)
    return d**2 + m


def outer_of_matrices(x, y):
    """x: N, D; y: C"""
    return np.multiply.outer(x, y).sum(axis=0)


def powers(x):
    """x: N, D"""
    return np.power(np.abs(x) + 0.1, 1.5) + x**3 - 2.0**x + x ** np.arange(1, 1 + x.shape[1])


def float_power_and_roots(x):
    """x: N, D"""
    p = np.float_power(np.abs(x) + 0.2, 0.3)
    return np.cbrt(p) + np.sqrt(p) - np.reciprocal(p + 1)


def remainders(x):
    """x: N, D"""
    whole, part = np.divmod(x * 3, 1.3)
    return part * x + np.mod(x, 0.7) + np.fmod(x, 0.9) + whole


def modf_and_frexp(x):
    """x: N, D"""
    part, whole = np.modf(3 * x)
    return part**2 + whole * x


def logarithms(x):
    """x: N, D"""
    y = np.abs(x) + 0.5
    return np.log2(y) + np.log10(y) * np.log1p(y) - np.exp2(-y) + np.logaddexp2(x, y)


def hyperbolics(x):
    """x: N, D"""
    return np.arctanh(np.tanh(x) * 0.9) + np.arcsinh(x) * np.cosh(x) - np.sinh(x) / np.arccosh(2 + x**2)


def angles(x, y):
    """x: N, D; y: N, D"""
    turn = np.arctan2(x, y)
    return np.deg2rad(np.rad2deg(turn)) * np.hypot(x, y) + np.unwrap(turn, axis=1)


def signs_and_steps(x):
    """x: N, D"""
    return np.copysign(np.sqrt(np.abs(x)), x) + np.heaviside(x, 0.5) * x - np.sign(x) * x


def extremes(x, y):
    """x: N, D; y: D"""
    return np.fmax(x, y) * np.fmin(x, 1.0) - np.maximum(np.minimum(x, y), -1)


def nan_to_number(x):
    """x: N, D"""
    with np.errstate(divide="ignore", invalid="ignore"):
        r = np.nan_to_num(np.log(x), nan=0.0, posinf=1.0, neginf=-1.0)
    return r * x


def sinc_and_i0(x):
    """x: N, D"""
    return np.sinc(x) * x


def chained_comparison(x):
    """x: N, D"""
    inside = (x > -1) & ~(x > 1) | (x > 5)
    return x * inside + np.logical_not(inside) * x**2 * np.logical_and(x > 0, x < 9)


def integer_arithmetic(x):
    """x: N, D"""
    n = np.int64(x.shape[0])
    half = x.shape[1] // 2
    return x[:, :half].sum(axis=1, keepdims=True) / n + x * (half % 2)


def float32_inside(x):
    """x: N, D"""
    y = x.astype(np.float64, copy=True)
    return (y * np.float64(2)).astype(x.dtype)


def scalars_out(x):
    """x: N, D"""
    s = float(x.shape[0]) * x.sum().item() if False else x.sum() * x.shape[0]
    return s / x.size


def polynomials(x):
    """x: N, D"""
    return np.polyval([0.5, -1.0, 2.0, 0.1], x) * np.polynomial.polynomial.polyval(x, [1.0, 0.5])


def walrus_and_ternary(x):
    """x: N, D"""
    y = x / n if (n := x.shape[0]) > 2 else x * n
    return y if y.ndim == 2 else y[None]


def helper_with_defaults(x, y):
    """x: N, D; y: N, D"""

    def swish(v, /, beta=1.0, *, shift=0.0):
        return (v - shift) / (1 + np.exp(-beta * v))

    return swish(x, 2.0) + swish(y, shift=0.5)


def star_arguments(x, y):
    """x: N, D; y: N, D"""
    parts = [x, y, x * y]
    a, *rest = parts
    total = np.sum([*rest, a], axis=0)
    return np.add(*parts[:2]) * total


def functions_in_a_table(x):
    """x: N, D"""
    table = {"relu": lambda v: np.maximum(v, 0), "tanh": np.tanh}
    for name in ("tanh", "relu"):
        x = table[name](x) + x
    return x


def functools_reduce(x):
    """x: N, D"""
    import functools

    return functools.reduce(np.multiply, [x, x + 1, x + 2])


def augmented_slices(x, y):
    """x: N, D; y: D"""
    out = np.zeros((x.shape[0] + 1, x.shape[1]))
    out[1:] += x
    out[:-1] -= x * y
    out[0, 0] *= 4
    return out


def list_filled(x, w):
    """x: N, D; w: D, D"""
    hs = []
    h = np.zeros(x.shape[1])
    for row in x:
        h = np.tanh(row + h @ w)
        hs.append(h)
    return np.asarray(hs)


def matrix_loop_of_entries(x):
    """x: N, D"""
    out = np.zeros(x.shape)
    for (i, j), v in np.ndenumerate(x):
        out[i, j] = v * v if v > 0 else 0.5 * v
    return out


def iterated_transpose(x):
    """x: N, D"""
    return np.array([c / np.sqrt(c @ c) for c in x.T]).T
