"""The words are right: what they claim about orders, sums and derivatives is checked by computing it."""

import re

import numpy as np
import pytest

import backpropviz as bp
from backpropviz.layers.library import layer_names, load
from backpropviz.primitives import PRIMITIVES
from backpropviz.show.rows import shares_of
from backpropviz.show.view import view


def explain(trace):
    """What every step's backward pass does, in the order of the steps."""
    return [step.explanation for step in view(trace).steps if step.explanation is not None]


def explained(layer, **arguments):
    trace = bp.trace(layer, **arguments)
    trace.backward()
    return trace, explain(trace)


def shares(explanations):
    return {share.gradient: share for each in explanations for gate in each.gates for share in gate.shares}


def random(*shape):
    return np.random.default_rng(len(shape) + sum(shape)).normal(size=shape)


def test_nothing_to_explain_before_backward():
    assert explain(bp.trace("batchnorm")) == []


@pytest.mark.parametrize("layer", layer_names())
def test_every_gradient_that_is_handed_back_is_explained(layer):
    trace, explanations = explained(layer)
    handed = {flow.name for flow in view(trace).backward if flow.kind != "sum" and flow.of and flow.step != "0"}
    assert handed == set(shares(explanations)) - {None}


@pytest.mark.parametrize("primitive", dict.fromkeys(PRIMITIVES.values()), ids=lambda primitive: primitive.name)
def test_stories_are_short_sentences(primitive):
    assert len(primitive.story) <= 110
    assert primitive.story[0].isupper() or primitive.story.startswith(primitive.name) or primitive.story[:3] == "log"
    assert primitive.story.endswith(".")


# ---- local derivatives -----------------------------------------------------------------------------------------------

FUNCTIONS = {"sqrt": np.sqrt, "exp": np.exp, "log": np.log, "cos": np.cos, "sin": np.sin, "tanh": np.tanh}


@pytest.mark.parametrize(
    "layer",
    [
        lambda x, y: x * y,
        lambda x, y: x / y,
        lambda x, y: x - y,
        lambda x, y: (x + y) ** 3,
        lambda x, y: np.exp(x) * np.sqrt(y),
        lambda x, y: np.log(x) + np.tanh(y),
        lambda x, y: np.maximum(x, y) / np.hypot(x, y),
        lambda x, y: x**2 * y**-1,
    ],
)
def test_local_derivatives_evaluate_to_the_derivative(layer):
    """Every gate's formula, evaluated, is the central difference of the gate itself."""
    x, y = np.array(1.3), np.array(0.7)

    def named(x, y):
        out = layer(x, y)
        return out

    _, explanations = explained(named, x=x, y=y)
    known = {"x": x, "y": y, "np": np, **FUNCTIONS}
    h = 1e-6
    checked = 0
    for gate in explanations[-1].gates:
        known["out"] = eval(gate.code, known)
        for share in gate.shares:
            whole = rf"(?<!\w){re.escape(share.operand)}(?!\w)"
            ahead, behind = (re.sub(whole, f"({share.operand} + {step})", gate.code, count=1) for step in (h, -h))
            if ahead == gate.code or " where " in share.local:
                continue
            slope = (eval(ahead, known) - eval(behind, known)) / (2 * h)
            assert eval(share.local, known) == pytest.approx(slope, rel=1e-6), (gate.code, share)
            checked += 1
    assert checked


def test_locals_speak_in_the_operands_own_names():
    _, explanations = explained("batchnorm")
    by_name = shares(explanations)
    assert by_name["dxhat"].local == "gamma"
    assert by_name["dxmu_2"].local == "2 * xmu"
    assert by_name["dsq"].local == "1 / 4"
    assert by_name["dsqrtvar"].local == "-1 / sqrtvar**2"
    root = next(gate for gate in explanations[4].gates if gate.code == "np.sqrt(var + eps)")
    assert root.shares[0].local == "1 / (2 * sqrt(var + eps))"


# ---- orders of a product ---------------------------------------------------------------------------------------------

CANDIDATE = re.compile(r"  (\S+) \((\d+), (\d+)\) @ (\S+) \((\d+), (\d+)\)(.*)")


def candidates(share):
    return [CANDIDATE.fullmatch(reason).groups() for reason in share.reasons if CANDIDATE.fullmatch(reason)]


def product(x, y):
    out = x @ y
    return out


@pytest.mark.parametrize(("x", "y"), [((4, 3), (3, 2)), ((2, 5, 3), (2, 3, 4)), ((5, 3), (2, 3, 4))])
def test_only_one_order_fits_and_it_is_the_gradient(x, y):
    trace, explanations = explained(product, x=random(*x), y=random(*y))
    for share in shares(explanations).values():
        named = {"x": trace["x"].value, "y": trace["y"].value, "dout": trace.dout}
        listed = candidates(share)
        assert len(listed) == 4
        fitting = []
        for left, rows, inner, right, other, columns, verdict in listed:
            first, second = (
                np.swapaxes(named[name.removesuffix(".T")], -1, -2) if name.endswith(".T") else named[name]
                for name in (left, right)
            )
            assert first.shape[-2:] == (int(rows), int(inner))
            assert second.shape[-2:] == (int(other), int(columns))
            if inner != other:
                assert verdict == f": {inner} does not meet {other}"
                with pytest.raises(ValueError, match="matmul"):
                    first @ second
                continue
            assert verdict == f" -> ({rows}, {columns}) fits"
            gradient = trace[share.operand].grad
            total = first @ second
            while total.ndim > gradient.ndim:
                total = total.sum(axis=0)
            np.testing.assert_allclose(total, gradient, rtol=1e-12)
            fitting.append((left, right))
        assert len(fitting) == 1


