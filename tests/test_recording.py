"""Steps from assignments, captions from comments, versions, groups for calls, sizes and notes."""

import functools

import numpy as np
import pytest

import backpropviz as bp
from backpropviz.engine.named import Name
from backpropviz.engine.recording import Recorder
from backpropviz.errors import LayerError, TraceError

RANDOM = np.random.default_rng(0)
X = RANDOM.standard_normal((4, 3))


def names(t):
    return [step.name for step in t.steps]


def labelled(t):
    return {step.label: step.name for step in t.steps}


# ---- the circuit of the texts, in words of our own -------------------------------------------------------------------


# fmt: off
def nine_steps(x, gamma, beta, eps):
    n, _d = x.shape

    # Step 1: average the examples, feature by feature
    mu = 1.0 / n * np.sum(x, axis=0)

    # (2) shift every example by that average
    xmu = x - mu

    # step3 the lower branch squares ...
    sq = xmu ** 2

    # step 4) and averages again
    var = 1.0 / n * np.sum(sq, axis=0)

    # Step 5 - a root, kept off zero by eps
    sqrtvar = np.sqrt(var + eps)
    ivar = 1.0 / sqrtvar  # step 6: turned over

    # both branches meet
    xhat = xmu * ivar

    #step8: scale
    gammax = gamma * xhat

    #
    # step 9.
    # and shift,
    # which ends it
    out = gammax + beta

    cache = (xhat, gamma, xmu, ivar, sqrtvar, var, eps)

    return out, cache
# fmt: on


def test_a_nine_step_listing_is_nine_steps():
    t = bp.trace(nine_steps, x=X, gamma=np.array([0.5, 2.0, 1.0]), beta=np.arange(3.0), eps=1e-5)
    assert names(t) == ["mu", "xmu", "sq", "var", "sqrtvar", "ivar", "xhat", "gammax", "out"]
    assert [step.label for step in t.steps] == list("123456789")
    assert [step.caption for step in t.steps] == [
        "average the examples, feature by feature", "(2) shift every example by that average",
        "the lower branch squares ...",
        "and averages again", "a root, kept off zero by eps", "turned over", "both branches meet", "scale",
        "and shift, which ends it",
    ]  # fmt: skip
    assert t.steps[0].code == "1.0 / n * np.sum(x, axis=0)"
    assert t.steps[2].statement == "sq = xmu ** 2"
    assert t.steps[5].where == f"test_recording.py:{nine_steps.__code__.co_firstlineno + 17}"
    assert np.array_equal(t.output, nine_steps(X, np.array([0.5, 2.0, 1.0]), np.arange(3.0), 1e-5)[0])
    assert [node.name for node in t.outputs] == ["out"]
    t.backward()
    assert [[node.name for node in step.backward if node.name] for step in reversed(t.steps)] == [
        ["dbeta"], ["dgamma", "dxhat"], ["dxmu_1", "divar"], ["dsqrtvar"], ["dvar"], ["dsq"], ["dxmu_2"],
        ["dxmu", "dmu"], ["dx_2"],
    ]  # fmt: skip
    assert bp.gradcheck(t).passed


def kept_axes(x, gamma, beta, eps, momentum, running_mean, running_var):
    N, _D = x.shape
    batch_mean = np.sum(x, axis=0, keepdims=True) / N
    batch_var = np.sum((x - batch_mean) ** 2, axis=0, keepdims=True) / N
    centred = x - batch_mean
    ivar = 1.0 / np.sqrt(batch_var + eps)
    x_hat = centred * ivar
    out = gamma * x_hat + beta
    running_mean = momentum * running_mean + (1 - momentum) * batch_mean
    running_var = momentum * running_var + (1 - momentum) * batch_var
    return out


