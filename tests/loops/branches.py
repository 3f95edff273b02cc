"""Loops whose rounds differ by a branch on what they count with, and arrays written into twice a round."""

import numpy as np

from tests.loops import of_shapes


def first_looks_at_h0(x, h0, wx, wh):
    hs = np.zeros((x.shape[0], *h0.shape))
    for t in range(x.shape[0]):
        prev = h0 if t == 0 else hs[t - 1]
        hs[t] = np.tanh(x[t] @ wx + prev @ wh)
    return hs


def branch_stmt(x, wx, wh):
    T = x.shape[0]
    for t in range(T):
        if t == 0:
            h = np.tanh(x[t] @ wx)
        else:
            h = np.tanh(x[t] @ wx + h @ wh)
    return h


def added_later(x, wx, wh):
    h = np.zeros((x.shape[1], wh.shape[0]))
    for t in range(len(x)):
        a = x[t] @ wx
        if t > 0:
            a = a + h @ wh
        h = np.tanh(a)
    return h


def by_turns(x, w, u):
    h = np.zeros(x.shape[1])
    for t in range(len(x)):
        if t % 2 == 0:
            h = np.tanh(h * w + x[t])
        else:
            h = np.sin(h * u) + x[t]
    return h


def every_second_row(x, w):
    out = np.zeros_like(x)
    for i in range(len(x)):
        if i % 2:
            continue
        out[i] = x[i] * w + out[i - 2] if i else x[i]
    return out


def cumsum_if(x, w):
    out = np.zeros_like(x)
    for i in range(len(x)):
        if i == 0:
            out[i] = x[i]
        else:
            out[i] = out[i - 1] * w + x[i]
    return out


def last_apart(x, w1, w2):
    h = x
    L = len(w1)
    for l in range(L):
        z = h @ w1[l] + w2[l]
        if l < L - 1:
            h = np.tanh(z)
        else:
            h = z
    return h


def last_relu(x, w1, w2):
    L = len(w1)
    for l in range(L):
        x = x @ w1[l] + w2[l]
        if l != L - 1:
            x = np.maximum(x, 0)
    return x


def continued(x, wx, wh):
    hs = []
    for t in range(len(x)):
        a = x[t] @ wx
        if t == 0:
            h = np.tanh(a)
            hs.append(h)
            continue
        h = np.tanh(a + h @ wh)
        hs.append(h)
    return np.stack(hs)


def out_then(x, w):
    out = np.zeros_like(x)
    for i in range(len(x)):
        out[i] = x[i]
        if i > 0:
            out[i] = out[i] + w * out[i - 1]
    return out


def out_plus(x, w):
    out = np.zeros_like(x)
    for i in range(len(x)):
        out[i] = x[i]
        if i > 0:
            out[i] += w * out[i - 1]
    return out


def nested_edge(x, w):
    H, W = x.shape
    out = np.zeros((H, W))
    for i in range(H):
        for j in range(W):
            s = w[1] * x[i, j]
            if j > 0:
                s = s + w[0] * x[i, j - 1]
            if j < W - 1:
                s = s + w[2] * x[i, j + 1]
            out[i, j] = s
    return out


def dtw_like(D):
    n, m = D.shape
    R = np.zeros((n, m))
    for i in range(n):
        for j in range(m):
            if i == 0 and j == 0:
                R[i, j] = D[i, j]
            elif i == 0:
                R[i, j] = D[i, j] + R[i, j - 1]
            elif j == 0:
                R[i, j] = D[i, j] + R[i - 1, j]
            else:
                R[i, j] = D[i, j] + np.log(np.exp(R[i - 1, j]) + np.exp(R[i, j - 1]))
    return R[n - 1, m - 1]


def first_flag(x, w):
    h = x[0]
    for t in range(len(x)):
        first = t == 0
        if not first:
            h = np.tanh(h * w + x[t])
    return h


def with_setting(x, w, *, every=2):
    s = np.zeros(x.shape[1])
    outs = []
    for t in range(len(x)):
        s = s * w + x[t]
        if (t + 1) % every == 0:
            s = np.tanh(s)
        outs.append(s)
    return np.array(outs)


def both_ends(x, w):
    T = len(x)
    y = []
    for t in range(T):
        left = x[t - 1] if t > 0 else np.zeros(x.shape[1])
        right = x[t + 1] if t < T - 1 else np.zeros(x.shape[1])
        y.append(w[0] * left + w[1] * x[t] + w[2] * right)
    return np.stack(y)


def dirs(x, w):
    out = np.zeros_like(x)
    for d in range(2):
        for t in range(len(x)):
            if d == 0:
                out[t] = out[t] + x[t] * w
            else:
                out[t] = out[t] + np.sin(x[t])
    return out


