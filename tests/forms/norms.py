"""Functions whose backward pass has a short form, as people write them: norms."""

import numpy as np


def unit_rows(x):
    length = np.sqrt(np.sum(x * x, axis=1, keepdims=True))
    out = x / length
    return out


def unit_linalg(v):
    n = np.linalg.norm(v, axis=1, keepdims=True)
    y = v / n
    return y


def unit_eps(x, *, eps=1e-6):
    y = x / (np.sqrt((x**2).sum(1, keepdims=True)) + eps)
    return y


def unit_vector(v):
    n = np.sqrt(np.sum(v**2))
    u = v / n
    return u


def length(x):
    return np.sqrt(np.sum(x**2, axis=1))


def rmsnorm(x, g, *, eps=1e-6):
    ms = np.mean(x**2, axis=-1, keepdims=True)
    r = 1 / np.sqrt(ms + eps)
    xhat = x * r
    out = g * xhat
    return out


def rms_line(x, weight, *, eps=1e-5):
    rms = np.sqrt(np.mean(np.square(x), axis=-1, keepdims=True) + eps)
    return x / rms * weight


def bn_short(x, gamma, beta, *, eps=1e-5):
    mean = x.mean(axis=0)
    var = x.var(axis=0)
    x_norm = (x - mean) / np.sqrt(var + eps)
    return gamma * x_norm + beta


def bn_std(X, g, b, *, eps=1e-8):
    m = X.shape[0]
    mu = X.sum(axis=0) / m
    Xc = X - mu
    v = (Xc**2).sum(axis=0) / m
    std = np.sqrt(v + eps)
    Z = Xc / std
    return Z * g + b


def ln_residual(x, gamma, beta, *, eps=1e-5):
    mu = np.mean(x, axis=-1, keepdims=True)
    xc = x - mu
    inv = 1 / np.sqrt(np.mean(xc**2, axis=-1, keepdims=True) + eps)
    xhat = xc * inv
    out = x + gamma * xhat + beta
    return out


def instance(x, *, eps=1e-5):
    mu = x.mean(axis=(2, 3), keepdims=True)
    var = ((x - mu) ** 2).mean(axis=(2, 3), keepdims=True)
    return (x - mu) / np.sqrt(var + eps)


def standardize(x):
    return (x - x.mean(axis=0)) / x.std(axis=0)


def center(x):
    return x - np.mean(x, axis=0)


def cosine(a, b):
    na = np.sqrt(np.sum(a**2, axis=1))
    nb = np.sqrt(np.sum(b**2, axis=1))
    return np.sum(a * b, axis=1) / (na * nb)