def test_running_averages_are_steps_without_a_gradient():
    state = {"running_mean": np.zeros((1, 3)), "running_var": np.ones((1, 3))}
    t = bp.trace(kept_axes, x=X, gamma=np.ones(3), beta=np.zeros(3), eps=1e-5, momentum=0.9, **state)
    assert names(t) == [
        "batch_mean", "batch_var", "centred", "ivar", "x_hat", "out", "running_mean_2", "running_var_2",
    ]  # fmt: skip
    t.backward()
    assert t["running_mean_2"].grad is None
    assert set(t.grad) == {"x", "gamma", "beta"}
    assert bp.gradcheck(t).passed


# ---- ways to assign --------------------------------------------------------------------------------------------------


def ways_to_assign(x, w):
    a: np.ndarray = x * 2
    b, c = a + 1, a - 1
    d = e = b * c
    if (f := np.sum(d)) is not None:
        d = d + 1
        d += e.mean()
    (first, second), third = (x[0], x[1]), x[2]
    count = 0
    count += 1
    count <<= 2
    scratch = np.zeros(3)
    scratch += count
    scratch[0] = 7.0
    items = []
    items += [first]
    items.append(second * scratch)
    p, q, r, _s = w
    g = f * third + items[1]
    h = (
        g * p  # a factor
        + q
    )
    out = h + r
    return out


def test_every_way_to_assign_is_a_step():
    w = RANDOM.standard_normal(4)
    t = bp.trace(ways_to_assign, x=X, w=w)
    assert np.array_equal(t.output, ways_to_assign(X, w))
    assert names(t) == [
        "a",
        "b",
        "c",
        "d",
        "e",
        "f",
        "d_2",
        "d_3",
        "third",
        "items",
        "p",
        "q",
        "r",
        "_s",
        "g",
        "h",
        "out",
    ]
    statements = {step.name: step.statement for step in t.steps}
    assert statements["a"] == "a: np.ndarray = x * 2"
    assert statements["d"] == "d = b * c"
    assert statements["e"] == "e = d"
    assert statements["d_3"] == "d += e.mean()"
    assert statements["h"] == "h = ( g * p + q )"
    assert statements["out"] == "out = h + r"
    t.backward()
    assert bp.gradcheck(t).passed


def test_swapping_and_reusing_names_makes_versions():
    def swaps(x, y):
        x, y = y, x
        for _ in range(3):
            x = x * y
        return x

    t = bp.trace(swaps, x=X, y=X + 1)
    assert names(t) == ["x_2", "y_2", "x_3", "x_4", "x_5"]
    assert np.array_equal(t.output, swaps(X, X + 1))
    t.backward()
    assert bp.gradcheck(t).passed


def test_an_augmented_assignment_keeps_dtype_and_shape():
    def halves(x):
        h = x * 1
        h /= 2
        h -= 1.0
        h **= 2
        h @= np.eye(3)
        return h

    t = bp.trace(halves, x=X)
    assert np.array_equal(t.output, halves(X))
    assert names(t) == ["h", "h_2", "h_3", "h_4", "h_5"]

    def widens(x):
        h = x * 1
        h += np.full(3, 0.1)
        return h

    single = X.astype(np.float32)
    t = bp.trace(widens, x=single)
    assert t.output.dtype == np.float32
    assert np.array_equal(t.output, widens(single))


def test_plain_numbers_and_arrays_are_no_steps():
    def plain(x):
        N, D = x.shape
        scale = 1.0 / N
        mask = np.arange(D) > 0
        lookup = {"a": x * scale}
        out = lookup["a"] * mask
        return out

    t = bp.trace(plain, x=X)
    assert names(t) == ["out"]
    assert [size.statement for size in t.sizes] == [
        "N, D = x.shape", "scale = 1.0 / N", "mask = np.arange(D) > 0",
    ]  # fmt: skip
    (kept,) = [(name, array) for name, array in t.constants.values() if name == "mask"]
    assert kept[1].tolist() == [False, True, True]


