"""Sample inputs made up from parameters' names, for functions as students write them."""

import numpy as np
import pytest

import backpropviz as bp
from backpropviz.errors import LayerError
from backpropviz.layers.sampling import explain_misfit, guess, runs


def batchnorm_forward(x, gamma, beta, bn_param):
    mode = bn_param["mode"]
    eps = bn_param.get("eps", 1e-5)
    momentum = bn_param.get("momentum", 0.9)
    D = x.shape[1]
    running_mean = bn_param.get("running_mean", np.zeros(D))
    if mode == "train":
        mu = x.mean(axis=0)
        var = x.var(axis=0)
        out = gamma * (x - mu) / np.sqrt(var + eps) + beta
        bn_param["running_mean"] = momentum * running_mean
    return out, None


def affine_forward(x, w, b):
    return x.reshape(x.shape[0], -1) @ w + b


def conv_forward(x, w, b, conv_param):
    stride, pad = conv_param["stride"], conv_param["pad"]
    F, _, HH, WW = w.shape
    assert b.shape == (F,)
    x_col = bp.im2col(x, (HH, WW), stride, pad)
    return (w.reshape(F, -1) @ x_col + b[:, None]), None


def softmax_loss(x, y):
    p = np.exp(x - np.max(x, axis=1, keepdims=True))
    p = p / np.sum(p, axis=1, keepdims=True)
    return -np.mean(np.log(p[np.arange(x.shape[0]), y]))


def squared_error(predictions, targets):
    return np.mean((predictions - targets) ** 2)


def normalize(x, mean, var, eps):
    return (x - mean) / np.sqrt(var + eps)


def image(x):
    N, C, H, W = x.shape
    return x.reshape(N, C, H * W).mean(axis=2)


def sizes(x, N, D):
    return x.reshape(N, D) / N


def vector(x):
    assert x.ndim == 1
    return np.outer(x, x)


def numbers(a, b, c):
    assert np.ndim(a) == 0
    return a * b + c


def optional(x, scale=2.0, *extra, **more):
    return x * scale


@pytest.mark.parametrize(
    ("function", "shapes"),
    [
        (batchnorm_forward, {"x": (4, 3), "gamma": (3,), "beta": (3,)}),
        (affine_forward, {"x": (4, 3), "w": (3, 2), "b": (2,)}),
        (conv_forward, {"x": (2, 3, 6, 5), "w": (4, 3, 3, 2), "b": (4,)}),
        (softmax_loss, {"x": (4, 3), "y": (4,)}),
        (squared_error, {"predictions": (4, 3), "targets": (4, 3)}),
        (normalize, {"x": (4, 3), "mean": (3,), "var": (3,)}),
        (image, {"x": (2, 3, 6, 5)}),
        (sizes, {"x": (4, 3)}),
        (vector, {"x": (3,)}),
        (numbers, {"a": (), "b": (), "c": ()}),
        (optional, {"x": (4, 3)}),
    ],
    ids=lambda value: getattr(value, "__name__", ""),
)
def test_conventions(function, shapes):
    arguments = guess(function, np.random.default_rng(0), {}, "mine.py:1")
    assert {name: np.shape(arguments[name]) for name in shapes} == shapes
    assert runs(function, arguments)


def test_labels_are_whole_numbers_within_the_classes():
    labels = guess(softmax_loss, np.random.default_rng(0), {}, "")["y"]
    assert labels.dtype.kind == "i"
    assert set(labels.tolist()) <= {0, 1, 2}


def test_scales_and_variances_are_positive():
    arguments = guess(normalize, np.random.default_rng(3), {}, "")
    assert (arguments["var"] > 0).all()
    gamma = guess(batchnorm_forward, np.random.default_rng(3), {}, "")["gamma"]
    assert (gamma > 0).all()
    assert not np.allclose(gamma, 1)


def test_given_shapes_lead():
    arguments = guess(affine_forward, np.random.default_rng(0), {"x": (7, 5)}, "")
    assert [np.shape(arguments[name]) for name in ("x", "w", "b")] == [(7, 5), (5, 2), (2,)]
    arguments = guess(squared_error, np.random.default_rng(0), {"targets": (2, 9)}, "")
    assert np.shape(arguments["predictions"]) == (2, 9)


def test_dictionaries_are_left_as_they_were():
    arguments = guess(batchnorm_forward, np.random.default_rng(0), {}, "")
    assert "running_mean" not in arguments["bn_param"]


def test_giving_up_says_what_was_tried_and_why():
    def impossible(x, w):
        return x @ np.ones((17, 2)) + w

    with pytest.raises(LayerError) as caught:
        guess(impossible, np.random.default_rng(0), {}, "mine.py:7")
    message = str(caught.value)
    assert message.startswith("mine.py:7: no sample inputs could be made up for impossible (tried x (4, 3), w (3, 2): ")
    assert "ValueError: matmul" in message
    assert "--shape" in message
    assert "--input" in message


def test_a_result_that_is_not_finite_is_no_sample():
    def diverges(x):
        return np.log(-np.abs(x))

    with pytest.raises(LayerError, match=r"tried x \(4, 3\): the result is not finite"):
        guess(diverges, np.random.default_rng(0), {}, "")


def test_a_misfit_is_one_size_with_which_it_runs():
    x, w, b = np.ones((4, 3)), np.ones((5, 2)), np.ones(2)
    assert explain_misfit(affine_forward, {"x": x, "w": w, "b": b}) == (
        "w has shape (5, 2): its axis 0 is 5, but should be 3, like axis 1 of x (4, 3)"
    )
    assert explain_misfit(affine_forward, {"x": x, "w": np.ones((3, 2)), "b": np.ones(4)}) == (
        "b has shape (4,): its axis 0 is 4, but should be 2, like axis 1 of w (3, 2)"
    )


def test_no_misfit_where_two_sizes_are_wrong_or_none_is():
    assert explain_misfit(affine_forward, {"x": np.ones((4, 3)), "w": np.ones((5, 2)), "b": np.ones(9)}) is None

    def refuses(x, w):
        if (x > 0).any():
            raise ValueError("not positive, please")
        return x * w

    assert explain_misfit(refuses, {"x": np.ones(3), "w": np.ones((2, 3))}) is None
