"""Batch normalization, the nine-step circuit.

Given running averages, train mode also moves them a little towards the batch's mean and variance, beside the graph;
test mode normalizes by them.
"""

import numpy as np

from backpropviz import stop_gradient


def batchnorm(x, gamma, beta, *, eps=1e-5, mode="train", momentum=0.9, running_mean=None, running_var=None):
    if mode not in ("train", "test"):
        raise ValueError(f"mode is {mode!r}: it can be 'train' or 'test'")
    if mode == "test" and (running_mean is None or running_var is None):
        raise ValueError("test mode normalizes by running_mean and running_var: give both")
    if mode == "train":
        # the mean of every feature over the batch
        mu = np.mean(x, axis=0)
        # how far every example is from it
        xmu = x - mu
        # squared, so that both directions count
        sq = xmu**2
        # the variance of every feature
        var = np.mean(sq, axis=0)
    else:
        # the mean kept while training: it gets no gradient
        mu = stop_gradient(running_mean)
        # how far every example is from it
        xmu = x - mu
        # the variance kept while training: none either
        var = stop_gradient(running_var)
    # the standard deviation; eps keeps it away from zero
    sqrtvar = np.sqrt(var + eps)
    # inverted once, so that the next step is a product
    ivar = 1 / sqrtvar
    # every feature now has mean 0 and variance 1
    xhat = xmu * ivar
    # let the network choose another scale
    gammax = gamma * xhat
    # and another mean
    out = gammax + beta
    if mode == "test" or running_mean is None:
        return out
    # for test mode, a slow average of the means; out ignores it
    next_mean = momentum * running_mean + (1 - momentum) * mu
    # and one of the variances
    next_var = momentum * running_var + (1 - momentum) * var
    return out, next_mean, next_var


def batchnorm_paper(x, gamma, beta, *, eps=1e-5):
    """The paper's formulas: a power of the variance in place of root and quotient."""
    N = len(x)
    mu = np.sum(x, axis=0) / N
    var = np.sum((x - mu) ** 2, axis=0) / N
    ivar = (var + eps) ** -0.5
    xmu = x - mu
    xhat = xmu * ivar
    out = gamma * xhat + beta
    return out


def batchnorm_divided(x, gamma, beta, *, eps=1e-5):
    """NumPy's variance, and a quotient in place of the inverse."""
    sqrtvar = np.sqrt(np.var(x, axis=0) + eps)
    xhat = (x - np.mean(x, axis=0)) / sqrtvar
    out = gamma * xhat + beta
    return out


def batchnorm_backward_naive(dout, gamma, xmu, var, ivar, xhat, *, eps=1e-5):
    """The paper's formulas, one after the other: first for the variance, then for the mean, then for x."""
    N = len(dout)
    dxhat = dout * gamma
    dvar = -0.5 * np.sum(dxhat * xmu, axis=0) * (var + eps) ** -1.5
    dmu = -np.sum(dxhat * ivar, axis=0) - 2 * dvar * np.mean(xmu, axis=0)
    dx = dxhat * ivar + 2 * dvar * xmu / N + dmu / N
    return dx, np.sum(dout * xhat, axis=0), np.sum(dout, axis=0)


def batchnorm_backward_simplified(dout, gamma, ivar, xhat):
    """The same with mean and variance eliminated: what is left of dxhat without its mean and its part along xhat."""
    N = len(dout)
    dgamma = np.sum(dout * xhat, axis=0)
    dbeta = np.sum(dout, axis=0)
    dx = gamma * ivar / N * (N * dout - dbeta - xhat * dgamma)
    return dx, dgamma, dbeta


ALTERNATIVES = {
    "forward": [batchnorm_paper, batchnorm_divided],
    "backward": [batchnorm_backward_naive, batchnorm_backward_simplified],
}
# what a student's report on this experiment measured
REPORTED = {"batchnorm_backward_simplified": 2.17}
SIZES = {"compare": {"x": (128, 64)}, "elements": {"x": (3, 2)}}


def sample(rng, *, x=(4, 3), mode="train", momentum=None):
    features = x[1]
    inputs = {
        "x": rng.normal(1.0, 2.0, x),
        "gamma": rng.uniform(0.5, 2.0, features),
        "beta": rng.normal(0.0, 1.0, features),
    }
    if mode == "test" or momentum is not None:
        inputs["running_mean"] = rng.normal(1.0, 0.5, features)
        inputs["running_var"] = rng.uniform(2.0, 6.0, features)
    return inputs


GROUP = "normalization"