def test_what_is_made_one_by_one_is_unpacked_into_steps():
    def gates(x):
        i, f = (np.tanh(x[:, k * 2 : (k + 1) * 2]) for k in range(2))
        low, high = map(np.exp, np.split(x, 2, axis=1))
        return i * f + low * high

    def too_many(x):
        def endless():
            while True:
                yield x

        one, other = endless()
        return one * other

    t = bp.trace(gates, x=np.ones((3, 4)))
    assert names(t) == ["i", "f", "low", "high", "out"]
    with pytest.raises(LayerError, match="too many values to unpack"):
        bp.trace(too_many, x=np.ones(3))


def test_constants_of_one_name_are_told_apart():
    drawn = [np.array([0.5, -1.5, 2.5]), np.array([3.5, 0.25, -4.0])]

    def two_masks(x):
        out = x
        for i in range(2):
            mask = np.sort(drawn[i])
            out = out * mask
        return out

    def two_comparisons(x):
        out = x
        for i in range(2):
            mask = np.arange(3) > i
            out = out * mask
        return out

    t = bp.trace(two_masks, x=X)
    assert sorted(name for name, _ in t.constants.values()) == ["mask", "mask_2"]
    t = bp.trace(two_comparisons, x=X)  # no names are needed: each is written as it was made
    assert [name.infix for name, _ in t.constants.values() if name and name.infix] == [">", ">"]


# ---- returns ---------------------------------------------------------------------------------------------------------


def test_what_is_returned_unnamed_is_called_out():
    def direct(x):
        return np.tanh(x) * 2

    def pair(x):
        return x * 2, x * 3

    def nothing_returned(x):
        out = x * 2  # noqa: F841
        later = x * 3  # noqa: F841

    assert names(bp.trace(direct, x=X)) == ["out"]
    assert bp.trace(direct, x=X).steps[0].code == "np.tanh(x) * 2"
    t = bp.trace(pair, x=X)
    assert [node.name for node in t.outputs] == ["out", "out_2"]
    assert bp.trace(nothing_returned, x=X).outputs[0].name == "out"


# ---- groups ----------------------------------------------------------------------------------------------------------


def affine(x, w):
    # a product
    scores = x @ w
    out = scores + 1
    return out


def layer(x, w):
    # below
    a = affine(x, w)
    b = affine(np.maximum(a, 0), w)
    return b * 2


def test_a_helper_called_twice_makes_two_groups():
    w = RANDOM.standard_normal((3, 3))
    t = bp.trace(layer, x=X, w=w)
    assert np.array_equal(t.output, layer(X, w))
    assert [(group.label, group.function, group.name, group.caption) for group in t.groups] == [
        ("1", "affine", "a", "below"), ("3", "affine", "b", ""),
    ]  # fmt: skip
    assert labelled(t) == {
        "1.1": "scores", "1.2": "a", "2": "x_2", "3.1": "scores_2", "3.2": "b", "4": "out",
    }  # fmt: skip
    assert t.steps[2].code == "np.maximum(a, 0)"  # computed in the call's own line, under the parameter's name
    assert [step.group.label for step in t.steps if step.group] == ["1", "1", "3", "3"]
    assert t.groups[0].code == "affine(x, w)"


def test_groups_nest_and_calls_inside_expressions_count():
    def block(x, w):
        inner = affine(x, w)
        return inner * inner

    def net(x, w):
        y = block(x, w) + affine(x, w)
        return y

    w = RANDOM.standard_normal((3, 3))
    t = bp.trace(net, x=X, w=w)
    assert [(g.label, g.function, g.parent.label if g.parent else None) for g in t.groups] == [
        ("1", "block", None), ("1.1", "affine", "1"), ("2", "affine", None),
    ]  # fmt: skip
    assert t.steps[-1].label == "3"
    assert t.steps[-1].name == "y"
    assert np.array_equal(t.output, net(X, w))


def test_a_helper_without_steps_is_no_group():
    def shape_of(x):
        return x.shape

    def passes_on(x):
        return x

    def net(x):
        n, _ = shape_of(x)
        y = passes_on(x * 2) / n
        return y

    t = bp.trace(net, x=X)
    assert t.groups == []
    assert names(t) == ["x_2", "y"]


def decorated(function):
    @functools.wraps(function)
    def wrapper(*args):
        return function(*args)

    return wrapper