def test_coinciding_sizes_are_admitted():
    _, explanations = explained(product, x=random(3, 3), y=random(3, 3))
    reasons = shares(explanations)["dx"].reasons
    assert sum("by chance" in reason for reason in reasons) == 3
    assert "--shape" in reasons[-1]


def test_no_orders_for_vectors():
    _, explanations = explained(product, x=random(3), y=random(3))
    assert all(not share.reasons for share in shares(explanations).values())


# ---- sums ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("shape", "uses", "place"),
    [
        ((3,), 4, "axis 0"),
        ((4, 1), 3, "axis 1"),
        ((1, 1), 12, "axes 0, 1"),
        ((), 12, "axes 0, 1"),
    ],
)
def test_broadcast_values_collect_their_uses(shape, uses, place):
    def layer(x, b):
        out = x * b
        return out

    trace, explanations = explained(layer, x=random(4, 3), b=random(*shape) if shape else np.array(0.3))
    reasons = shares(explanations)["db"].reasons
    assert reasons[0] == f"b {shape} was used {uses} times along {place} of (4, 3): {uses} gradients add up"
    products = trace.dout * trace["x"].value
    if "row of ones" in reasons[-1]:
        np.testing.assert_allclose((np.ones((1, 4)) @ products)[0], trace.grad["b"], rtol=1e-12)
    if "column of ones" in reasons[-1]:
        np.testing.assert_allclose(products @ np.ones((3, 1)), trace.grad["b"], rtol=1e-12)
    assert shares(explanations)["dx"].reasons == ()


@pytest.mark.parametrize(("function", "axis"), [(np.sum, 0), (np.sum, 1), (np.mean, 0), (np.mean, 1)])
def test_sums_are_told_both_ways(function, axis):
    def layer(x):
        out = function(x, axis=axis)
        return out

    x = random(4, 3)
    trace, explanations = explained(layer, x=x)
    additions, matrix = shares(explanations)["dx"].reasons
    count = x.shape[axis]
    divided = count if function is np.mean else 1
    assert f"made from {count} entries of x" in additions
    assert ("1/" in additions) == (function is np.mean)
    # the products with ones that the words describe
    if axis == 0:
        forward, back = np.ones((1, 4)) @ x / divided, np.ones((4, 1)) @ trace.dout[None, :] / divided
        assert "ones (1, 4) @ x (4, 3)" in matrix
        assert "ones (4, 1) @ gradient (1, 3)" in matrix
    else:
        forward, back = x @ np.ones((3, 1)) / divided, trace.dout[:, None] @ np.ones((1, 3)) / divided
        assert "x (4, 3) @ ones (3, 1)" in matrix
        assert "gradient (4, 1) @ ones (1, 3)" in matrix
    np.testing.assert_allclose(forward.ravel(), trace.output, rtol=1e-12)
    np.testing.assert_allclose(back, trace.grad["x"], rtol=1e-12)


def test_an_index_that_only_adds_axes_chooses_nothing():
    def layer(x, b):
        out = x * b[:, None] + x[:, [0]]
        return out

    _, (explanation,) = explained(layer, x=random(4, 3), b=random(4))
    stories = {gate.code: gate.story for gate in explanation.gates}
    assert stories["b[:, None]"] == PRIMITIVES[np.expand_dims].story
    assert stories["x[:, [0]]"] == PRIMITIVES[bp.primitives.shapes.take].story


def test_where_gradients_meet():
    _, explanations = explained("batchnorm")
    meetings = [each.meeting for each in explanations]
    assert meetings[1] == "Two gradients arrive at xmu, one for each use: they add up."
    assert [number for number, meeting in enumerate(meetings) if meeting] == [1]


# ---- dimensions ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("layer", layer_names())
def test_the_shapes_in_a_dimension_line_are_the_shapes(layer):
    trace, explanations = explained(layer)
    shown = view(trace)
    shapes = {part.name: part.value.shape for part in (*shown.inputs, *shown.steps, *shown.backward, *shown.upstream)}
    shapes |= {part.name: part.value.shape for part in shown.constants}
    found = 0
    for share in shares(explanations).values():
        if share.dimensions is None:
            continue
        assert share.dimensions.startswith(f"{share.gradient} {shapes[share.gradient]} = ")
        for name, transposed, shape in re.findall(r"\b([A-Za-z_]\w*)(\.T)? (\([\d, ]*\))", share.dimensions):
            expected = shapes[name]
            assert str(expected[::-1] if transposed else expected) == shape
            found += 1
    assert found


def test_dimensions_of_a_product():
    _, explanations = explained("affine")
    assert shares(explanations)["dw"].dimensions == "dw (6, 5) = rows.T (6, 4) @ dscores (4, 5)" or (
        shares(explanations)["dw"].dimensions == "dw (6, 5) = rows.T (6, 4) @ dout (4, 5)"
    )


def test_a_local_derivative_inside_a_step_says_of_what_it_is():
    trace = load("batchnorm").trace()
    trace.backward()
    step = next(step for step in view(trace).steps if step.name == "sqrtvar")
    share, gate = shares_of(step.explanation)["dvar"]
    assert (share.local, gate) == ("1", "var + eps")
    single = next(step for step in view(trace).steps if step.name == "ivar")
    assert shares_of(single.explanation)["dsqrtvar"][1] == ""
