"""Layers as classes, and functions that take what holds arrays: every array is an input by a name of its own."""

import copy
import dataclasses
import functools
import textwrap
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import backpropviz as bp
from backpropviz.code import shelves
from backpropviz.code.derive import derive, written
from backpropviz.engine.holders import Flat
from backpropviz.errors import InputError, LayerError
from backpropviz.layers.library import load
from backpropviz.study.gradcheck import gradcheck

NET = '''
"""A file of layers."""
import numpy as np


class Linear:
    """x @ W + b"""

    def __init__(self, n_in, n_out):
        self.W = 0.3 * np.random.randn(n_in, n_out)
        self.b = np.zeros(n_out)
        self.n_in, self.n_out = n_in, n_out

    def forward(self, x):
        self.x = x
        # scores of every class
        self.out = x @ self.W + self.b
        return self.out

    def backward(self, dout):
        self.dW = self.x.T @ dout
        return dout @ self.W.T


class ReLU:
    def forward(self, x):
        self.mask = x > 0
        return x * self.mask


class BatchNorm:
    def __init__(self, dim, eps=1e-5, momentum=0.9):
        self.gamma, self.beta = np.ones(dim), np.zeros(dim)
        self.eps, self.momentum = eps, momentum
        self._running_mean = np.zeros(dim)

    def __call__(self, x):
        self.N, self.D = x.shape
        mu = x.sum(axis=0) / self.N
        self._running_mean = self.momentum * self._running_mean + (1 - self.momentum) * mu
        xmu = x - mu
        var = np.mean(xmu ** 2, axis=0)
        return self.gamma * xmu / np.sqrt(var + self.eps) + self.beta


class Net:
    def __init__(self, sizes):
        self.layers = [Linear(a, b) for a, b in zip(sizes[:-1], sizes[1:])]
        self.relu = ReLU()

    def forward(self, x):
        for layer in self.layers[:-1]:
            x = self.relu.forward(layer.forward(x))
        return self.layers[-1].forward(x)


class TwoLayerNet:
    def __init__(self, input_size, hidden_size, num_classes, std=0.5):
        self.params = {"W1": std * np.random.randn(input_size, hidden_size), "b1": np.zeros(hidden_size)}
        self.params["W2"] = std * np.random.randn(hidden_size, num_classes)
        self.params["b2"] = np.zeros(num_classes)

    def loss(self, X, y, reg=0.1):
        W1, b1 = self.params["W1"], self.params["b1"]
        hidden = np.maximum(0, X.dot(W1) + b1)
        scores = hidden.dot(self.params["W2"]) + self.params["b2"]
        e = np.exp(scores - scores.max(axis=1, keepdims=True))
        p = e / e.sum(axis=1, keepdims=True)
        N = X.shape[0]
        return -np.log(p[np.arange(N), y]).sum() / N + reg * np.sum(W1 * W1)


class Base:
    def __init__(self, dim):
        self.__scale = np.ones(dim)

    def forward(self, x):
        return x * self.__scale


class Derived(Base):
    def __init__(self, dim):
        super().__init__(dim)
        self.shift = np.zeros(dim)

    def forward(self, x):
        return super().forward(x) + self.shift


class Static:
    @staticmethod
    def forward(x, w):
        return np.maximum(x @ w, 0)


class OfClass:
    factor = 2.0

    @classmethod
    def forward(cls, x):
        return x * cls.factor


class Slotted:
    __slots__ = ("w",)

    def __init__(self, dim):
        self.w = np.ones(dim)

    def __call__(self, x):
        return x * self.w


class Unbuilt:
    def __init__(self, dim):
        raise RuntimeError("no GPU")

    def forward(self, x):
        return x
'''


@pytest.fixture(scope="module")
def net(tmp_path_factory):
    path = tmp_path_factory.mktemp("net") / "net.py"
    path.write_text(NET)
    return str(path)


def derived_gradients(trace):
    """What the derived code returns, by name, when it is run on its own."""
    code, scope = written(trace), {}
    exec(str(code), scope)
    made = [array for name, array in trace.constants.values() if isinstance(name, str) and name in str(code)]
    return shelves.by_input(trace, code, scope[code.name](*shelves.given(trace, code), *made))


def steps(trace):
    return [(step.label, step.name) for step in trace.steps]


