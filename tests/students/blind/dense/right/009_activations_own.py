"""Extra activations for the project."""
import numpy as np


def sigmoid_forward(x):
    out = 1. / (1. + np.exp(-x))
    cache = out
    return out, cache


def sigmoid_backward(dout, cache):
    s = cache
    dx = dout * s * (1. - s)
    return dx


def tanh_forward(x):
    out = np.tanh(x)
    cache = (x, out)
    return out, cache


def tanh_backward(dout, cache):
    x, t = cache
    dx = (1. - t * t) * dout
    return dx


def softplus_forward(x):
    out = np.log1p(np.exp(-np.abs(x))) + np.maximum(x, 0)
    return out, x


def softplus_backward(dout, cache):
    x = cache
    dx = dout / (1. + np.exp(-x))
    return dx
