"""Whole networks with every step written out: a cache alone goes back, rows that are kept as rows, gradients by name."""

import numpy as np


def forward(ids, labels, table, W1, b1, gain, shift, W2, b2):
    n = ids.shape[0]
    rows = table[ids]
    flat = rows.reshape(n, -1)
    pre = flat @ W1 + b1
    mean = pre.sum(0, keepdims=True) / n
    off = pre - mean
    var = (off**2).sum(0, keepdims=True) / (n - 1)
    inverse = (var + 1e-5) ** -0.5
    raw = off * inverse
    h = np.tanh(gain * raw + shift)
    logits = h @ W2 + b2
    counts = np.exp(logits - logits.max(1, keepdims=True))
    total = counts.sum(1, keepdims=True)
    probs = counts / total
    loss = -np.log(probs[range(n), labels]).mean()
    return loss, (ids, labels, table, W1, W2, gain, rows, flat, off, var, inverse, raw, h, counts, total)


def backward(cache):
    ids, labels, table, W1, W2, gain, rows, flat, off, var, inverse, raw, h, counts, total = cache
    n = ids.shape[0]
    dlogits = counts / total
    dlogits[range(n), labels] -= 1
    dlogits /= n
    dW2, db2 = h.T @ dlogits, dlogits.sum(0)
    dpre = (1 - h**2) * (dlogits @ W2.T)
    dgain = (raw * dpre).sum(0, keepdims=True)
    dshift = dpre.sum(0, keepdims=True)
    draw = gain * dpre
    doff = inverse * draw
    dinverse = (off * draw).sum(0, keepdims=True)
    dvar = -0.5 * (var + 1e-5) ** -1.5 * dinverse
    doff += 2 / (n - 1) * off * dvar
    dpre1 = doff - doff.sum(0, keepdims=True) / n
    dW1, db1 = flat.T @ dpre1, dpre1.sum(0)
    drows = (dpre1 @ W1.T).reshape(rows.shape)
    dtable = np.zeros_like(table)
    for i in range(n):
        for j in range(ids.shape[1]):
            dtable[ids[i, j]] += drows[i, j]
    return dtable, dW1, db1, dgain, dshift, dW2, db2


def three_steps(X, y, W1, b1, W2, b2, W3, b3):
    n = len(X)
    a1 = np.maximum(0, X @ W1 + b1)
    a2 = np.maximum(0, a1 @ W2 + b2)
    out = a2 @ W3 + b3
    p = np.exp(out - out.max(axis=1, keepdims=True))
    p /= p.sum(axis=1, keepdims=True)
    loss = -np.log(p[np.arange(n), y]).mean()
    d = p.copy()
    d[np.arange(n), y] -= 1
    d /= n
    d2 = d @ W3.T * (a2 > 0)
    d1 = d2 @ W2.T * (a1 > 0)
    return loss, {
        "W1": X.T @ d1, "b1": d1.sum(axis=0), "W2": a1.T @ d2, "b2": d2.sum(axis=0), "W3": a2.T @ d, "b3": d.sum(axis=0),
    }  # fmt: skip


def cost_of_rows(thetas, n_in, n_hidden, n_out, X, y):
    cut = n_hidden * (n_in + 1)
    T1 = thetas[:cut].reshape(n_hidden, n_in + 1)
    T2 = thetas[cut:].reshape(n_out, n_hidden + 1)
    J, D1, D2 = 0.0, np.zeros_like(T1), np.zeros_like(T2)
    for x, label in zip(X, y):
        a1 = np.concatenate(([1.0], x))
        a2 = np.concatenate(([1.0], np.tanh(T1 @ a1)))
        a3 = 1 / (1 + np.exp(-T2 @ a2))
        t = np.eye(n_out)[label]
        J -= np.sum(t * np.log(a3) + (1 - t) * np.log(1 - a3))
        d3 = a3 - t
        d2 = (T2.T @ d3)[1:] * (1 - a2[1:] ** 2)
        D2 += np.outer(d3, a2)
        D1 += np.outer(d2, a1)
    return J, np.concatenate((D1.ravel(), D2.ravel()))
