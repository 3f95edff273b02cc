import numpy as np


def l2norm_forward(x, eps=1e-8):
    """Normalise every row of x to length 1."""
    sq = x ** 2
    ss = np.sum(sq, axis=1, keepdims=True)
    norm = np.sqrt(ss + eps)
    inv = 1.0 / norm
    out = x * inv
    cache = (x, norm, inv)
    return out, cache


def l2norm_backward(dout, cache):
    x, norm, inv = cache

    # out = x * inv
    dx1 = dout * inv
    dinv = np.sum(dout * x, axis=1, keepdims=True)

    # inv = 1 / norm
    dnorm = -dinv / norm ** 2

    # norm = sqrt(ss)
    dss = 0.5 * dnorm / norm

    # ss = sum of squares
    dx2 = 2 * x * dss

    dx = dx1 + dx2
    return dx


def mse_loss(pred, target):
    diff = pred - target
    loss = np.mean(diff ** 2)
    dpred = 2.0 * diff / diff.size
    return loss, dpred
