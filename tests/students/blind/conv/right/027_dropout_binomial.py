import numpy as np
import os, sys


def dropout_forward(x, dropout_param):
    mode = dropout_param["mode"]
    drop_prob = dropout_param["p"]
    retain_prob = 1.0 - drop_prob
    if "seed" in dropout_param:
        np.random.seed(dropout_param["seed"])

    if mode == "train":
        kept = np.random.binomial(1, retain_prob, size=x.shape)
        scale = 1.0 / retain_prob
        out = x * kept * scale
    else:
        kept, scale = np.ones(x.shape), 1.0
        out = np.array(x)

    return out, (kept, scale)


def dropout_backward(dout, cache):
    kept, scale = cache
    dx = np.multiply(dout, kept)
    dx = dx * scale
    return dx


if __name__ == "__main__":
    a = np.arange(12.).reshape(3, 4)
    print(dropout_forward(a, {"mode": "train", "p": 0.5, "seed": 0})[0])
