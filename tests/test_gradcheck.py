"""The checker is checked: right gradients pass, gradients that are slightly wrong fail, kinks are explained."""

import dataclasses

import numpy as np
import pytest

import backpropviz as bp
from backpropviz.engine.replay import Plan
from backpropviz.errors import InputError
from backpropviz.layers.library import layer_names, load
from backpropviz.primitives.record import PRIMITIVES, Gradient
from backpropviz.show.display import Display
from backpropviz.show.tables.checks import checks
from backpropviz.study.examples import are_apart, slopes
from backpropviz.study.gradcheck import gradcheck, work

SETTINGS = {
    "batchnorm": [{"mode": "test"}, {"momentum": 0.7}],
    "conv": [{"stride": (2, 1), "pad": (0, 2)}],
    "conv_same": [{"average": True}],
    "maxpool": [{"ties": "all"}],
}
CASES = [(name, settings) for name in layer_names() for settings in [{}, *SETTINGS.get(name, [])]]


def traced(function, **inputs):
    trace = bp.trace(function, **inputs)
    trace.backward()
    return trace


def random(*shape, seed=0):
    return np.random.default_rng(seed).normal(0.3, 1.0, shape)


def failed(report):
    return [check.name for check in report.checks if not check.passed]


@pytest.mark.parametrize("fast", [False, True])
@pytest.mark.parametrize(("name", "settings"), CASES)
def test_every_layer_passes(name, settings, fast):
    trace = load(name).trace(settings, seed=2)
    trace.backward(seed=2)
    done = []
    report = gradcheck(trace, fast=fast, progress=done.append)
    assert failed(report) == []
    assert report.passed
    assert sum(done) == work(trace, fast=fast)
    assert {check.name for check in report.checks if not check.step} == set(trace.grad)
    assert max(check.error for check in report.checks) < 1e-5
    assert sum(done) == sum(check.entries + check.directions for check in report.checks)


# ---- wrong gradients -------------------------------------------------------------------------------------------------


def wrong(patch, function, change):
    """Put `change` around the first VJP of a NumPy function's primitive."""
    primitive = PRIMITIVES[function]
    entry = primitive.gradients[0]

    def vjp(g, out, *args, **kwargs):
        return change(entry.vjp(g, out, *args, **kwargs))

    gradients = (dataclasses.replace(entry, vjp=vjp), *primitive.gradients[1:])
    patch.setitem(PRIMITIVES, function, dataclasses.replace(primitive, gradients=gradients))


def gated(x, w):
    a = x * w
    b = np.tanh(a)
    out = b + x
    return out


@pytest.mark.parametrize("fast", [False, True])
@pytest.mark.parametrize(
    "change", [lambda g: 1.001 * g, lambda g: -g, lambda g: 0 * g, lambda g: g + 0.01], ids=["0.1 %", "sign", "0", "+"]
)
def test_a_wrong_vjp_is_caught(monkeypatch, change, fast):
    wrong(monkeypatch, np.tanh, change)
    report = gradcheck(traced(gated, x=random(3, 2), w=random(2, seed=1)), fast=fast)
    assert not report.passed
    assert set(failed(report)) == {"x", "w", "a"}  # what lies before tanh; b and out are right


def test_the_worst_entry_is_named(monkeypatch):
    wrong(monkeypatch, np.tanh, lambda g: g * np.where(np.arange(6).reshape(3, 2) == 3, 1.001, 1.0))
    report = gradcheck(traced(gated, x=random(3, 2), w=random(2, seed=1)))
    a = next(check for check in report.checks if check.name == "a")
    assert a.index == (1, 1)
    assert a.error == pytest.approx(0.001, rel=0.01)
    assert a.analytic == pytest.approx(1.001 * a.numeric, rel=1e-6)
    assert (a.step, a.shape, a.size, a.entries) == ("1", (3, 2), 6, 6)


def test_a_missing_term_is_caught(monkeypatch):
    def square_by_product(x):
        out = x * x
        return out

    right = PRIMITIVES[np.multiply]
    monkeypatch.setitem(PRIMITIVES, np.multiply, dataclasses.replace(right, gradients=(right.gradients[0], None)))
    assert failed(gradcheck(traced(square_by_product, x=random(4)))) == ["x"]


