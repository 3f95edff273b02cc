"""Functions whose backward pass has a short form, as people write them: activations."""

import numpy as np


def gelu_line(x):
    return 0.5 * x * (1 + np.tanh(np.sqrt(2 / np.pi) * (x + 0.044715 * x**3)))


def gelu_named(x):
    c = np.sqrt(2 / np.pi)
    inner = c * (x + 0.044715 * np.power(x, 3))
    t = np.tanh(inner)
    out = 0.5 * x * (1 + t)
    return out


def swish(x):
    s = 1 / (1 + np.exp(-x))
    return x * s


def swish_beta(x, *, beta=1.5):
    sig = 1.0 / (1.0 + np.exp(-beta * x))
    out = x * sig
    return out


def silu_line(x):
    return x / (1 + np.exp(-x))


def softplus(x):
    return np.log(1 + np.exp(x))


def softplus_stable(x):
    big = np.maximum(x, 0)
    small = np.log1p(np.exp(-np.abs(x)))
    return big + small


def softplus_logaddexp(x):
    out = np.logaddexp(0, x)
    return out


def sigm(z):
    return 1 / (1 + np.exp(-z))


def tanh_exp(x):
    ep = np.exp(x)
    en = np.exp(-x)
    out = (ep - en) / (ep + en)
    return out


def mish(x):
    sp = np.log(1 + np.exp(x))
    t = np.tanh(sp)
    return x * t


def logcosh(x):
    return np.mean(np.log(np.cosh(x)))
