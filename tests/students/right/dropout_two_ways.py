from builtins import range
import numpy as np


def dropout_forward(x, dropout_param):
    """Inverted dropout. p = prob. of keeping."""
    keep = dropout_param["p"]
    mode = dropout_param["mode"]
    if "seed" in dropout_param:
        np.random.seed(dropout_param["seed"])

    kept = None
    if mode == "train":
        u = np.random.rand(*x.shape)
        kept = u < keep
        y = x * kept
        y /= keep
    else:
        y = x

    cache = (dropout_param, kept)
    return y.astype(x.dtype, copy=False), cache


def dropout_backward(dout, cache):
    dropout_param, kept = cache
    keep = dropout_param["p"]
    if dropout_param["mode"] == "train":
        dx = dout * kept
        dx = dx / keep
    else:
        dx = dout
    return dx