def test_a_wrong_relu_is_no_kink(monkeypatch):
    leaky = Gradient("wrong: passes everything", lambda g, out, x, y: g)
    right = PRIMITIVES[np.maximum]
    monkeypatch.setitem(PRIMITIVES, np.maximum, dataclasses.replace(right, gradients=(leaky, right.gradients[1])))

    def rectify(x):
        out = np.maximum(x, 0)
        return out

    x = np.array([1.0, -2.0, 0.0])
    report = gradcheck(traced(rectify, x=x))
    check = report.checks[0]
    assert not check.passed
    assert check.index == (1,)
    assert [kink.index for kink in check.kinks] == [(2,)]


def test_a_custom_primitive_that_is_slightly_wrong_is_caught():
    @bp.primitive
    def cube(x):
        return x * x * x

    @cube.vjp
    def cube_vjp(g, out, x):
        return g * 3.003 * x * x

    def layer(x, w):
        out = cube(x) * w
        return out

    for fast in (False, True):
        assert failed(gradcheck(traced(layer, x=random(3), w=random(3, seed=1)), fast=fast)) == ["x"]


def test_tolerance_decides(monkeypatch):
    wrong(monkeypatch, np.tanh, lambda g: 1.0001 * g)
    trace = traced(gated, x=random(3), w=random(3, seed=1))
    assert not gradcheck(trace, tolerance=1e-5).passed
    assert gradcheck(trace, tolerance=1e-3).passed
    assert gradcheck(trace, tolerance=1e-3).tolerance == 1e-3


@pytest.mark.parametrize("tolerance", [-1e-5, 0.0, np.nan, np.inf])
def test_a_tolerance_is_a_number_above_0(tolerance):
    with pytest.raises(InputError, match="the tolerance is"):
        gradcheck(traced(gated, x=random(3), w=random(3, seed=1)), tolerance=tolerance)


@pytest.mark.parametrize("change", [lambda g: g * np.nan, lambda g: g * np.inf], ids=["nan", "inf"])
def test_a_rule_that_gives_no_number_is_caught(monkeypatch, change):
    wrong(monkeypatch, np.tanh, change)
    with np.errstate(all="ignore"):
        report = gradcheck(traced(gated, x=random(3, 2), w=random(2, seed=1)))
    assert set(failed(report)) == {"x", "w", "a"}
    assert {check.error for check in report.checks if not check.passed} == {np.inf}


# ---- kinks and noise -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("function", "x", "at"),
    [
        (lambda x: np.maximum(x, 0), [1.0, 0.0, -1.0], [(1,)]),
        (lambda x: np.abs(x), [0.0, 2.0], []),  # its gradient there is 0, and so is the central difference
        (lambda x: np.abs(x) + np.maximum(x, 0), [0.0, 2.0], [(0,)]),
        (lambda x: np.max(x, axis=0), [3.0, 1.0, 3.0], [(0,), (2,)]),
        (lambda x: np.clip(x, -1, 1), [-1.0, 0.0, 1.0], [(0,), (2,)]),
        (lambda x: np.where(x > 0.5, x, 0), [0.5, 1.0], [(0,)]),
        (lambda x: x * (x > 2), [2.0, 3.0], [(0,)]),
    ],
    ids=["relu", "abs", "abs and relu", "max", "clip", "where", "mask"],
)
def test_kinks_are_explained_and_do_not_fail(function, x, at):
    def layer(x):
        out = function(x)
        return out

    report = gradcheck(traced(layer, x=np.array(x)))
    check = report.checks[0]
    assert report.passed
    assert [kink.index for kink in check.kinks] == at
    assert all("switches sides within h" in kink.where and "step 1, out" in kink.where for kink in check.kinks)


def test_random_directions_step_over_nearby_kinks(monkeypatch):
    """Among many entries some lie within h of a kink: a smaller h finds that the gradient is wrong all the same."""

    def rectify(x):
        a = np.tanh(x)
        out = np.maximum(a, 0)
        return out

    x = random(200, 300)
    x[3, :50] = np.linspace(2e-7, 1e-5, 50)
    assert gradcheck(traced(rectify, x=x), fast=True).passed
    wrong(monkeypatch, np.tanh, lambda g: 1.001 * g)
    report = gradcheck(traced(rectify, x=x), fast=True)
    assert failed(report) == ["x"]
    assert report.checks[0].kinks == []


