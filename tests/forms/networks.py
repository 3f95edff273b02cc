"""Small networks with a normalization in the middle: a form within a longer chain is taken as well."""

import numpy as np


def mlp_bn(x, w1, b1, gamma, beta, w2, y, *, eps=1e-5):
    h = x @ w1 + b1
    m = h.mean(axis=0)
    v = h.var(axis=0)
    hn = (h - m) / np.sqrt(v + eps)
    a = np.maximum(0, gamma * hn + beta)
    scores = a @ w2
    e = np.exp(scores - scores.max(axis=1, keepdims=True))
    p = e / e.sum(axis=1, keepdims=True)
    return -np.mean(np.log(p[np.arange(len(y)), y]))


def sample_mlp_bn(rng, *, x=(5, 3), w1=(3, 4), w2=(4, 3)):
    return {
        "x": rng.normal(size=x),
        "w1": rng.normal(size=w1),
        "b1": rng.normal(size=w1[1]),
        "gamma": rng.uniform(0.5, 2, w1[1]),
        "beta": rng.normal(size=w1[1]),
        "w2": rng.normal(size=w2),
        "y": rng.integers(0, w2[1], x[0]),
    }


def prenorm(x, g, b, w, c, *, eps=1e-5):
    """A block of a transformer: layernorm, affine, relu, and the way around."""
    mu = np.mean(x, axis=1, keepdims=True)
    xc = x - mu
    std = np.sqrt(np.mean(xc**2, axis=1, keepdims=True) + eps)
    xn = xc / std
    z = (g * xn + b) @ w + c
    return x + np.maximum(z, 0)


def sample_prenorm(rng, *, x=(4, 5)):
    D = x[1]
    return {
        "x": rng.normal(size=x),
        "g": rng.uniform(0.5, 2, D),
        "b": rng.normal(size=D),
        "w": rng.normal(size=(D, D)),
        "c": rng.normal(size=D),
    }


def postnorm(x, w, c, g, b, *, eps=1e-5):
    """Affine, the way around, and layernorm behind it."""
    r = x + np.tanh(x @ w + c)
    mu = r.mean(axis=-1, keepdims=True)
    var = ((r - mu) ** 2).mean(axis=-1, keepdims=True)
    xhat = (r - mu) / np.sqrt(var + eps)
    out = g * xhat + b
    return out


def sample_postnorm(rng, *, x=(4, 5)):
    return sample_prenorm(rng, x=x)


def head(x, wq, wk, bq, bk, wv):
    """One head of attention: what bk adds to the scores is the same for every key."""
    q = x @ wq + bq
    k = x @ wk + bk
    v = x @ wv
    s = q @ k.T / np.sqrt(wq.shape[1])
    e = np.exp(s - np.max(s, axis=1, keepdims=True))
    a = e / np.sum(e, axis=1, keepdims=True)
    return a @ v


def sample_head(rng, *, x=(4, 5), wq=None, wv=None):
    wq, wv = wq or (x[1], 3), wv or (x[1], 2)
    return {
        "x": rng.normal(size=x), "wq": rng.normal(size=wq), "wk": rng.normal(size=wq),
        "bq": rng.normal(size=wq[1]), "bk": rng.normal(size=wq[1]), "wv": rng.normal(size=wv),
    }  # fmt: skip


def rms_swish(x, g, w, *, eps=1e-6):
    r = np.sqrt(np.mean(x**2, axis=1, keepdims=True) + eps)
    n = x / r * g
    z = n @ w
    return z / (1 + np.exp(-z))


def sample_rms_swish(rng, *, x=(4, 5), w=(5, 3)):
    return {"x": rng.normal(size=x), "g": rng.uniform(0.5, 2, w[0]), "w": rng.normal(size=w)}


def bn_sigmoid_mse(x, w, b, t, *, eps=1e-5):
    """Affine, batchnorm without a scale, sigmoid, mean squared error."""
    a = x @ w + b
    a_hat = (a - a.mean(0)) / np.sqrt(a.var(0) + eps)
    s = 1 / (1 + np.exp(-a_hat))
    loss = np.mean((s - t) ** 2)
    return loss


def sample_bn_sigmoid_mse(rng, *, x=(5, 3), w=(3, 4)):
    return {
        "x": rng.normal(size=x),
        "w": rng.normal(size=w),
        "b": rng.normal(size=w[1]),
        "t": rng.uniform(0, 1, (x[0], w[1])),
    }


def unit_logits(x, w, y):
    """Rows of length one before the classifier."""
    n = x / np.linalg.norm(x, axis=1, keepdims=True)
    scores = 5.0 * (n @ w)
    z = scores - scores.max(axis=1, keepdims=True)
    logp = z - np.log(np.exp(z).sum(axis=1, keepdims=True))
    return -logp[np.arange(len(y)), y].mean()


def sample_unit_logits(rng, *, x=(5, 3), w=(3, 4)):
    return {"x": rng.normal(size=x), "w": rng.normal(size=w), "y": rng.integers(0, w[1], x[0])}
