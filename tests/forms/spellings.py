"""The same functions, each in several spellings: what is found depends on the function, not on how it is written."""

import numpy as np


def gelu_1(x):
    return 0.5 * x * (1 + np.tanh(np.sqrt(2 / np.pi) * (x + 0.044715 * x**3)))


def gelu_2(x):
    c = np.sqrt(2 / np.pi)
    inner = c * (x + 0.044715 * np.power(x, 3))
    t = np.tanh(inner)
    return 0.5 * x * (1 + t)


def gelu_3(x):
    inner = np.sqrt(2 / np.pi) * (x + 0.044715 * x * x * x)
    return x * 0.5 * (1.0 + np.tanh(inner))


def gelu_4(x, *, a=0.044715):
    k = (2 / np.pi) ** 0.5
    return x / 2 * (1 + np.tanh(k * x * (1 + a * x**2)))


def gelu_5(x):
    cube = x**3
    u = 0.7978845608 * (x + 0.044715 * cube)
    cdf = 0.5 * (1 + np.tanh(u))
    return x * cdf


def swish_1(x):
    s = 1 / (1 + np.exp(-x))
    return x * s


def swish_2(x):
    return x / (1 + np.exp(-x))


def swish_3(x):
    return x * (1 + np.exp(-x)) ** -1


def swish_4(x):
    return x * sigmoid(x)


def swish_5(x):
    e = np.exp(x)
    return x * e / (1 + e)


def sigmoid(z):
    return 1 / (1 + np.exp(-z))


def softplus_1(x):
    return np.log(1 + np.exp(x))


def softplus_2(x):
    return np.log1p(np.exp(x))


def softplus_3(x):
    return np.logaddexp(0, x)


def softplus_4(x):
    return np.maximum(0, x) + np.log(1 + np.exp(-np.abs(x)))


def softplus_5(x):
    big = np.maximum(x, 0)
    small = np.log1p(np.exp(-np.abs(x)))
    return big + small


def softplus_6(x):
    return x + np.log(1 + np.exp(-x))


def softplus_7(x):
    return -np.log(1 / (1 + np.exp(x)))


def tanh_1(x):
    return np.tanh(x)


def tanh_2(x):
    ep = np.exp(x)
    en = np.exp(-x)
    return (ep - en) / (ep + en)


def tanh_3(x):
    e = np.exp(2 * x)
    return (e - 1) / (e + 1)


def tanh_4(x):
    return 2 / (1 + np.exp(-2 * x)) - 1


def tanh_5(x):
    return np.sinh(x) / np.cosh(x)


def tanh_6(x):
    return 2 * sigmoid(2 * x) - 1


def sigmoid_1(x):
    return 1 / (1 + np.exp(-x))


def sigmoid_2(x):
    e = np.exp(x)
    return e / (1 + e)


def sigmoid_3(x):
    return (1 + np.exp(-x)) ** -1


def sigmoid_4(x):
    return 0.5 * (1 + np.tanh(x / 2))


def sigmoid_5(x):
    return np.where(x >= 0, 1 / (1 + np.exp(-np.abs(x))), np.exp(-np.abs(x)) / (1 + np.exp(-np.abs(x))))


def sigmoid_6(x):
    return np.exp(-np.log(1 + np.exp(-x)))


def logsumexp_1(x):
    return np.log(np.sum(np.exp(x), axis=1))


def logsumexp_2(x):
    m = np.max(x, axis=1, keepdims=True)
    e = np.exp(x - m)
    s = np.sum(e, axis=1, keepdims=True)
    return m + np.log(s)


def logsumexp_3(x):
    return np.max(x, axis=1) + np.log(np.sum(np.exp(x - np.max(x, axis=1)[:, None]), axis=1))


def logsumexp_4(x):
    m = x.max(-1)
    return m + np.log(np.exp(x - m[..., None]).sum(-1))


def logsumexp_5(x):
    return np.logaddexp.reduce(x, axis=1)


def norm_1(x):
    return np.sqrt(np.sum(x**2, axis=1))


def norm_2(x):
    return np.linalg.norm(x, axis=1)


def norm_3(x):
    return np.sum(x * x, axis=1) ** 0.5


def norm_4(x):
    return np.sqrt((np.abs(x) ** 2).sum(1))


def norm_5(x):
    return np.sqrt(np.einsum("ij,ij->i", x, x))


def unit_1(x):
    length = np.sqrt(np.sum(x * x, axis=1, keepdims=True))
    return x / length


def unit_2(x):
    return x / np.linalg.norm(x, axis=1, keepdims=True)


def unit_3(x):
    n = np.sqrt(np.sum(np.square(x), axis=-1))
    return x / n[:, None]


def unit_4(x):
    return x * np.sum(x**2, axis=-1, keepdims=True) ** -0.5


def unit_5(x):
    return x / np.sqrt(np.einsum("ij,ij->i", x, x))[:, None]


def rms_1(x, g, *, eps=1e-6):
    ms = np.mean(x**2, axis=-1, keepdims=True)
    r = 1 / np.sqrt(ms + eps)
    xhat = x * r
    return g * xhat


def rms_2(x, g, *, eps=1e-5):
    rms = np.sqrt(np.mean(np.square(x), axis=-1, keepdims=True) + eps)
    return x / rms * g


def rms_3(x, g, *, eps=1e-6):
    return g * x / (np.mean(x**2, axis=-1, keepdims=True) + eps) ** 0.5


def rms_4(x, g, *, eps=1e-6):
    return x * (np.square(x).mean(-1, keepdims=True) + eps) ** -0.5 * g


def rms_5(x, g, *, eps=1e-6):
    D = x.shape[1]
    r = np.sqrt(np.sum(x * x, axis=1) / D + eps)
    return x / r[:, None] * g


def mse_1(z, y):
    return np.mean((1 / (1 + np.exp(-z)) - y) ** 2)


def mse_2(z, y):
    p = 1.0 / (1.0 + np.exp(-z))
    return np.square(p - y).sum() / z.size


def mse_3(z, y):
    return ((sigmoid(z) - y) ** 2).mean()


def mse_4(z, y):
    a = 1 / (1 + np.exp(-z))
    d = a - y
    return np.sum(d * d) / d.size


def mse_5(z, y):
    e = np.exp(z)
    a = e / (1 + e)
    return np.mean((y - a) ** 2)