LAYERS = {
    "Linear": ("x", "W", "b"),
    "Linear.forward": ("x", "W", "b"),
    "ReLU": ("x",),
    "BatchNorm": ("x", "gamma", "beta", "running_mean"),
    "Net": ("x", "layers_0_W", "layers_0_b", "layers_1_W", "layers_1_b"),
    "TwoLayerNet": ("X", "W1", "b1", "W2", "b2"),
    "Derived": ("x", "scale", "shift"),
    "Static": ("x", "w"),
    "OfClass": ("x",),
    "Slotted": ("x", "w"),
}


@pytest.mark.parametrize("name", LAYERS)
def test_a_class_is_a_function_of_what_it_holds(net, name):
    trace = load(f"{net}:{name}").trace()
    assert tuple(n for n, node in trace.inputs.items() if node.value.dtype.kind == "f") == LAYERS[name]
    trace.backward()
    assert gradcheck(trace).passed
    for gradient, value in derived_gradients(trace).items():
        np.testing.assert_allclose(value, trace.grad[gradient], rtol=1e-10, atol=1e-12)


@pytest.mark.parametrize("name", LAYERS)
def test_the_same_object_is_made_again(net, name):
    one, other = load(f"{net}:{name}").trace(), load(f"{net}:{name}").trace()
    assert one.output.tobytes() == other.output.tobytes()
    assert all(one[n].value.tobytes() == other[n].value.tobytes() for n in one.inputs)


def test_what_a_constructor_fills_with_one_number_is_drawn(net):
    trace = load(f"{net}:BatchNorm").trace()
    for name in ("gamma", "beta", "running_mean"):
        assert np.ptp(trace[name].value) > 0
    assert (trace["gamma"].value > 0).all()


@pytest.mark.parametrize("asked", ["x", "self.x"])
def test_a_constructor_may_take_the_data(tmp_path, asked):
    """What it asks for its shape, as it is or as it keeps it, is an array; other parameters of it are sizes."""
    path = tmp_path / "fitted.py"
    path.write_text(
        "import numpy as np\nclass Fitted:\n    def __init__(self, x, n_out):\n        self.x = x\n"
        f"        self.w = np.random.rand({asked}.shape[1], n_out)\n"
        "    def forward(self):\n        return np.tanh(self.x @ self.w)\n",
        encoding="utf-8",
    )
    trace = load(f"{path}:Fitted").trace()
    assert [node.value.ndim for node in trace.inputs.values()] == [2, 2]
    trace.backward()
    assert gradcheck(trace).passed


def test_sizes_and_shapes_can_be_given(net):
    layer = load(f"{net}:Linear")
    assert layer.trace({"n_in": 4, "n_out": 6}).inputs["W"].shape == (4, 6)
    assert layer.trace({"n_out": 6}).inputs["W"].shape == (3, 6)
    assert layer.trace(shapes={"x": (7, 5)}).inputs["W"].shape == (5, 2)
    trace = layer.trace(shapes={"W": (7, 5)})
    assert [node.shape for node in trace.inputs.values()] == [(4, 7), (7, 5), (5,)]
    W = np.random.default_rng(0).normal(size=(7, 5))
    assert layer.trace({"W": W})["W"].value.tobytes() == W.tobytes()
    sizes = load(f"{net}:Net").trace({"sizes": [6, 3, 5, 2]}).inputs
    assert [node.shape for node in sizes.values()][1::2] == [(6, 3), (3, 5), (5, 2)]


@pytest.mark.parametrize(
    ("name", "arguments", "message"),
    [
        (
            "Linear",
            {"n_im": 3},
            "Linear has no input or setting 'n_im' (did you mean 'n_in'?)\n  It takes n_in, n_out, x",
        ),
        ("Linear", {"V": np.ones(3)}, "It takes n_in, n_out, x, W, b."),
        ("Unbuilt", {}, "RuntimeError: no GPU"),
    ],
)
def test_refusals_name_what_there_is(net, name, arguments, message):
    with pytest.raises((InputError, LayerError)) as caught:
        load(f"{net}:{name}").trace(arguments)
    assert message in str(caught.value)


@pytest.mark.parametrize(
    ("wanted", "message"),
    [
        ("Lin", "net.py has no function 'Lin'\n  Functions and classes it has: Linear."),
        ("Linear.foward", "Linear in net.py has no method 'foward'\n  Methods it has: backward, forward."),
    ],
)
def test_names_that_are_not_there(net, wanted, message):
    with pytest.raises(LayerError) as caught:
        load(f"{net}:{wanted}")
    assert message in str(caught.value)


