import numpy as np


def layernorm_forward(x, gamma, beta, ln_param):
    eps = ln_param.get("eps", 1e-5)
    mu = np.mean(x, axis=1)[:, None]
    var = np.var(x, axis=1)[:, None]
    x_norm = (x - mu) / np.sqrt(var + eps)
    out = x_norm * gamma + beta
    return out, {"x_norm": x_norm, "gamma": gamma, "inv": 1.0 / np.sqrt(var + eps)}


def layernorm_backward(dout, cache):
    x_norm, gamma, inv = cache["x_norm"], cache["gamma"], cache["inv"]
    dgamma = np.sum(dout * x_norm, axis=0)
    dbeta = np.sum(dout, axis=0)
    dx_norm = dout * gamma
    a = np.mean(dx_norm, axis=1)[:, None]
    b = np.mean(dx_norm * x_norm, axis=1)[:, None]
    dx = inv * (dx_norm - a - x_norm * b)
    return dx, dgamma, dbeta