def test_a_gradient_that_cancels_is_not_held_against_rounding():
    def normalized(x, b):
        y = x + b
        out = (y - np.mean(y, axis=0)) / np.sqrt(np.var(y, axis=0) + 1e-5)
        return out

    for scale in (1.0, 1e3, 1e-3):
        trace = traced(normalized, x=scale * random(4, 3), b=random(3, seed=1))
        assert np.abs(trace.grad["b"]).max() < 1e-9 / scale
        assert gradcheck(trace).passed
        assert gradcheck(trace, fast=True).passed


def test_held_values_are_held():
    def halved(x):
        held = bp.stop_gradient(x)
        out = held + (x - held) / 2
        return out

    trace = traced(halved, x=random(3))
    np.testing.assert_allclose(trace.grad["x"], trace.dout / 2)
    assert gradcheck(trace).passed

    def wrongly(x):
        held = bp.stop_gradient(x)
        out = np.tanh(x * 3) * held
        return out

    assert gradcheck(traced(wrongly, x=random(3))).passed


def test_the_report_names_what_was_held():
    trace = load("conv_same").trace({"average": True})
    trace.backward()
    held = {check.name: check.held for check in gradcheck(trace, steps=False).checks}
    assert held == {"x": [], "w": ["w_held"], "b": ["b_held"]}


# ---- sizes and domains -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("fast", [False, True])
def test_each_entry_is_moved_by_its_own_size(monkeypatch, fast):
    """A causal mask of -1e9 is no reason to move its neighbours by 1e4."""

    def causal(x, w):
        scores = np.where(np.tri(4, dtype=bool), x @ w @ x.T, -1e9)
        e = np.exp(scores - np.max(scores, axis=1, keepdims=True))
        out = e / np.sum(e, axis=1, keepdims=True)
        return out

    inputs = {"x": random(4, 3), "w": random(3, 3, seed=1)}
    assert gradcheck(traced(causal, **inputs), fast=fast).passed
    wrong(monkeypatch, np.exp, lambda g: 1.001 * g)
    assert "x" in failed(gradcheck(traced(causal, **inputs), fast=fast))


@pytest.mark.parametrize("x", [1.0, 1e-6, 1e-9])
def test_a_step_out_of_the_domain_is_made_smaller(monkeypatch, x):
    def logarithm(x):
        out = np.log(x)
        return out

    check = gradcheck(traced(logarithm, x=np.array([x]))).checks[0]
    assert (check.passed, check.unchecked) == (True, [])
    wrong(monkeypatch, np.log, lambda g: 1.01 * g)
    assert failed(gradcheck(traced(logarithm, x=np.array([x])))) == ["x"]


def test_batch_normalization_of_a_single_example():
    trace = load("batchnorm").trace(shapes={"x": (1, 3)})
    trace.backward()
    assert gradcheck(trace).passed


def test_what_cannot_be_checked_is_told_and_not_wrong():
    def logarithm(x):
        out = np.log(x)
        return out

    report = gradcheck(traced(logarithm, x=np.array([1e-200, 1.0])), steps=False)
    check = report.checks[0]
    assert report.passed
    assert [place.index for place in check.unchecked] == [(0,)]
    assert report.to_dict()["checks"][0]["unchecked"][0]["where"] == "the differences are not finite there"


# ---- arrays of every kind --------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "x",
    [
        random(6, 4)[::2, ::-1],
        np.asfortranarray(random(3, 4)),
        random(4, 3).T,
        np.broadcast_to(random(4), (3, 4)),
        random(24).reshape(3, 8)[:, :4],
    ],
    ids=["strided", "Fortran order", "transposed", "broadcast", "view"],
)
def test_memory_layouts(x, monkeypatch):
    def layer(x):
        turned = x.T
        row = turned[1]
        rows = x.reshape(-1, 2)
        out = np.tanh(rows).sum() * row + np.sum(turned, axis=0)
        return out

    before = x.copy()
    trace = traced(layer, x=x)
    assert gradcheck(trace).passed
    np.testing.assert_array_equal(x, before)
    wrong(monkeypatch, np.tanh, lambda g: 1.001 * g)
    assert set(failed(gradcheck(traced(layer, x=x)))) == {"x", "rows"}


def test_single_numbers():
    def layer(a, b):
        out = a * np.exp(b)
        return out

    report = gradcheck(traced(layer, a=np.float64(1.5), b=np.array(-0.3)))
    assert report.passed
    assert [(check.name, check.size, check.index) for check in report.checks[:2]] == [("a", 1, ()), ("b", 1, ())]