def test_of_several_layers_one_has_to_be_chosen(net):
    path = Path(net).with_name("several.py")
    path.write_text(NET)
    with pytest.raises(LayerError) as caught:
        load(str(path))
    assert f"several.py defines 8 classes; say which:\n  {path}:BatchNorm\n  {path}:Net\n" in str(caught.value)
    assert load(net).name == "Net" == load(net).trace().function  # called like the file


def test_a_file_with_one_layer_needs_no_name(tmp_path):
    path = tmp_path / "mine.py"
    path.write_text(NET[: NET.index("class ReLU")])
    assert load(str(path)).name == "Linear"
    assert load(str(path)).trace().function == "Linear"


def test_attributes_are_steps_and_settings_like_names(net):
    trace = load(f"{net}:Linear").trace()
    assert steps(trace) == [("1", "x_2"), ("2", "out")]
    assert trace.steps[1].caption == "scores of every class"
    assert trace.steps[1].statement == "self.out = x @ self.W + self.b"
    norm = load(f"{net}:BatchNorm").trace()
    assert steps(norm) == [("1", "mu"), ("2", "running_mean_2"), ("3", "xmu"), ("4", "var"), ("5", "out")]
    norm.backward()
    code = derive(norm)
    assert "eps=1e-5" in code
    assert "N, D = x.shape" in code
    assert "self" not in "".join(line for line in code.splitlines() if not line.lstrip().startswith("#"))


def test_a_network_is_groups_within_groups(net):
    text = NET + textwrap.dedent(
        """
        class Deep:
            def __init__(self, dim):
                self.net = Net([dim, 4, 2])

            def forward(self, x):
                y = self.net.forward(x)
                return y
        """
    )
    path = Path(net).with_name("deep.py")
    path.write_text(text)
    trace = load(f"{path}:Deep").trace()
    assert [(g.label, g.function, g.parent and g.parent.function) for g in trace.groups] == [
        ("1", "Net", None),
        ("1.1", "Linear", "Net"),
        ("1.2", "ReLU", "Net"),
        ("1.3", "Linear", "Net"),
    ]
    assert {"layers_0_W", "layers_1_b"} <= set(trace.inputs)


# ---- objects that are there ------------------------------------------------------------------------------------------


class Affine:
    def __init__(self, random):
        self.W, self.b = random.normal(size=(3, 2)), random.normal(size=2)
        self.rng = np.random.default_rng(3)
        self.counts = np.zeros(4, dtype=int)
        self.seen = []

    def forward(self, x):
        self.x = x
        self.counts[0] += 1
        self.seen.append("x")
        noise = self.rng.normal(size=(3, 2))
        self.W += noise * 0.1
        self.out = x @ self.W + self.b
        return self.out


X = np.random.default_rng(1).normal(size=(4, 3))


@pytest.mark.parametrize("how", [lambda layer: layer.forward, lambda layer: layer])
def test_an_object_is_left_as_it_was(how):
    layer = Affine(np.random.default_rng(0))
    before = copy.deepcopy(vars(layer))
    expected = copy.deepcopy(layer).forward(X)
    trace = bp.trace(how(layer), x=X)
    np.testing.assert_array_equal(trace.output, expected)
    assert set(trace.inputs) == {"x", "W", "b"}
    assert set(vars(layer)) == set(before)
    for name, value in before.items():
        if isinstance(value, np.ndarray):
            np.testing.assert_array_equal(getattr(layer, name), value)
    assert layer.seen == []
    assert layer.rng.bit_generator.state == before["rng"].bit_generator.state
    gradients = trace.backward(np.ones((4, 2)))
    np.testing.assert_allclose(gradients["W"], X.T @ np.ones((4, 2)))


def test_what_the_last_call_left_behind_is_no_input():
    layer = Affine(np.random.default_rng(0))
    layer.forward(X)
    assert set(bp.trace(layer, x=X).inputs) == {"x", "W", "b"}


def test_one_array_under_two_names_is_one_input():
    class Tied:
        def __init__(self):
            self.W = np.random.default_rng(0).normal(size=(3, 3))
            self.params = [self.W]

        def forward(self, x):
            return x @ self.W @ self.params[0]

    trace = bp.trace(Tied(), x=X)
    assert list(trace.inputs) == ["x", "W"]
    trace.backward()
    assert gradcheck(trace).passed


def test_what_is_no_layer_is_refused():
    for thing, what in ((Affine, "the class Affine"), (3, "a int"), (np.tanh, "a ufunc")):
        with pytest.raises(LayerError, match=f"{what} is no layer"):
            bp.trace(thing, x=X)


