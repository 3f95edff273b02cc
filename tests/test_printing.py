"""Nodes as NumPy code: what is printed evaluates to the node's value, and reads as a person writes it."""

import inspect
import linecache

import numpy as np
import pytest

import backpropviz as bp
from backpropviz.code.lengths import origins, same_shape
from backpropviz.code.printing import Printer
from backpropviz.layers.library import layer_names, load

X = np.random.default_rng(0).normal(size=(4, 3))


def printed(function, *, name=None, **inputs):
    """The code of the last step (or the one called `name`) of a function on its inputs."""
    trace = bp.trace(function, **inputs)
    return Printer(trace).code(trace[name] if name else trace.steps[-1].node)


def expression(text):
    """A one-step function from an expression in x and w, with a source that can be read."""
    source, filename = f"def f(x, w):\n    return {text}\n", f"<{text}>"
    linecache.cache[filename] = (len(source), None, source.splitlines(keepends=True), filename)
    namespace = {"np": np}
    exec(compile(source, filename, "exec"), namespace)
    return namespace["f"]


@pytest.mark.parametrize(
    "text",
    [
        "x + w * x - w",
        "(x + w) * x",
        "x - (w - x)",
        "x - w - x",
        "x / (w / x)",
        "x / w / x",
        "x * (w / x)",
        "-x * w",
        "-(x * w)",
        "(-x) ** 2",
        "-(x**2)",
        "(x * x) ** 0.5",
        "(x**2) ** 3",
        "2 ** (x * w)",
        "x - -w",
        "x * -2",
        "(x + 1) @ w.T",
        "x @ w.T @ x",
        "x @ (w.T @ x)",
        "(x > 0) & (w > 0) | (x < -1)",
        "(x > 0) == (w > 0)",
        "~(x > w)",
        "np.where(x > 0, x, -np.inf)",
        "np.sum(x, axis=(0, 1))",
        "np.sum(x, axis=0, keepdims=True) + w",
        "x[1:, ::2]",
        "x[:, None, 0]",
        "x[..., -1]",
        "x[1]",
        "x[[0, 2], 1]",
        "x[x > 0]",
        "x.reshape(2, 6).T",
        "(x + w).reshape(-1)",
        "x.reshape(w.shape)",
        "np.swapaxes(x, 0, 1)",
        "np.transpose(x)",
        "x[None].transpose(2, 0, 1)",
        "np.concatenate([x, w * 2], axis=1)",
        "np.stack([x, w])",
        "np.einsum('ij,ij->i', x, w)",
        "np.clip(x, -1, None)",
        "np.maximum(0, x)",
        "np.pad(x, ((1, 0), (2, 1)))",
        "np.expand_dims(x, 0)",
        "x.astype(np.float32)",
        "np.linalg.norm(x)",
        "x[1:3] * np.float64(0.1)",
        "x % 2",
        "(x + w)[0]",
        "np.tile(x, (2, 1))",
        "np.roll(x, 1, axis=0)",
        "np.full((4, 3), 2.0) * x",
        "abs(x)",
    ],
)
def test_what_is_printed_evaluates_to_the_value(text):
    w = X[::-1] + 0.1
    with np.errstate(invalid="ignore"):
        trace = bp.trace(expression(text), x=X, w=w)
        printer = Printer(trace)
        code = printer.code(trace.steps[-1].node)
        value = eval(code, {"np": np, "x": X, "w": w, **printer.constants})
    np.testing.assert_array_equal(value, trace.output)


@pytest.mark.parametrize(
    "text",
    [
        "x + w * x - w",
        "x - (w - x)",
        "-x * w",
        "(-x)**2",
        "(x + 1) @ w.T",
        "np.where(x > 0, x, -np.inf)",
        "x[1:, ::2]",
        "(x + w).reshape(-1)",
        "x.reshape(w.shape)",
        "np.concatenate([x, w * 2], axis=1)",
        "np.sum(x, axis=0, keepdims=True)",
    ],
)
def test_what_is_written_well_is_printed_as_it_is(text):
    assert printed(expression(text), x=X, w=X) == text


