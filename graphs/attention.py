"""Masked attention with several heads: every moment is a mean of what it may look at, itself and the past."""

import numpy as np


def attention(x, wq, wk, wv, wo, *, heads=2):
    T, width = x.shape[1], wq.shape[1]
    if width % heads:
        raise ValueError(f"{width} columns cannot be dealt to {heads} heads evenly: heads has to divide {width}")
    future = np.triu(np.ones((T, T), dtype=bool), 1)
    # what every moment asks for
    q = dealt(x, wq, heads)
    # what every moment is found by
    k = dealt(x, wk, heads)
    # what every moment has to say
    v = dealt(x, wv, heads)
    # how well each key answers each query
    scores = q @ k.swapaxes(-1, -2)
    # scaled: with many features the softmax stays soft
    scores /= np.sqrt(width / heads)
    # nobody looks into the future
    scores[:, :, future] = -1e9
    # how much every moment listens to every other
    weights = softmax(scores)
    # the mean of the values, with these weights
    context = weights @ v
    # the heads side by side again
    joined = gathered(context)
    # and mixed
    out = joined @ wo
    return out


def dealt(x, w, heads):
    N, T, _ = x.shape
    # new features from the old ones
    features = x @ w
    # each head gets its share of them
    shares = features.reshape(N, T, heads, -1)
    # heads come first: each works on its own
    out = shares.transpose(0, 2, 1, 3)
    return out


def gathered(context):
    N, heads, T, each = context.shape
    # moments come first again
    moments = context.transpose(0, 2, 1, 3)
    # and hold what all heads found
    out = moments.reshape(N, T, heads * each)
    return out


def softmax(scores):
    # shifted, so that no exponential overflows
    weights = np.exp(scores - np.max(scores, axis=-1, keepdims=True))
    # the weights of every moment sum to 1
    weights /= np.sum(weights, axis=-1, keepdims=True)
    return weights


ENTRY = "context"
SIZES = {"entries": {"x": (1, 3, 4), "wq": (4, 4)}}


def sample(rng, *, x=(4, 3, 6), wq=None):
    wq = wq or (x[2], 10)
    return {
        "x": rng.normal(0.0, 1.0, x),
        "wq": rng.normal(0.0, 0.5, wq),
        "wk": rng.normal(0.0, 0.5, wq),
        "wv": rng.normal(0.0, 0.5, wq),
        "wo": rng.normal(0.0, 0.5, wq[::-1]),
    }


GROUP = "attention and embedding"
