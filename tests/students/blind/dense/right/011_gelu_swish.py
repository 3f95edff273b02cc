import numpy as np

C0 = np.sqrt(2.0 / np.pi)
C1 = 0.044715


def gelu_forward(x):
    u = C0 * (x + C1 * x ** 3)
    t = np.tanh(u)
    out = 0.5 * x * (1.0 + t)
    cache = {"x": x, "t": t}
    return out, cache


def gelu_backward(dout, cache):
    x = cache["x"]
    t = cache["t"]
    # product rule: out = 0.5 * x * (1 + t)
    dleft = 0.5 * (1.0 + t)
    dt = 0.5 * x
    du = dt * (1.0 - t ** 2)
    dright = du * C0 * (1.0 + 3.0 * C1 * x ** 2)
    dx = dout * (dleft + dright)
    return dx


def swish_forward(x):
    sig = 1.0 / (1.0 + np.exp(-x))
    out = x * sig
    cache = {"x": x, "sig": sig}
    return out, cache


def swish_backward(dout, cache):
    x, sig = cache["x"], cache["sig"]
    dx = dout * sig
    dsig = dout * x
    dx += dsig * sig * (1.0 - sig)
    return dx