# ---- dictionaries, lists and dataclasses -----------------------------------------------------------------------------


@dataclasses.dataclass(frozen=True)
class Parameters:
    W: np.ndarray
    b: np.ndarray
    eps: float = 1e-3


def of_dictionary(x, parameters):
    W1, b1 = parameters["W1"], parameters["b1"]
    hidden = np.tanh(x @ W1 + b1)
    return hidden @ parameters["W2"] + parameters["b2"]


def of_computed_keys(x, params):
    for i in range(1, len(params) // 2 + 1):
        x = np.tanh(x @ params["W" + str(i)] + params[f"b{i}"])
    return x


def of_pairs(x, layers):
    for W, b in layers:
        x = np.tanh(x @ W + b)
    return x


def of_two_lists(x, weights, biases):
    for W, b in zip(weights, biases):
        x = np.tanh(x @ W + b)
    return x


def of_an_unpacked_list(x, params):
    W1, b1, W2, b2 = params
    return np.tanh(x @ W1 + b1) @ W2 + b2


def of_positions(x, params):
    return x @ params[0] + params[1]


def of_a_dataclass(x, p: Parameters):
    return x @ p.W + p.b + p.eps


def of_settings(x, gamma, beta, bn_param):
    mode, momentum = bn_param["mode"], bn_param.get("momentum", 0.9)
    eps = dict(bn_param)["eps"]
    if mode == "test":
        return x * bn_param["running_var"]
    mu, var = x.mean(axis=0), x.var(axis=0)
    bn_param["running_mean"] = momentum * mu
    return gamma * (x - mu) / np.sqrt(var + eps) + beta, bn_param["mode"]


def of_pooling(x, pool_param):
    size, stride = pool_param.get("pool_height"), pool_param["stride"]
    return x[:, :, ::stride, ::stride] * size


def of_arguments(*xs):
    return xs[0] * xs[1]


TAKES = {
    of_dictionary: ("x", "W1", "b1", "W2", "b2"),
    of_computed_keys: ("x", "W1", "b1", "W2", "b2"),
    of_pairs: ("x", "layers_0_0", "layers_0_1", "layers_1_0", "layers_1_1"),
    of_two_lists: ("x", "weights_0", "weights_1", "biases_0", "biases_1"),
    of_an_unpacked_list: ("x", "params_0", "params_1", "params_2", "params_3"),
    of_positions: ("x", "params_0", "params_1"),
    of_a_dataclass: ("x", "W", "b"),
    of_settings: ("x", "gamma", "beta"),
    of_pooling: ("x",),
    of_arguments: ("xs_0", "xs_1"),
}


@pytest.mark.parametrize("function", TAKES, ids=lambda f: f.__name__)
def test_what_holds_arrays_is_made_up_and_named(function):
    trace = load(f"{__file__}:{function.__name__}").trace()
    assert tuple(trace.inputs) == TAKES[function]
    for name, node in trace.inputs.items():
        assert 1 not in node.shape, name
    trace.backward()
    assert gradcheck(trace).passed
    for gradient, value in derived_gradients(trace).items():
        np.testing.assert_allclose(value, trace.grad[gradient], rtol=1e-10, atol=1e-12)


def test_dictionaries_of_settings_hold_the_keys_that_are_read():
    assert load(f"{__file__}:of_settings").arguments()["bn_param"] == {"mode": "train", "eps": 1e-5}
    assert load(f"{__file__}:of_pooling").arguments()["pool_param"] == {"pool_height": 2, "stride": 2}


def test_given_dictionaries_are_left_as_they_were():
    settings = {"mode": "train", "eps": 1e-3}
    trace = bp.trace(of_settings, x=X, gamma=np.ones(3), beta=np.zeros(3), bn_param=settings)
    assert settings == {"mode": "train", "eps": 1e-3}
    assert trace.returned[1] == "train"
    weights = {"W1": np.ones((3, 2)), "b1": np.ones(2), "W2": np.ones((2, 2)), "b2": np.ones(2), "lr": 0.1}
    trace = bp.trace(of_dictionary, x=X, parameters=weights)
    assert list(trace.inputs) == ["x", "W1", "b1", "W2", "b2"]
    assert set(weights) == {"W1", "b1", "W2", "b2", "lr"}
    np.testing.assert_array_equal(trace.output, of_dictionary(X, weights))


def test_arrays_in_a_dictionary_have_shapes_by_name():
    trace = load(f"{__file__}:of_dictionary").trace(shapes={"W2": (5, 7)})
    assert [node.shape for node in trace.inputs.values()] == [(4, 3), (3, 5), (5,), (5, 7), (7,)]
    with pytest.raises(InputError, match="It takes x, parameters, W1, b1, W2, b2"):
        load(f"{__file__}:of_dictionary").trace(shapes={"W9": (5, 7)})


NAMES = st.sampled_from(["W", "b", "gamma", "_w", "1st", "data", "lambda", "x", "a b", 0, 1, ("W", 2)])
HELD = st.recursive(
    st.builds(lambda n: np.arange(1.0, n + 2), st.integers(0, 2)),
    lambda inner: st.one_of(
        st.dictionaries(NAMES, inner, max_size=3),
        st.lists(inner, max_size=3),
        st.tuples(inner, inner),
        st.dictionaries(st.sampled_from(["W", "_b", "data"]), inner, max_size=2).map(lambda d: SimpleNamespace(**d)),
    ),
    max_leaves=8,
)


def everything(x, held):
    """x times every array that is held, in order."""
    waiting = [held]
    while waiting:
        part = waiting.pop(0)
        if isinstance(part, dict):
            waiting += part.values()
        elif isinstance(part, list | tuple):
            waiting += part
        elif isinstance(part, SimpleNamespace):
            waiting += vars(part).values()
        else:
            x = x * np.sum(part)
    return x


@given(held=HELD)
def test_every_array_has_a_name_and_its_place(held):
    flat = Flat(everything, {"held": held})
    names = [*flat.arrays, *flat.numbers]
    assert len(set(names)) == len(names)
    assert all(name.isidentifier() for name in names)
    assert not {"x", "held"} & set(names)
    assert flat(x=2.0) == everything(2.0, held)
    doubled = flat(x=2.0, **{name: 2 * array for name, array in flat.arrays.items()})
    assert doubled == everything(2.0, held) * 2 ** len(flat.arrays)
    assert flat(x=2.0) == everything(2.0, held)  # nothing was changed


# ---- functions of every kind -----------------------------------------------------------------------------------------


def doubled(function):
    @functools.wraps(function)
    def inner(*args, **kwargs):
        y = function(*args, **kwargs)
        return 2 * y

    return inner


@doubled
def decorated(x, w):
    z = x @ w
    return np.tanh(z)


def nested(x, w):
    def inner(t):
        s = 2 * t
        return s + 1

    act = lambda t: np.tanh(t)
    return act(inner(x @ w))


def generated(x):
    def parts(x):
        for i in range(3):
            y = x * i
            yield y

    total = 0
    for part in parts(x):
        total = total + part
    return total


def recursive(x, depth=3):
    if depth == 0:
        return x
    return recursive(x * x, depth - 1)


def endless(x):
    return endless(x * 2)


swish = lambda x: x / (1 + np.exp(-x))


@functools.lru_cache
def cached(n):
    return np.arange(1.0, n + 1)


def with_cache(x):
    return x * cached(3)


def with_partial(x):
    power = functools.partial(np.power, x)
    return power(2)


@pytest.mark.parametrize(
    "name", ["decorated", "nested", "generated", "recursive", "swish", "with_cache", "with_partial"]
)
def test_functions_of_every_kind(name):
    trace = load(f"{__file__}:{name}").trace()
    trace.backward()
    assert gradcheck(trace).passed
    for gradient, value in derived_gradients(trace).items():
        np.testing.assert_allclose(value, trace.grad[gradient], rtol=1e-10, atol=1e-12)


def test_endless_recursion_is_one_sentence_with_its_line():
    line = endless.__code__.co_firstlineno + 1
    with pytest.raises(LayerError) as caught:
        bp.trace(endless, x=X)
    assert str(caught.value).startswith(f"test_classes.py:{line}: endless failed with RecursionError")


def test_of_two_lambdas_on_a_line_the_one_that_is_meant():
    one, other = (lambda x: x * 2), (lambda x: np.tanh(x))
    assert [step.code for step in bp.trace(one, x=X).steps] == ["x * 2"]
    assert [step.code for step in bp.trace(other, x=X).steps] == ["np.tanh(x)"]


def test_what_was_traced_can_be_traced_again():
    first = bp.trace("mlp")
    again = bp.trace(first.callable, **{name: 2 * node.value for name, node in first.inputs.items()})
    assert [step.name for step in again.steps] == [step.name for step in first.steps]
    assert not np.array_equal(again.output, first.output)