@decorated
def doubled(x):
    y = x * 2
    return y


def test_decorators_recursion_lambdas_closures_and_defaults():
    offset = 0.5
    bump = lambda v: v + offset

    def power_by_recursion(v, n):
        if n == 1:
            return v
        smaller = power_by_recursion(v, n - 1)
        return smaller * v

    def net(x, *, times=3, seeds=(1, 2)):
        def local(v):
            shifted = v + offset * len(seeds)
            return shifted

        a = bump(doubled(x))
        b = power_by_recursion(a, times)
        c = local(b)
        rows = [np.sum(row * 2) for row in c]
        out = np.stack(rows) + np.stack(list(map(local, rows)))
        return out

    t = bp.trace(net, x=X)
    assert np.array_equal(t.output, net(X))
    assert [group.function for group in t.groups] == [
        "doubled", "doubled", "power_by_recursion", "power_by_recursion", "local",
    ]  # fmt: skip
    assert t.backward(np.ones(4))["x"].shape == X.shape
    assert bp.gradcheck(t).passed
    assert bp.trace(net, x=X, times=1).output == pytest.approx(net(X, times=1))


def halved(x, times):
    half = x / 2
    return half if times == 1 else halved(half, times - 1)


def test_a_function_of_the_module_that_calls_itself():
    t = bp.trace(halved, x=X, times=3)
    assert np.array_equal(t.output, X / 8)
    assert [group.label for group in t.groups] == ["2", "2.2"]
    assert [step.label for step in t.steps] == ["1", "2.1", "2.2.1"]


def test_generators_and_methods_run_as_they_are():
    def rows(x):
        for row in x:
            half = row / 2
            yield half

    class Layer:
        def __init__(self, w):
            self.w = w

        def forward(self, x):
            self.kept = x @ self.w
            return self.kept

    def net(x, w):
        layer = Layer(w)
        out = layer.forward(np.stack([2 * row for row in rows(x)]))
        return out

    w = RANDOM.standard_normal((3, 2))
    t = bp.trace(net, x=X, w=w)
    assert np.array_equal(t.output, net(X, w))
    assert bp.gradcheck(t).passed


# ---- functions whose source is elsewhere, or nowhere -----------------------------------------------------------------


def test_without_source_every_operation_is_a_step():
    scope = {"np": np}
    exec("def nowhere(x):\n    y = np.exp(x)\n    return y * 2", scope)
    t = bp.trace(scope["nowhere"], x=X)
    assert names(t) == ["exp", "multiply"]
    assert t.notes == ["the source of nowhere could not be read: every operation is a step"]
    assert bp.trace(eval("lambda x: np.sqrt(x * x)", scope), x=X).steps[-1].name == "sqrt"


def test_a_notebook_cell_is_a_source():
    import linecache

    text = "def cell(x):\n    # twice\n    y = 2 * x\n    return y[0] + undefined_later\n"
    file = "<cell 7>"
    linecache.cache[file] = (len(text), None, text.splitlines(keepends=True), file)
    scope = {"np": np, "undefined_later": 1.0}
    exec(compile(text, file, "exec"), scope)
    t = bp.trace(scope["cell"], x=X)
    assert [(step.name, step.caption) for step in t.steps] == [("y", "twice"), ("out", "")]
    del scope["undefined_later"]
    with pytest.raises(bp.BackpropvizError) as caught:
        bp.trace(scope["cell"], x=X)
    assert caught.value.where == "<cell 7>:4"


# ---- the same bits as without a recording ----------------------------------------------------------------------------


