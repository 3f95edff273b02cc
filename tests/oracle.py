"""Derivatives by means that share nothing with the engine: central differences and complex steps on bare NumPy."""

import numpy as np

from backpropviz.engine.backward import sweep
from backpropviz.engine.tape import Tape
from backpropviz.engine.verifying import record

_OF = {
    1: lambda f: lambda x: f(x),
    2: lambda f: lambda x, y: f(x, y),
    3: lambda f: lambda x, y, z: f(x, y, z),
}


def trace(f, *arrays):
    """`f` of one to three arrays, recorded."""
    return record(_OF[len(arrays)](f), dict(zip("xyz", arrays)), {})


def gradients(f, arrays, upstream):
    """The traced gradients of sum(upstream * f(*arrays)); zeros for an array that gets none."""
    t = trace(f, *arrays)
    t.backward(upstream)
    return [t.grad.get(name, np.zeros_like(x)) for name, x in zip("xyz", arrays)]


def central(f, arrays, position, upstream, h=1e-6):
    """The gradient of sum(upstream * f(*arrays)) with respect to one array, entry by entry."""
    x = arrays[position]
    gradient = np.zeros(x.shape)
    for index in np.ndindex(x.shape):
        change = 0.0
        for sign in (1, -1):
            moved = x.copy(order="K")
            moved[index] += sign * h
            # as numbers: a flat or Boolean result moves by whole steps or not at all
            out = np.asarray(f(*arrays[:position], moved, *arrays[position + 1 :]), dtype=float)
            change = change + sign * out
        gradient[index] = np.sum(upstream * change) / (2 * h)
    return gradient


def complex_step(f, arrays, position, upstream):
    """The same for an analytic function, to the last digits: the imaginary part of f(x + 1e-30j)."""
    x = arrays[position]
    gradient = np.zeros(x.shape)
    for index in np.ndindex(x.shape):
        moved = x.astype(complex)
        moved[index] += 1e-30j
        out = f(*arrays[:position], moved, *arrays[position + 1 :])
        gradient[index] = np.sum(upstream * np.imag(out)) / 1e-30
    return gradient


def second_order(f, arrays, upstream, directions):
    """The gradient of the gradient, by sweeping over the graph of the first sweep.

    Takes the scalar s = sum of directions[i] * (gradient of arrays[i]), and returns s, and its gradients with respect
    to every array and to `upstream`.
    """
    t = trace(f, *arrays)
    t.backward(upstream)
    dout = t.upstream[t.outputs[0]]
    tape = Tape()
    targets = {}
    s = 0.0
    for name, v in zip("xyz", directions):
        node = t[name].gradient
        if node is not None:
            s += float(np.sum(v * node.value))
            targets[node] = targets.get(node, 0.0) + v
    if targets:
        both = [*t.nodes, *t.red.nodes]
        for node in both:
            node.gradient = None
        sweep(both, {node: tape.input(v).node for node, v in targets.items()}, tape)
    found = [*(t[name] for name, _ in zip("xyz", arrays)), dout]
    has = [node.gradient.value if targets and node.gradient is not None else np.zeros(node.shape) for node in found]
    return s, has


def assert_close(actual, expected, rtol, scale=None):
    """Equal shapes, and entries equal to `rtol` of the largest entry (or of `scale`, if that is larger)."""
    assert np.shape(actual) == np.shape(expected)
    size = max(np.max(np.abs(expected), initial=0.0), scale or 0.0, 1e-30)
    difference = np.max(np.abs(np.asarray(actual) - expected), initial=0.0)
    assert difference <= rtol * size, f"differs by {difference:.3g} where entries are up to {size:.3g}"
