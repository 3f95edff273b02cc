import math
import numpy as np

_erf = np.vectorize(math.erf, otypes=[float])


def gelu_forward(x):
    cdf = 0.5 * (1 + _erf(x / math.sqrt(2)))
    return x * cdf, (x, cdf)


def gelu_backward(dout, cache):
    x, cdf = cache
    pdf = np.exp(-x ** 2 / 2) / math.sqrt(2 * math.pi)
    return dout * (cdf + x * pdf)


def softplus_forward(x, beta=1.0):
    out = np.logaddexp(0, beta * x) / beta
    return out, (x, beta)


def softplus_backward(dout, cache):
    x, beta = cache
    return dout * 0.5 * (1 + np.tanh(beta * x / 2))


def swish_forward(x, beta=1.0):
    s = 0.5 * (1 + np.tanh(beta * x / 2))
    y = x * s
    return y, (y, s, beta)


def swish_backward(dout, cache):
    y, s, beta = cache
    return dout * (beta * y + s * (1 - beta * y))


def attention_forward(Q, K, V):
    # Q (n, d), K (m, d), V (m, p)
    n, d = Q.shape
    S = Q.dot(K.T) * d ** -0.5
    P = np.zeros_like(S)
    for i in range(n):
        row = np.exp(S[i] - S[i].max())
        P[i] = row / row.sum()
    O = P.dot(V)
    return O, dict(Q=Q, K=K, V=V, P=P, scale=d ** -0.5)


def attention_backward(dO, cache):
    Q, K, V = cache["Q"], cache["K"], cache["V"]
    P, scale = cache["P"], cache["scale"]
    dV = P.T.dot(dO)
    dP = dO.dot(V.T)
    dS = np.zeros_like(P)
    for i in range(P.shape[0]):
        J = np.diag(P[i]) - np.outer(P[i], P[i])
        dS[i] = J.dot(dP[i])
    dQ = scale * dS.dot(K)
    dK = scale * dS.T.dot(Q)
    return dQ, dK, dV