def two_writes(x, w):
    out = np.zeros_like(x)
    for i in range(len(x)):
        out[i] = x[i] * w
        out[i] = np.tanh(out[i])
    return out


def two_adds(x, w):
    out = np.zeros_like(x)
    for i in range(len(x)):
        out[i] += x[i] * w
        out[i] += np.sin(x[i])
    return out


def two_rows(x, w):
    out = np.zeros((2 * len(x), x.shape[1]))
    for i in range(len(x)):
        out[2 * i] = x[i] * w
        out[2 * i + 1] = np.sin(x[i])
    return out


def left_at_a_count(x, w):
    h = w
    for t in range(x.shape[0]):
        h = np.tanh(x[t] * h)
        if t == x.shape[0] - 2:
            break
    return h


def left_before_a_count(x, w):
    total = 0.0
    for t in range(x.shape[0]):
        if t == 3:
            break
        total = total + np.sum(x[t] * w)
    return total


CASES = {
    left_at_a_count: of_shapes(x=[(5, 3), (4, 2), (7, 5)], w=[(3,), (2,), (5,)]),
    left_before_a_count: of_shapes(x=[(5, 3), (4, 2), (7, 5)], w=[(3,), (2,), (5,)]),
    out_then: of_shapes(x=[(5, 3), (4, 2), (7, 5)], w=[(3,), (2,), (5,)]),
    out_plus: of_shapes(x=[(5, 3), (4, 2), (7, 5)], w=[(3,), (2,), (5,)]),
    nested_edge: of_shapes(x=[(5, 4), (4, 3), (7, 5)], w=[(3,), (3,), (3,)]),
    dtw_like: of_shapes(D=[(5, 4), (4, 3), (7, 5)]),
    first_flag: of_shapes(x=[(5, 3), (4, 2), (7, 5)], w=[(3,), (2,), (5,)]),
    with_setting: of_shapes(x=[(5, 3), (4, 2), (7, 5)], w=[(3,), (2,), (5,)]),
    both_ends: of_shapes(x=[(5, 3), (4, 2), (7, 5)], w=[(3,), (3,), (3,)]),
    dirs: of_shapes(x=[(5, 3), (4, 2), (7, 5)], w=[(3,), (2,), (5,)]),
    first_looks_at_h0: of_shapes(
        x=[(4, 2, 3), (3, 1, 2), (5, 3, 4)],
        h0=[(2, 5), (1, 3), (3, 2)],
        wx=[(3, 5), (2, 3), (4, 2)],
        wh=[(5, 5), (3, 3), (2, 2)],
    ),
    branch_stmt: of_shapes(
        x=[(4, 2, 3), (3, 1, 2), (5, 3, 4)], wx=[(3, 5), (2, 3), (4, 2)], wh=[(5, 5), (3, 3), (2, 2)]
    ),
    added_later: of_shapes(
        x=[(4, 2, 3), (3, 1, 2), (5, 3, 4)], wx=[(3, 5), (2, 3), (4, 2)], wh=[(5, 5), (3, 3), (2, 2)]
    ),
    by_turns: of_shapes(x=[(5, 3), (4, 2), (7, 5)], w=[(3,), (2,), (5,)], u=[(3,), (2,), (5,)]),
    every_second_row: of_shapes(x=[(5, 3), (4, 2), (7, 5)], w=[(3,), (2,), (5,)]),
    cumsum_if: of_shapes(x=[(5, 3), (4, 2), (7, 5)], w=[(3,), (2,), (5,)]),
    last_apart: of_shapes(
        x=[(4, 3), (3, 2), (5, 4)], w1=[(3, 3, 3), (4, 2, 2), (5, 4, 4)], w2=[(3, 3), (4, 2), (5, 4)]
    ),
    last_relu: of_shapes(x=[(4, 3), (3, 2), (5, 4)], w1=[(3, 3, 3), (4, 2, 2), (5, 4, 4)], w2=[(3, 3), (4, 2), (5, 4)]),
    continued: of_shapes(x=[(4, 2, 3), (3, 1, 2), (5, 3, 4)], wx=[(3, 5), (2, 3), (4, 2)], wh=[(5, 5), (3, 3), (2, 2)]),
    two_writes: of_shapes(x=[(5, 3), (4, 2), (7, 5)], w=[(3,), (2,), (5,)]),
    two_adds: of_shapes(x=[(5, 3), (4, 2), (7, 5)], w=[(3,), (2,), (5,)]),
    two_rows: of_shapes(x=[(5, 3), (4, 2), (7, 5)], w=[(3,), (2,), (5,)]),
}
