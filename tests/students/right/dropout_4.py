import numpy as np


def dropout_forward(x, dropout_param):
    p = dropout_param["p"]
    mode = dropout_param["mode"]
    if "seed" in dropout_param:
        np.random.seed(dropout_param["seed"])
    mask = np.ones_like(x)
    if mode == "train":
        keep = np.random.random_sample(x.shape) < p
        mask = keep / p
    return x * mask, (mode, mask)


def dropout_backward(dout, cache):
    mode, mask = cache
    if mode == "test":
        return dout.copy()
    return dout * mask
