"""Group normalization: an image's channels in G groups, each normalized on its own."""

import numpy as np


def groupnorm(x, gamma, beta, *, G=3, eps=1e-5):
    N, C, H, W = x.shape
    if G < 1 or C % G:
        raise ValueError(f"{C} channels cannot be dealt into {G} groups evenly: G has to divide {C}")
    # neighbouring channels form a group
    grouped = x.reshape(N, G, C // G, H, W)
    # the mean of every group of every image
    mu = np.mean(grouped, axis=(2, 3, 4), keepdims=True)
    # how far every pixel is from it
    xmu = grouped - mu
    # squared, so that both directions count
    sq = xmu**2
    # the variance of every group
    var = np.mean(sq, axis=(2, 3, 4), keepdims=True)
    # the standard deviation; eps keeps it away from zero
    sqrtvar = np.sqrt(var + eps)
    # inverted once, so that the next step is a product
    ivar = 1 / sqrtvar
    # every group now has mean 0 and variance 1
    xhat = xmu * ivar
    # the groups become channels again
    channels = xhat.reshape(N, C, H, W)
    # every channel gets a scale of its own
    gammax = gamma[:, None, None] * channels
    # and a mean of its own
    out = gammax + beta[:, None, None]
    return out


def groupnorm_rows(x, gamma, beta, *, G=3, eps=1e-5):
    """Every group becomes a row, and is normalized like an example of layernorm."""
    N, C, H, W = x.shape
    rows = x.reshape(N * G, -1)
    mu = np.mean(rows, axis=1, keepdims=True)
    var = np.mean((rows - mu) ** 2, axis=1, keepdims=True)
    xmu = rows - mu
    sqrtvar = np.sqrt(var + eps)
    xhat = (xmu / sqrtvar).reshape(N, C, H, W)
    out = gamma.reshape(1, C, 1, 1) * xhat + beta.reshape(1, C, 1, 1)
    return out


ALTERNATIVES = {"forward": [groupnorm_rows]}
SIZES = {"entries": {"x": (1, 4, 2, 2), "G": 2}}


def sample(rng, *, x=(2, 6, 5, 4)):
    channels = x[1]
    return {
        "x": rng.normal(1.0, 2.0, x),
        "gamma": rng.uniform(0.5, 2.0, channels),
        "beta": rng.normal(0.0, 1.0, channels),
    }


GROUP = "normalization"
