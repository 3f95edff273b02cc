"""Functions whose backward pass has a short form, each in one line or in a few, by calls and methods."""

import numpy as np


def bn_one(x, gamma, beta, *, eps=1e-5):
    return gamma * (x - x.mean(axis=0)) / np.sqrt(x.var(axis=0) + eps) + beta


def bn_keep(x, gamma, beta, *, eps=1e-5):
    mu = x.mean(0, keepdims=True)
    out = gamma * (x - mu) * (np.mean((x - mu) ** 2, axis=0, keepdims=True) + eps) ** -0.5 + beta
    return out


def bn_two(X, gamma, beta, *, eps=1e-5):
    Xhat = (X - np.mean(X, axis=0)) / np.sqrt(np.var(X, axis=0) + eps)
    return gamma * Xhat + beta


def bn_power(x, gamma, beta, *, eps=1e-5):
    d = x - x.mean(0)
    return gamma * (d / (np.mean(np.square(d), 0) + eps) ** 0.5) + beta


def ln_one(x, g, b, *, eps=1e-5):
    return g * (x - x.mean(-1, keepdims=True)) / np.sqrt(x.var(-1, keepdims=True) + eps) + b


def ln_none(x, g, b, *, eps=1e-5):
    m = x.mean(axis=1)
    v = x.var(axis=1)
    return (x - m[:, None]) / np.sqrt(v[:, None] + eps) * g + b


def gn_like(x, *, eps=1e-5):
    return (x - np.mean(x, axis=(2, 3), keepdims=True)) / np.sqrt(np.var(x, axis=(2, 3), keepdims=True) + eps)


def bce_line(z, t):
    return -np.mean(t * np.log(1 / (1 + np.exp(-z))) + (1 - t) * np.log(1 - 1 / (1 + np.exp(-z))))


def bce_stable(x, t):
    return np.mean(np.maximum(x, 0) - x * t + np.log(1 + np.exp(-np.abs(x))))


def bce_logaddexp(x, t):
    return (np.logaddexp(0, x) - x * t).mean()


def bce_steps(x, t):
    N = len(x)
    big = np.maximum(x, 0)
    soft = np.log1p(np.exp(-np.abs(x)))
    return np.sum(big - x * t + soft) / N


def mse_sig_line(z, y):
    return np.mean((1 / (1 + np.exp(-z)) - y) ** 2)


def mse_sig_half(z, y):
    p = 1.0 / (1.0 + np.exp(-z))
    return 0.5 * np.square(p - y).sum() / z.size


def mse_sig_helper(z, y):
    return ((sigmoid(z) - y) ** 2).mean()


def sigmoid(z):
    return 1 / (1 + np.exp(-z))


def lse_line(x):
    return np.max(x, axis=1) + np.log(np.sum(np.exp(x - np.max(x, axis=1)[:, None]), axis=1))


def lse_keep(x):
    return np.log(np.exp(x).sum(-1, keepdims=True))


def lse_method(x):
    m = x.max(-1)
    return m + np.log(np.exp(x - m[..., None]).sum(-1))


def gelu_cube(x):
    inner = np.sqrt(2 / np.pi) * (x + 0.044715 * x * x * x)
    return x * 0.5 * (1.0 + np.tanh(inner))


def gelu_const(x, *, a=0.044715):
    k = (2 / np.pi) ** 0.5
    return x / 2 * (1 + np.tanh(k * x * (1 + a * x**2)))


def gelu_sig(x):
    return x * (1 / (1 + np.exp(-1.702 * x)))


def swish_line(x, *, beta=1.5):
    return x / (1 + np.exp(-beta * x))


def swish_power(x):
    return x * (1 + np.exp(-x)) ** -1


def swish_helper(x):
    return x * sigmoid(x)


def rms_power(x, g, *, eps=1e-6):
    return g * x / (np.mean(x**2, axis=-1, keepdims=True) + eps) ** 0.5


def rms_none(x, g, *, eps=1e-6):
    r = np.sqrt(np.mean(np.square(x), axis=1) + eps)
    return x / r[:, None] * g


def rms_rsqrt(x, g, *, eps=1e-6):
    return x * (np.square(x).mean(-1, keepdims=True) + eps) ** -0.5 * g


def unit_line(x):
    return x / np.sqrt((x * x).sum(axis=1, keepdims=True))


def unit_none(x):
    n = np.sqrt(np.sum(np.square(x), axis=-1))
    return x / n[:, None]


def unit_power(x):
    return x * np.sum(x**2, axis=-1, keepdims=True) ** -0.5


def softplus_log1p(x):
    return np.log1p(np.exp(x))


def softplus_beta(x, *, beta=2.0):
    return np.log(1 + np.exp(beta * x)) / beta


def softplus_abs(x):
    return np.maximum(0, x) + np.log(1 + np.exp(-np.abs(x)))


def affine_line(x, w1, b1, w2, b2):
    return (x @ w1 + b1) @ w2 + b2


def affine_scaled(x, w, b):
    return 2 * (x.dot(w) + b) / 3 - 1


def affine_normed(x, s, t):
    y = (x - t) / s
    return (y * s + t) * 3


def softmax_line(x):
    return np.exp(x) / np.exp(x).sum(axis=1)[:, None]


def softmax_keep(x):
    return np.exp(x - x.max(-1, keepdims=True)) / np.sum(np.exp(x - x.max(-1, keepdims=True)), -1, keepdims=True)


def xent_line(x, y):
    return -np.mean(np.log(np.exp(x[np.arange(len(y)), y]) / np.sum(np.exp(x), axis=1)))


def xent_lse(x, y):
    return np.mean(np.log(np.exp(x).sum(1)) - x[np.arange(x.shape[0]), y])
