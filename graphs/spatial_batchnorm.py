"""Batch normalization for images: every channel is a feature, every pixel an example."""

import numpy as np
from batchnorm import batchnorm


def spatial_batchnorm(x, gamma, beta, *, eps=1e-5, mode="train", momentum=0.9, running_mean=None, running_var=None):
    N, C, H, W = x.shape
    # channels go last: a bare reshape would mix them with pixels
    last = x.transpose(0, 2, 3, 1)
    # every pixel of every image becomes a row
    rows = last.reshape(N * H * W, C)
    settings = {"eps": eps, "mode": mode, "running_mean": running_mean, "running_var": running_var}
    learns = mode == "train" and running_mean is not None
    if learns:
        # each channel is normalized, and its averages are updated
        normed, next_mean, next_var = batchnorm(rows, gamma, beta, momentum=momentum, **settings)
    else:
        # each channel is normalized over all images and pixels
        normed = batchnorm(rows, gamma, beta, **settings)
    # the rows become images again
    image = normed.reshape(N, H, W, C)
    # and the channels go back to their place
    out = image.transpose(0, 3, 1, 2)
    return (out, next_mean, next_var) if learns else out


def spatial_batchnorm_axes(x, gamma, beta, *, eps=1e-5):
    """The images stay images: means over three axes at once."""
    mu = np.mean(x, axis=(0, 2, 3), keepdims=True)
    var = np.mean((x - mu) ** 2, axis=(0, 2, 3), keepdims=True)
    xmu = x - mu
    sqrtvar = np.sqrt(var + eps)
    xhat = xmu / sqrtvar
    out = gamma[:, None, None] * xhat + beta[:, None, None]
    return out


ALTERNATIVES = {"forward": [spatial_batchnorm_axes]}
SIZES = {"entries": {"x": (2, 2, 2, 2)}}


def sample(rng, *, x=(2, 3, 5, 4), mode="train", momentum=None):
    channels = x[1]
    inputs = {
        "x": rng.normal(1.0, 2.0, x),
        "gamma": rng.uniform(0.5, 2.0, channels),
        "beta": rng.normal(0.0, 1.0, channels),
    }
    if mode == "test" or momentum is not None:
        inputs["running_mean"] = rng.normal(1.0, 0.5, channels)
        inputs["running_var"] = rng.uniform(2.0, 6.0, channels)
    return inputs


GROUP = "normalization"
