"""Derived code as it is used: executed on inputs of its own, and held against a trace of the function on them."""

import inspect

import numpy as np

from backpropviz.code.derive import written
from backpropviz.code.pairs import pair
from backpropviz.engine.named import plain


def upstream(trace, seed=0):
    """A backward pass from random gradients of all outputs."""
    wanted = [node for node in trace.outputs if node.carries_gradient]
    trace.backward({n.name or "out": np.random.default_rng([seed, *n.shape]).normal(size=n.shape) for n in wanted})
    return trace


def assert_function_holds(trace, at=None):
    """The derived function of `trace` gives the gradients of `at`, a run of the same function on other inputs."""
    code, at, scope = written(trace), at or trace, {}
    exec(compile(str(code), "<derived>", "exec"), scope)
    given = [node.value.copy() for node in (*at.upstream.values(), *at.inputs.values())]
    settings = {name: plain(value) for name, value in at.settings.items() if name in code.settings}
    _assert_close(scope[code.name](*given, **code.constants, **settings), at.grad.values())


def assert_pair_holds(trace, at=None):
    """The forward and backward functions of `trace` give the outputs and the gradients of `at`."""
    at, scope = at or trace, {}
    text = pair(trace)
    drawn = {name: array for name, array in at.constants.values() if isinstance(name, str)}
    for size in trace.sizes:  # what the forward function draws anew, it is given here
        if "np.random." in size.statement and size.names[0] in drawn:
            text = text.replace(f"    {size.statement}\n", f"    {size.names[0]} = _drawn[{size.names[0]!r}]\n")
    scope["_drawn"] = drawn
    exec(compile(text, "<pair>", "exec"), scope)
    forward = scope[f"{trace.layer}_forward"]
    made = {} if at is not trace else written(trace).constants
    made |= {name: array for name, array in trace.constants.values() if isinstance(name, str)} if at is trace else {}
    given = {**made, **{name: node.value.copy() for name, node in at.inputs.items()}}
    parameters = inspect.signature(forward).parameters
    needed = [given[name] for name, p in parameters.items() if p.default is p.empty]
    settings = [{name: plain(value) for name, value in at.settings.items()}] * (len(parameters) > len(needed))
    *outputs, cache = forward(*needed, *settings)
    _assert_close(tuple(outputs), [node.value for node in at.outputs])
    returned = scope[f"{trace.layer}_backward"](*[node.value.copy() for node in at.upstream.values()], cache)
    _assert_close(returned, at.grad.values())


def _assert_close(returned, wanted):
    returned = returned if isinstance(returned, tuple) else (returned,)
    for found, right in zip(returned, wanted, strict=True):
        assert np.shape(found) == right.shape
        np.testing.assert_allclose(found, right, rtol=1e-8, atol=1e-8 * max(1.0, np.abs(right).max(initial=0.0)))


def says_that_it_is_of_these_shapes(trace):
    """Whether derived code says itself that it holds for the shapes of its sample alone."""
    code = written(trace)
    return bool(code.remarks or code.constants)
