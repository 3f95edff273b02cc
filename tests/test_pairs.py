"""The course-style pairs run on their own, and give the trace's outputs and gradients."""

import ast
import inspect

import numpy as np
import pytest

from backpropviz.code.derive import derive
from backpropviz.code.pairs import pair
from backpropviz.diagnose.processes.runner import diagnose
from backpropviz.engine.verifying import record
from backpropviz.layers.library import layer_names, load


def executed(trace):
    """The pair's functions, defined from its code alone."""
    namespace = {}
    exec(compile(pair(trace), "<pair>", "exec"), namespace)
    return namespace


def assert_equal_to(trace, namespace):
    forward, backward = namespace[f"{trace.function}_forward"], namespace[f"{trace.function}_backward"]
    inputs = {name: node.value for name, node in trace.inputs.items()}
    constants = {name: value for name, value in trace.constants.values() if isinstance(name, str)}
    needed = [name for name, p in inspect.signature(forward).parameters.items() if p.default is p.empty]
    *outputs, cache = forward(*[{**constants, **inputs}[name] for name in needed])
    for found, node in zip(outputs, trace.outputs, strict=True):
        np.testing.assert_allclose(found, node.value, rtol=1e-12, atol=1e-12)
    gradients = backward(*[node.value for node in trace.upstream.values()], cache)
    gradients = gradients if isinstance(gradients, tuple) else (gradients,)
    for found, wanted in zip(gradients, trace.grad.values(), strict=True):
        np.testing.assert_allclose(found, wanted, rtol=1e-12, atol=1e-12)


@pytest.mark.parametrize("name", layer_names())
@pytest.mark.parametrize("seed", [0, 7])
def test_the_pair_equals_the_trace(name, seed):
    trace = load(name).trace(seed=seed)
    assert_equal_to(trace, executed(trace))
    assert len(trace.upstream) == len(trace.outputs)


@pytest.mark.parametrize("name", layer_names())
def test_the_cache_holds_what_the_backward_pass_reads_and_nothing_else(name):
    trace = load(name).trace()
    functions = {node.name: node for node in ast.parse(pair(trace)).body if isinstance(node, ast.FunctionDef)}
    backward = functions[f"{trace.function}_backward"]
    unpacked = backward.body[0].targets[0].elts
    loads = {node.id for node in ast.walk(backward) if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Load)}
    assert {target.id for target in unpacked} <= loads
    namespace = executed(trace)
    backward_code = namespace[f"{trace.function}_backward"].__code__
    assert set(backward_code.co_names) & set(namespace["np"].__dict__) <= set(dir(np))  # globals are NumPy's or ours
    assert not {node.name for node in trace.nodes if node.name} & set(backward_code.co_names) - set(dir(np.ndarray))


def test_settings_come_from_the_dictionary():
    trace = load("batchnorm").trace()
    forward = executed(trace)["batchnorm_forward"]
    inputs = [node.value for node in trace.inputs.values()]
    far = load("batchnorm").trace({"eps": 2.0})
    np.testing.assert_allclose(forward(*inputs, {"eps": 2.0})[0], far.output, rtol=1e-12)
    with pytest.raises(AssertionError, match="mode=train"):
        forward(*inputs, {"mode": "test"})


def test_a_pool_reads_its_window_in_both_forms():
    trace = load("maxpool").trace(shapes={"x": (2, 3, 6, 6)})
    forward = executed(trace)["maxpool_forward"]
    x = trace.inputs["x"].value
    wanted = load("maxpool").trace({"x": x, "window": (3, 2), "stride": 1}).output
    for param in ({"pool_height": 3, "pool_width": 2, "stride": 1}, {"window": (3, 2), "stride": 1}):
        np.testing.assert_array_equal(forward(x, param)[0], wanted)


def test_a_loss_also_comes_as_one_function():
    trace = load("softmax_loss").trace()
    x, y = (node.value for node in trace.inputs.values())
    loss, dx = executed(trace)["softmax_loss"](x, y)
    np.testing.assert_allclose(loss, trace.output, rtol=1e-12)
    np.testing.assert_allclose(dx, trace.grad["x"], rtol=1e-12)


def test_an_upstream_gradient_of_the_first_output_alone_is_kept():
    trace = load("lstm_step").trace()
    trace.backward()
    assert "def lstm_step_backward(dout, cache):" in pair(trace)
    assert_equal_to(trace, executed(trace))


def passes_on(x, y):
    return x + y


def caches(cache, x):
    out = cache * x
    return out


@pytest.mark.parametrize(("function", "cached"), [(passes_on, "()"), (caches, "(cache, x)")])
def test_empty_caches_and_names_that_clash(function, cached):
    rng = np.random.default_rng(3)
    inputs = {name: rng.normal(size=(3, 2)) for name in inspect.signature(function).parameters}
    trace = record(function, inputs, {})
    assert f"= {cached}" in pair(trace)
    assert_equal_to(trace, executed(trace))


def many(a, b, c, d, e, f, g, h):
    first_long_product_name = a * b * c
    second_long_product_name = d * e * f
    third_long_product_name = g * h
    out = first_long_product_name * second_long_product_name * third_long_product_name
    return out


def test_a_long_cache_takes_several_lines():
    rng = np.random.default_rng(3)
    trace = record(many, {name: rng.normal(size=4) for name in "abcdefgh"}, {})
    assert max(map(len, pair(trace).splitlines())) <= 120
    assert_equal_to(trace, executed(trace))


def test_a_function_called_forward_has_a_backward():
    def affine_forward(x, w):
        return x @ w

    trace = record(affine_forward, {"x": np.ones((2, 3)), "w": np.ones((3, 2))}, {})
    code = pair(trace)
    assert "def affine_forward(x, w):" in code
    assert "def affine_backward(dout, cache):" in code
    assert "def affine_backward(dout, x, w):" in derive(trace)


# a pair writes loops out: it holds for as many rounds as it was made from
WITHOUT_LOOPS = [name for name in layer_names() if not load(name).trace(verify=False).loops]


def test_only_what_goes_over_time_or_pixels_has_loops():
    assert set(layer_names()) - set(WITHOUT_LOOPS) == {"conv_naive", "lstm", "maxpool_naive", "rnn"}


@pytest.mark.parametrize("name", WITHOUT_LOOPS)
def test_the_pair_passes_the_diagnosis(name, tmp_path):
    path = tmp_path / f"{name}.py"
    path.write_text(pair(load(name).trace()))
    assert {report.status for report in diagnose(path).functions} == {"right"}


def test_a_dictionary_of_settings_may_be_read_by_other_words(tmp_path):
    path = tmp_path / "avgpool.py"
    text = pair(load("avgpool").trace())
    for word, other in (('"stride"', '"strides"'), ('"window"', '"kernel_size"')):
        assert word in text
        text = text.replace(word, other)
    path.write_text(text)
    (report,) = diagnose(path).functions
    assert (report.status, report.layer) == ("right", "avg_pool")
