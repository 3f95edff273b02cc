"""Batch normalization in training mode, as the nine-step circuit."""

import numpy as np


def batchnorm(x, gamma, beta, *, eps=1e-5):
    # the mean of every feature over the batch
    mu = np.mean(x, axis=0)
    # how far every example is from it
    xmu = x - mu
    # squared, so that both directions count
    sq = xmu**2
    # the variance of every feature
    var = np.mean(sq, axis=0)
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
    return out


def sample(rng, *, x=(4, 3)):
    features = x[1]
    return {
        "x": rng.normal(1.0, 2.0, x),
        "gamma": rng.uniform(0.5, 2.0, features),
        "beta": rng.normal(0.0, 1.0, features),
    }
