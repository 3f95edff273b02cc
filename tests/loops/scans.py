"""Sums, scans and tables that are filled entry by entry, as people write them with loops."""

import numpy as np

from tests.loops import of_shapes


def horner(x, c):
    y = np.zeros_like(x)
    for a in c[::-1]:
        y = y * x + a
    return y


def horner2(x, c):
    n = len(c)
    y = c[n - 1] * np.ones_like(x)
    for i in range(n - 2, -1, -1):
        y = y * x + c[i]
    return y


def running_mean(x):
    mean = np.zeros(x.shape[1])
    out = np.zeros_like(x)
    for t in range(len(x)):
        mean = mean + (x[t] - mean) / (t + 1)
        out[t] = mean
    return out


def ema(x, *, beta=0.9):
    v = 0
    outs = []
    for t, xt in enumerate(x):
        v = beta * v + (1 - beta) * xt
        outs.append(v / (1 - beta ** (t + 1)))
    return np.array(outs)


def cumsum_loop(x):
    out = np.zeros_like(x)
    out[0] = x[0]
    for i in range(1, len(x)):
        out[i] = out[i - 1] + x[i]
    return out


def softmax_rows(x):
    out = np.zeros_like(x)
    for i, row in enumerate(x):
        e = np.exp(row - np.max(row))
        out[i] = e / np.sum(e)
    return out


def triangular(x, w):
    T = len(x)
    out = np.zeros(T)
    for t in range(T):
        for s in range(t + 1):
            out[t] = out[t] + x[s] * w[t - s]
    return out


def distances(X, Y):
    n, m = len(X), len(Y)
    D = np.zeros((n, m))
    for i in range(n):
        for j in range(m):
            D[i, j] = np.sqrt(np.sum((X[i] - Y[j]) ** 2))
    return D


def matmul_naive(A, B):
    n, k = A.shape
    m = B.shape[1]
    C = np.zeros((n, m))
    for i in range(n):
        for j in range(m):
            s = 0
            for l in range(k):
                s += A[i, l] * B[l, j]
            C[i, j] = s
    return C


def matmul_inplace(A, B):
    C = np.zeros((A.shape[0], B.shape[1]))
    for i in range(A.shape[0]):
        for j in range(B.shape[1]):
            for l in range(A.shape[1]):
                C[i][j] += A[i][l] * B[l][j]
    return C


def viterbi_forward(obs, A):
    T, S = obs.shape
    alpha = np.zeros((T, S))
    alpha[0] = obs[0]
    for t in range(1, T):
        for j in range(S):
            m = alpha[t - 1] + A[:, j]
            alpha[t, j] = np.log(np.sum(np.exp(m))) + obs[t, j]
    return np.log(np.sum(np.exp(alpha[-1])))


def listcomp_sum(x, w):
    return sum([np.sum(x[i] * w[i]) for i in range(len(x))])


def gen_sum(x, w):
    return sum(np.tanh(xi @ wi) for xi, wi in zip(x, w))


def mean_of_array(x, w):
    out = []
    for i in range(len(x)):
        out.append(np.dot(x[i], w))
    out = np.array(out)
    return out.mean()


def forward_substitution(L, b):
    n = len(b)
    x = np.zeros(n)
    for i in range(n):
        x[i] = (b[i] - L[i, :i] @ x[:i]) / L[i, i]
    return x


def soft_dtw(D, *, g=0.5):
    n, m = D.shape
    R = np.zeros((n + 1, m + 1))
    for i in range(1, n + 1):
        for j in range(1, m + 1):
            e = np.exp(-R[i - 1, j] / g) + np.exp(-R[i, j - 1] / g) + np.exp(-R[i - 1, j - 1] / g)
            R[i, j] = D[i - 1, j - 1] - g * np.log(e)
    return R[n, m]


def kalman(z, q, r):
    m, p = 0.0, 1.0
    out = []
    for zt in z:
        p = p + q
        k = p / (p + r)
        m = m + k * (zt - m)
        p = (1 - k) * p
        out.append(m)
    return np.array(out)


def smoothing(x, *, a=0.3):
    s = [x[0]]
    for t in range(1, len(x)):
        s.append(a * x[t] + (1 - a) * s[-1])
    return np.array(s)


