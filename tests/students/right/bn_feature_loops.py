import numpy as np
import math

# slow but i understand it

def batchnorm_forward(x, gamma, beta, eps):
    N, D = len(x), len(x[0])
    out = np.zeros((N, D))
    stats = []
    for d in range(D):
        s = 0.0
        for n in range(N):
            s += x[n][d]
        mean = s / N
        q = 0.0
        for n in range(N):
            q += (x[n][d] - mean) ** 2
        std = math.sqrt(q / N + eps)
        stats.append((mean, std))
        for n in range(N):
            out[n][d] = gamma[d] * (x[n][d] - mean) / std + beta[d]
    return out, (x, stats, gamma)

def batchnorm_backward(dout, cache):
    x, stats, gamma = cache
    N, D = dout.shape
    dx, dgamma, dbeta = np.zeros((N, D)), np.zeros(D), np.zeros(D)
    for d in range(D):
        mean, std = stats[d]
        sum_d = 0.0
        sum_dx = 0.0
        for n in range(N):
            hat = (x[n, d] - mean) / std
            dbeta[d] += dout[n, d]
            dgamma[d] += dout[n, d] * hat
            sum_d += dout[n, d] * gamma[d]
            sum_dx += dout[n, d] * gamma[d] * hat
        for n in range(N):
            hat = (x[n, d] - mean) / std
            dx[n, d] = (dout[n, d] * gamma[d] - sum_d / N - hat * sum_dx / N) / std
    return dx, dgamma, dbeta
