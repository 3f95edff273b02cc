"""Layer norm for the mini transformer (homework 3)."""
import numpy as np


def layernorm_forward(x, gamma, beta, eps=1e-5):
    N, D = x.shape
    out = np.zeros_like(x)
    rows = []
    for i in range(N):
        r = x[i]
        m = r.sum() / D
        c = r - m
        s = np.sqrt((c * c).sum() / D + eps)
        y = c / s
        out[i] = gamma * y + beta
        rows.append((y, s))
    return out, (rows, gamma)


def layernorm_backward(dout, cache):
    rows, gamma = cache
    D = gamma.shape[0]
    dx = np.zeros_like(dout)
    dgamma = np.zeros(D)
    dbeta = np.zeros(D)
    for i, (y, s) in enumerate(rows):
        g = dout[i] * gamma
        dx[i] = (g - g.mean() - y * np.dot(g, y) / D) / s
        dgamma += dout[i] * y
        dbeta += dout[i]
    return dx, dgamma, dbeta