@pytest.mark.parametrize(
    ("text", "better"),
    [
        ("np.add(x, w)", "x + w"),
        ("np.matmul(x, w.T)", "x @ w.T"),
        ("np.dot(x, w.T)", "x @ w.T"),
        ("np.reshape(x, (6, 2))", "x.reshape(6, 2)"),
        ("np.reshape(np.reshape(x, (6, 2)), (12,))", "x.reshape(12)"),
        ("np.transpose(x)", "x.T"),
        ("np.swapaxes(x, -1, -2)", "x.swapaxes(-1, -2)"),
        ("x.sum(0)", "np.sum(x, axis=0)"),
        ("x.reshape((w.shape[0], w.shape[1]))", "x.reshape(w.shape[0], w.shape[1])"),
        ("x * np.zeros((3,))", "x * np.zeros((3,))"),
        ("x[np.arange(4), np.zeros(4, int)]", "x[np.arange(4), np.zeros(4, np.int64)]"),
    ],
)
def test_other_spellings_are_printed_the_usual_way(text, better):
    assert printed(expression(text), x=X, w=X) == better


def test_sizes_go_by_their_names():
    def layer(x, *, scale=2.0):
        N, D = x.shape
        half = D // 2
        a = x * (scale / N) + 1 / (2 * N)
        b = a.reshape(N * D)
        c = b[: N * half]
        d = np.sum(c) / len(x) / c.size
        e = d * a.shape[1]
        return e

    code = {name: printed(layer, name=name, x=X) for name in "abcde"}
    assert code["a"] == "x * (scale / N) + 1 / (2 * N)"
    assert code["b"] == "a.reshape(N * D)"
    assert code["c"] == "b[: N * half]"
    assert code["d"].startswith("np.sum(c) / N / ")
    assert code["e"] == "d * D"


def test_slices_with_sums_have_room():
    def layer(x):
        H = x.shape[1] // 3
        return x[:, H : 2 * H], x[:, 2 * H :], x[:, :H]

    trace = bp.trace(layer, x=X)
    assert [Printer(trace).code(step.node) for step in trace.steps] == [
        "x[:, H : 2 * H]",
        "x[:, 2 * H :]",
        "x[:, :H]",
    ]


def test_shapes_are_written_in_terms_of_what_is_at_hand():
    trace = load("conv").trace()
    scores, biased = trace["scores"], trace["biased"]
    assert [node for node in same_shape(biased)] == [biased, scores]
    assert [place for place in origins(biased, 0)][-1] == (trace["x"], 0)
    printer = Printer(trace, at_hand={*trace.inputs.values(), trace["x_col"]})
    assert printer._new_shape(bp.trace("conv") and _shape_of(biased)) == "N, F, -1"
    assert Printer(trace)._new_shape(_shape_of(biased)) == "biased.shape"


def _shape_of(node):
    from backpropviz.engine.named import Shape

    return Shape.of(node)


def test_lengths_are_never_followed_by_coincidence():
    """In a square case, too, the axes of a product come from the factor that they belong to."""

    def layer(x, w):
        return (x @ w).T

    trace = bp.trace(layer, x=np.ones((3, 3)), w=np.ones((3, 3)))
    assert [list(origins(trace.steps[-1].node, axis))[-1] for axis in (0, 1)] == [(trace["w"], 1), (trace["x"], 0)]


@pytest.mark.parametrize("name", layer_names())
def test_every_forward_step_evaluates_to_its_value(name):
    """Each step's code, run on the values of the steps before it, gives that step's value."""
    trace = load(name).trace()
    printer = Printer(trace)
    code = {step: printer.code(step.node) for step in trace.steps}
    known = {**trace.settings, **{key: node.value for key, node in trace.inputs.items()}, **printer.constants}
    known |= {helper: getattr(bp, helper) for helper in ("im2col", "output_shape", "stop_gradient", "stored")}
    for statement in printer.size_statements():
        exec(statement, {"np": np}, known)
    for step in trace.steps:
        np.testing.assert_array_equal(eval(code[step], {"np": np}, known), step.value, err_msg=code[step])
        known[step.name] = step.value
    assert inspect.signature(trace.callable).parameters.keys() >= trace.inputs.keys()
