"""Loops that end by a test on values: how often they run is taken from the sample."""

import numpy as np

from tests.loops import of_shapes


def newton_tol(a):
    x = a
    err = 1.0
    while err > 1e-6:
        new = 0.5 * (x + a / x)
        err = np.max(np.abs(new - x))
        x = new
    return x


def newton_break(a, *, maxiter=50):
    x = a
    for k in range(maxiter):
        step = (x * x - a) / (2 * x)
        x = x - step
        if np.max(np.abs(step)) < 1e-8:
            break
    return x


def while_both(a, *, maxiter=20):
    x = a
    k = 0
    step = 1.0
    while k < maxiter and np.max(np.abs(step)) > 1e-6:
        step = (x * x - a) / (2 * x)
        x = x - step
        k += 1
    return x


def while_true(a):
    x = a
    while True:
        new = 0.5 * (x + a / x)
        if np.max(np.abs(new - x)) < 1e-8:
            break
        x = new
    return x


CASES = {
    newton_tol: of_shapes(a=((3,), (2, 4), (5, 3))),
    newton_break: of_shapes(a=((3,), (2, 4), (5, 3))),
    while_both: of_shapes(a=((3,), (2, 4), (5, 3))),
    while_true: of_shapes(a=((3,), (2, 4), (5, 3))),
}