def test_settings_and_sizes_are_plain_numbers_to_numpy():
    def reads_settings(x, *, eps=1e-5, stride=2, flag=True, axis=(0, 1), kind="soft"):
        assert flag is True
        assert kind == "soft"
        N = x.shape[0]
        picked = x[::stride, : N // stride]
        grown = np.zeros((N, stride)) + eps
        out = np.sum(picked[0] ** stride, axis=axis[0]) * np.sum(grown) / (N * 1.0) + np.float32(0.5) * eps
        return out

    single = X.astype(np.float32)
    for x in (X, single):
        t = bp.trace(reads_settings, x=x, stride=2, axis=(0, 1))
        assert t.output.dtype == np.asarray(reads_settings(x)).dtype
        assert np.array_equal(t.output, reads_settings(x))
    assert t.settings == {"eps": 1e-5, "stride": 2, "flag": True, "axis": (0, 1), "kind": "soft"}


def test_settings_keep_their_names_in_what_is_recorded():
    def scaled(x, *, alpha=0.1):
        out = x * alpha
        return out

    t = bp.trace(scaled, x=X, alpha=0.3)
    assert t["out"].args[1].expression == Name("alpha", 0.3)


# ---- augmented assignment, and what a layer prints -------------------------------------------------------------------


def test_an_augmented_assignment_reads_as_the_assignment_it_stands_for():
    def layer(x):
        y = x * 1.5
        y -= y.mean(axis=0)
        y *= x + 2  # scaled
        y **= 2
        return y

    t = bp.trace(layer, x=X)
    assert [step.code for step in t.steps] == ["x * 1.5", "y - y.mean(axis=0)", "y * (x + 2)", "y ** 2"]
    assert t.steps[2].statement == "y *= x + 2"
    assert "# step 3: y_3 = y * (x + 2)" in t.derive()


def test_what_a_layer_prints_goes_to_stderr_and_looks_like_the_arrays(capsys):
    def talks(x):
        y = x * 2
        print("y is", y)
        return y

    bp.trace(talks, x=X)
    printed = capsys.readouterr()
    assert printed.out == ""
    assert printed.err == f"y is {X * 2}\n"


def test_a_reader_that_is_gone_is_not_the_layers_failure():
    def talks(x):
        raise BrokenPipeError(32, "Broken pipe")

    with pytest.raises(BrokenPipeError):
        bp.trace(talks, x=X)


def test_a_trace_says_in_a_line_what_it_is():
    def double(x):
        return x * 2

    t = bp.trace(double, x=X)
    assert repr(t) == "<trace of double: 1 step, out (4, 3), forward only>"
    t.backward()
    assert repr(t) == "<trace of double: 1 step, out (4, 3), backward done>"


def test_each_of_several_outputs_has_its_own_code():
    def three(x):
        y = x * 2
        return x + 1, y, np.exp(y)

    t = bp.trace(three, x=X)
    assert [(step.name, step.code) for step in t.steps] == [("y", "x * 2"), ("out", "x + 1"), ("out_2", "np.exp(y)")]
    assert [[node.primitive.name for node in step.nodes] for step in t.steps] == [["multiply"], ["add"], ["exp"]]


# ---- runs that do not end --------------------------------------------------------------------------------------------


def halved_for_ever(x):
    while True:
        x = x * 0.5


def counted_for_ever(x):
    n = 0
    while n >= 0:
        n += 1
    return x * n


@pytest.mark.parametrize(
    ("function", "made"),
    [(halved_for_ever, "1,000 operations"), (counted_for_ever, "1,000 rounds of `while n >= 0`")],
)
def test_a_run_that_does_not_end_is_stopped_by_what_it_made(monkeypatch, function, made):
    monkeypatch.setattr(Recorder, "longest", 1000)
    with pytest.raises(TraceError, match="goes on after") as refused:
        bp.trace(function, x=np.array([1.0, 2.0]))
    assert made in str(refused.value)
    assert refused.value.where.startswith("test_recording.py:")
    assert "fewer rounds" in refused.value.fix


def test_a_long_run_is_recorded(monkeypatch):
    monkeypatch.setattr(Recorder, "longest", 1000)

    def long(x):
        for _ in range(998):
            x = x * 0.9
        return x

    t = bp.trace(long, x=np.array([1.0, 2.0]))
    t.backward()  # which has more operations than the limit
    assert len(t.nodes) == 999
    assert len(t.red.nodes) > 998