def test_values_are_left_as_they_were():
    trace = load("conv").trace()
    trace.backward()
    before = [(node.value.copy(), None if node.grad is None else node.grad.copy()) for node in trace.nodes]
    gradcheck(trace)
    for node, (value, grad) in zip(trace.nodes, before):
        np.testing.assert_array_equal(node.value, value)
        assert (grad is None) == (node.grad is None)
        if grad is not None:
            np.testing.assert_array_equal(node.grad, grad)


def test_a_trace_without_a_backward_pass_gets_none_from_the_check():
    trace = load("affine").trace()
    assert gradcheck(trace).passed
    assert trace.grad == {}


def test_single_precision_is_checked_in_double():
    trace = load("batchnorm").trace(dtype="float32")
    trace.backward()
    assert trace.output.dtype == np.float32
    report = gradcheck(trace)
    assert report.passed
    assert max(check.error for check in report.checks) < 1e-6
    assert trace.output.dtype == np.float32


def test_integers_are_not_moved():
    trace = load("softmax_loss").trace()
    trace.backward()
    assert "y" not in {check.name for check in gradcheck(trace).checks}


def test_several_outputs():
    def layer(x, w):
        a = x * w
        b = np.exp(a)
        return a, b

    trace = bp.trace(layer, x=random(3), w=random(3, seed=1))
    trace.backward({"a": random(3, seed=2), "b": random(3, seed=3)})
    assert gradcheck(trace).passed
    assert not np.allclose(trace.grad["x"], trace.dout * trace["w"].value)


def test_inputs_alone():
    trace = load("batchnorm").trace()
    trace.backward()
    report = gradcheck(trace, steps=False)
    assert [check.name for check in report.checks] == ["x", "gamma", "beta"]
    assert work(trace, steps=False) == sum(node.value.size for node in trace.inputs.values())


def test_of_a_large_step_a_part_is_moved_and_the_rest_along_a_direction(monkeypatch):
    def layer(x):
        a = np.tanh(x)
        b = np.exp(a)
        return b

    x = random(10, 10)
    a = next(check for check in gradcheck(traced(layer, x=x)).checks if check.name == "a")
    assert (a.entries, a.directions) == (64, 1)
    # one entry of a hundred, seen by the direction even where it is not among the 64
    wrong(monkeypatch, np.exp, lambda g: g * np.where(np.arange(100).reshape(10, 10) == 41, 2.0, 1.0))
    for seed in range(4):
        assert "a" in failed(gradcheck(traced(layer, x=x), seed=seed))


def test_a_step_that_reaches_no_output_is_not_checked():
    def layer(x):
        aside = np.exp(x)  # noqa: F841
        out = x * 2
        return out

    assert [check.name for check in gradcheck(traced(layer, x=random(3))).checks] == ["x", "out"]


def test_the_report_as_records():
    trace = load("relu").trace()
    trace.backward()
    record = gradcheck(trace).to_dict()
    assert (record["format"], record["version"], record["passed"]) == ("backpropviz/gradcheck", 1, True)
    assert [check["name"] for check in record["checks"]] == ["x", "out"]


def test_however_often_a_loop_runs_the_steps_of_one_round_are_checked():
    def layer(x):
        out = np.zeros(x.shape)
        for i in range(len(x)):
            out[i] = x[i] * x[i]
        return out

    moves = []
    for rounds in (5, 40):
        trace = bp.trace(layer, x=np.random.default_rng(0).normal(size=(rounds, 9)))
        trace.backward()
        report = gradcheck(trace)
        assert report.passed
        assert [check.name for check in report.checks] == ["x", "out"]
        moves.append(work(trace) - trace["x"].value.size)
    assert moves[1] < 2 * moves[0]


# ---- entries of several examples in one run --------------------------------------------------------------------------


def plan_of(trace, name):
    node = trace[name]
    return Plan(trace.nodes, [node]), node, [(out, upstream.value) for out, upstream in trace.upstream.items()]


@pytest.mark.parametrize(
    ("name", "apart"),
    [
        ("conv", {"x": True, "w": False, "b": False}),
        ("affine", {"x": True, "w": False, "b": False}),
        ("maxpool", {"x": True}),
        ("layernorm", {"x": True, "gamma": False, "beta": False}),
        ("batchnorm", {"x": False, "gamma": False, "beta": False}),
        ("softmax_loss", {"x": False}),
    ],
)
def test_whether_examples_see_each_other_is_found_out(name, apart):
    trace = load(name).trace()
    trace.backward()
    before = {node: node.value.copy() for node in trace.nodes}
    assert {each: are_apart(*plan_of(trace, each)) for each in apart} == apart
    for each in apart:  # and nothing stays moved
        np.testing.assert_array_equal(trace[each].value, before[trace[each]])


