"""Masked attention with several heads: every moment is a mean of what it may look at, itself and the past."""

import numpy as np


def attention(x, wq, wk, wv, wo, *, heads=2):
    N, T, _ = x.shape
    width = wq.shape[1]
    if width % heads:
        raise ValueError(f"{width} columns cannot be dealt to {heads} heads evenly: heads has to divide {width}")
    # what every moment asks for
    queries = (x @ wq).reshape(N, T, heads, -1).transpose(0, 2, 1, 3)
    # what every moment is found by
    keys = (x @ wk).reshape(N, T, heads, -1).transpose(0, 2, 1, 3)
    # what it has to say
    values = (x @ wv).reshape(N, T, heads, -1).transpose(0, 2, 1, 3)
    # how well each key answers each query
    scores = queries @ keys.transpose(0, 1, 3, 2)
    # scaled: the softmax stays soft with many features
    scores /= np.sqrt(width // heads)
    # nobody looks into the future
    scores[:, :, np.triu(np.ones((T, T), dtype=bool), 1)] = -1e9
    # shifted, so that no exponential overflows
    weights = np.exp(scores - np.max(scores, axis=-1, keepdims=True))
    # the weights of every moment sum to 1
    weights /= np.sum(weights, axis=-1, keepdims=True)
    # the mean of the values, with these weights
    context = weights @ values
    # the heads side by side again
    joined = context.transpose(0, 2, 1, 3).reshape(N, T, width)
    # and mixed
    out = joined @ wo
    return out


def sample(rng, *, x=(4, 3, 6), wq=None):
    wq = wq or (x[2], 10)
    return {
        "x": rng.normal(0.0, 1.0, x),
        "wq": rng.normal(0.0, 0.5, wq),
        "wk": rng.normal(0.0, 0.5, wq),
        "wv": rng.normal(0.0, 0.5, wq),
        "wo": rng.normal(0.0, 0.5, wq[::-1]),
    }
