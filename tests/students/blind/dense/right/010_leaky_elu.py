import numpy as np


def leaky_relu_forward(x, alpha=0.01):
    slope = np.ones_like(x)
    slope[x < 0] = alpha
    out = slope * x
    return out, slope


def leaky_relu_backward(dout, cache):
    slope = cache
    return slope * dout


def elu_forward(x, alpha=1.0):
    out = x.copy()
    neg = x < 0
    out[neg] = alpha * (np.exp(x[neg]) - 1)
    return out, (out, neg, alpha)


def elu_backward(dout, cache):
    out, neg, alpha = cache
    dx = np.array(dout)
    dx[neg] *= out[neg] + alpha
    return dx