def test_square_weights_are_not_taken_for_examples():
    trace = traced(lambda x, w: np.tanh(x @ w), x=random(3, 3), w=random(3, 3, seed=1))
    assert are_apart(*plan_of(trace, "x"))
    assert not are_apart(*plan_of(trace, "w"))


def test_one_example_that_looks_at_another_keeps_them_together():
    def shifted(x):
        out = x * 2.0
        out[3, 1] = x[1, 0] * x[3, 0]
        return out

    assert not are_apart(*plan_of(traced(shifted, x=random(5, 3)), "x"))


@pytest.mark.parametrize("order", ["C", "F"])
def test_slopes_of_all_examples_are_those_of_each_entry(order):
    x = np.array(random(4, 3, 2), order=order)
    trace = traced(lambda x: np.sin(x) * np.sum(x, axis=(1, 2), keepdims=True), x=x)
    plan, node, outputs = plan_of(trace, "x")
    assert are_apart(plan, node, outputs)
    np.testing.assert_allclose(slopes(plan, node, outputs, np.full(x.shape, 1e-5)), trace.grad["x"], rtol=1e-7)
    np.testing.assert_array_equal(node.value, x)


def test_one_wrong_entry_of_one_example_is_caught():
    trace = traced(lambda x: np.exp(x), x=random(4, 3))
    right = PRIMITIVES[np.exp].gradients[0]

    def nearly(g, out, x):
        slip = np.zeros(x.shape)
        slip[2, 1] = 0.001
        return right.vjp(g, out, x) * (1 + slip)

    with pytest.MonkeyPatch.context() as patch:
        changed = dataclasses.replace(PRIMITIVES[np.exp], gradients=(Gradient(right.local, nearly),))
        patch.setitem(PRIMITIVES, np.exp, changed)
        report = gradcheck(trace)
    check = next(check for check in report.checks if check.name == "x")
    assert not check.passed
    assert check.index == (2, 1)


# ---- rounding, curvature and overflow --------------------------------------------------------------------------------


def root_where(x):
    s = np.sqrt(x)
    out = np.where(x > 0, s, 0)
    return out


def root_of_relu(x):
    m = np.maximum(0, x)
    out = np.sqrt(m)
    return out


def softmax_of_large(x):
    e = np.exp(x)
    out = e / np.sum(e, axis=1, keepdims=True)
    return out


def deviation(x):
    out = np.std(x, axis=0)
    return out


@pytest.mark.parametrize(
    ("layer", "x", "entries", "said"),
    [
        (deviation, [[4.0, 1.0], [4.0, 2.0]], [(0, 0), (1, 0)], "std(x) in step 1, out is 0, and its slope divides by"),
        (root_where, [4.0, -1.0, 2.0], [(1,)], "sqrt(x) in step 1, s is no number"),
        (root_of_relu, [4.0, -1.0, 2.0], [(1,)], "sqrt(x) in step 2, out is infinitely steep there"),
        (softmax_of_large, [[1.0, 2.0], [800.0, 1.0]], [(1, 0), (1, 1)], "exp(x) in step 1, e overflows to inf"),
    ],
)
def test_what_is_not_finite_is_explained_and_not_wrong(layer, x, entries, said):
    with np.errstate(all="ignore"):
        report = gradcheck(traced(layer, x=np.array(x)))
    check = report.checks[0]
    assert check.passed  # not wrong
    assert not report.passed  # nor right
    assert [place.index for place in check.infinite] == entries
    assert all(place.where.startswith("the gradient is nan: ") and said in place.where for place in check.infinite)