def pairwise_energy(X):
    n = len(X)
    E = 0.0
    for i in range(n):
        for j in range(i + 1, n):
            r2 = np.sum((X[i] - X[j]) ** 2)
            E = E + 1 / (1 + r2)
    return E


def xent_loop(x, *, y=(0, 2, 1)):
    loss = 0
    for i in range(len(y)):
        s = x[i] - np.max(x[i])
        loss += np.log(np.sum(np.exp(s))) - s[y[i]]
    return loss / len(y)


def layernorm_rows(x, g, b, *, eps=1e-5):
    rows = []
    for i in range(x.shape[0]):
        mu = x[i].mean()
        var = ((x[i] - mu) ** 2).mean()
        rows.append(g * (x[i] - mu) / np.sqrt(var + eps) + b)
    return np.vstack(rows)


def best_path(emit, trans, start):
    """An inner loop that begins an array anew, whose values the way back needs, within one that hands it on."""
    T, K = emit.shape
    score = start + emit[0]
    for t in range(1, T):
        best = np.zeros(K)
        for k in range(K):
            best[k] = np.max(score + trans[:, k]) + emit[t, k]
        score = best
    return np.max(score)


def told_with_totals(x, a, b):
    T, D = x.shape
    s, total = np.zeros(D), np.zeros(D)
    ys = []
    for t, row in enumerate(x):
        decay = a * s
        s = decay + b * row
        total = total + s**2
        ys.append(s * total)
    return np.stack(ys)


CASES = {
    best_path: of_shapes(emit=((4, 3), (6, 4), (3, 5)), trans=((3, 3), (4, 4), (5, 5)), start=((3,), (4,), (5,))),
    told_with_totals: of_shapes(x=((5, 3), (7, 2), (3, 4)), a=((3,), (2,), (4,)), b=((3,), (2,), (4,))),
    horner: of_shapes(x=((4,), (3,), (5,)), c=((3,), (5,), (4,))),
    horner2: of_shapes(x=((4,), (3,), (5,)), c=((3,), (5,), (4,))),
    running_mean: of_shapes(x=((4, 3), (5, 2), (3, 5))),
    ema: of_shapes(x=((4, 3), (5, 2), (3, 5))),
    cumsum_loop: of_shapes(x=((4, 3), (5, 2), (3, 5))),
    softmax_rows: of_shapes(x=((4, 3), (5, 2), (3, 5))),
    triangular: of_shapes(x=((4,), (3,), (5,)), w=((4,), (3,), (5,))),
    distances: of_shapes(X=((3, 2), (2, 5), (4, 3)), Y=((4, 2), (3, 5), (2, 3))),
    matmul_naive: of_shapes(A=((3, 2), (2, 5), (4, 3)), B=((2, 4), (5, 3), (3, 2))),
    matmul_inplace: of_shapes(A=((3, 2), (2, 5), (4, 3)), B=((2, 4), (5, 3), (3, 2))),
    viterbi_forward: of_shapes(obs=((4, 3), (3, 5), (5, 2)), A=((3, 3), (5, 5), (2, 2))),
    listcomp_sum: of_shapes(x=((4, 3), (5, 2), (3, 5)), w=((4, 3), (5, 2), (3, 5))),
    gen_sum: of_shapes(x=((4, 3), (5, 2), (3, 5)), w=((4, 3), (5, 2), (3, 5))),
    mean_of_array: of_shapes(x=((4, 3), (5, 2), (3, 5)), w=((3,), (2,), (5,))),
    forward_substitution: of_shapes(L=((4, 4), (3, 3), (5, 5)), b=((4,), (3,), (5,))),
    soft_dtw: of_shapes(D=((3, 4), (4, 3), (5, 3))),
    kalman: of_shapes(z=((4,), (6,), (3,)), q=((), (), ()), r=((), (), ())),
    smoothing: of_shapes(x=((5, 3), (4, 2), (6, 3))),
    pairwise_energy: of_shapes(X=((4, 3), (5, 2), (3, 4))),
    xent_loop: of_shapes(x=((4, 3), (3, 5), (5, 4))),
    layernorm_rows: of_shapes(x=((4, 3), (3, 5), (5, 2)), g=((3,), (5,), (2,)), b=((3,), (5,), (2,))),
}