@pytest.mark.parametrize(
    ("function", "said"),
    [
        (np.sqrt, "sqrt(x) in step 1, y is infinitely steep there; keep"),
        (lambda x: x**0.5, "x ** y in step 1, y is infinitely steep there; keep"),
        (np.cbrt, "is infinitely steep there; keep"),
        (lambda x: x**0.9, "x ** y in step 1, y is infinitely steep there; keep"),  # slowly, but it leads out
        (lambda x: np.linalg.norm(x[:1]) + x, "is 0, and its slope divides by that"),
        (np.log, "log(x) in step 1, y overflows to inf"),
    ],
)
def test_an_infinite_slope_is_named_and_the_check_has_not_passed(function, said):
    def steep(x):
        y = function(x)
        out = y * 2.0
        return out

    with np.errstate(all="ignore"):
        report = gradcheck(traced(steep, x=np.array([0.0, 1.0, 4.0])))
    assert not report.passed
    assert report.to_dict()["passed"] is False
    (place,) = {place.index: place for place in report.checks[0].infinite}.values()
    assert place.index == (0,)
    assert said in place.where
    shown = " ".join(str(Display(checks(report))).split())
    assert "dx[0] is not checked: the gradient is " in shown
    assert "gradients are right" not in shown
    assert "inf or nan, the rest right, as far as checked: " in shown


def test_where_nothing_can_be_checked_the_check_has_not_passed():
    def logarithm(x):
        out = np.log(x)
        return out

    report = gradcheck(traced(logarithm, x=np.array([1e-200])), steps=False)
    assert report.empty
    assert not report.passed


@pytest.mark.parametrize("scale", [1.0, 1e3, 1e4, 1e6, 1e8])
def test_a_feature_that_does_not_vary_is_not_moved_too_far(scale):
    trace = load("layernorm").trace({"x": scale * random(4, 1)})
    trace.backward()
    assert gradcheck(trace).passed


@pytest.mark.parametrize("scale", [1.0, 1e3, 1e4, 1e6])
def test_large_values_do_not_excuse_a_wrong_gradient(monkeypatch, scale):
    def bent(x, start):
        y = x - start
        out = np.tanh(y) * y
        return out

    x = scale * random(4)
    assert gradcheck(traced(bent, x=x, start=x - random(4, seed=1))).passed
    wrong(monkeypatch, np.tanh, lambda g: 1.001 * g)
    assert failed(gradcheck(traced(bent, x=x, start=x - random(4, seed=1)))) == ["x", "start", "y"]


def test_rounding_of_large_values_is_told(monkeypatch):
    def there_and_back(x, far):
        y = x + far
        out = np.tanh(y - far)
        return out

    far = np.array(1e12)
    report = gradcheck(traced(there_and_back, x=random(4), far=far))
    check = report.checks[0]
    assert report.passed
    assert {place.index for place in check.unchecked} == {(0,), (1,), (2,), (3,)}
    assert all("rounding hides it, as values are as large as 1e+12" in place.where for place in check.unchecked)
    wrong(monkeypatch, np.tanh, lambda g: 1.01 * g)
    assert "x" in failed(gradcheck(traced(there_and_back, x=random(4), far=np.array(1e4))))


@pytest.mark.parametrize("value", [0.0, 1e-3, 5.0])
def test_a_gradient_where_there_is_none_is_wrong(monkeypatch, value):
    """The differences are exactly 0, at any step: no rounding excuses a gradient of 1."""

    def flat(x):
        out = np.tanh(x) - np.tanh(x)
        return out

    wrong(monkeypatch, np.tanh, lambda g: g)
    right = PRIMITIVES[np.subtract]
    monkeypatch.setitem(PRIMITIVES, np.subtract, dataclasses.replace(right, gradients=(right.gradients[0], None)))
    assert failed(gradcheck(traced(flat, x=np.array([value])))) == ["x"]


@pytest.mark.parametrize(
    ("layer", "dout", "said"),
    [
        (lambda x: np.sum(x - np.mean(x, axis=0)), None, "dx is 0 whatever the code says: the loss does not change"),
        (lambda x: x - np.mean(x, axis=0), np.ones((4, 3)), "with this upstream gradient; without --dout it is random"),
        (lambda x: np.maximum(-np.abs(x), 0), None, "the output does not change with it"),
    ],
)
def test_a_gradient_that_is_0_whatever_the_code_says_is_told(layer, dout, said):
    def function(x):
        out = layer(x)
        return out

    trace = bp.trace(function, x=random(4, 3))
    trace.backward(dout)
    report = gradcheck(trace)
    assert report.passed
    assert len(report.notes) == 1
    assert said in report.notes[0]
    assert report.to_dict()["notes"] == report.notes


def test_nothing_is_told_of_gradients_that_say_something():
    assert gradcheck(traced(gated, x=random(3, 2), w=random(2, seed=1))).notes == []
