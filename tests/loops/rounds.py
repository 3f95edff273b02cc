"""Iterations of a method, as people write them: k rounds, until something is small, with counters."""

import numpy as np

from tests.loops import of_shapes


def newton_while(a):
    x = a / 2
    k = 0
    while k < 5:
        x = x - (x**2 - a) / (2 * x)
        k += 1
    return x


def skip_continue(x, w):
    total = np.zeros(x.shape[1])
    for i in range(len(x)):
        if i % 2 == 1:
            continue
        total = total + np.tanh(x[i] * w)
    return total


def break_first(x, w):
    h = np.zeros(x.shape[1])
    for i in range(100):
        if i >= len(x):
            break
        h = np.tanh(h * w + x[i])
    return h


def every_other(x, w):
    s = np.zeros(len(w))
    for t in range(len(x)):
        if t % 2 == 0:
            s = s + np.sin(x[t] * w)
    return s


def sinkhorn_uv(C, *, eps=0.5, iters=4):
    K = np.exp(-C / eps)
    n, m = C.shape
    u = np.ones(n) / n
    v = np.ones(m) / m
    for _ in range(iters):
        u = (1.0 / n) / (K @ v)
        v = (1.0 / m) / (K.T @ u)
    return u[:, None] * K * v[None, :]


def gd(w, X, y, *, lr=0.1, k=4):
    for i in range(k):
        pred = X @ w
        grad = 2 * X.T @ (pred - y) / len(y)
        w = w - lr * grad
    return w


def sgd_epochs(w, X, y, *, lr=0.05, epochs=2):
    for epoch in range(epochs):
        for i in range(len(X)):
            err = X[i] @ w - y[i]
            w = w - lr * err * X[i]
    return w


def power_iter(A, v0, *, k=6):
    v = v0
    for _ in range(k):
        v = A @ v
        v = v / np.linalg.norm(v)
    return v @ A @ v


def soft_kmeans(x, c, *, iters=3):
    for _ in range(iters):
        d = np.sum((x[:, None, :] - c[None]) ** 2, axis=2)
        r = np.exp(-d)
        r = r / r.sum(axis=1, keepdims=True)
        c = (r.T @ x) / r.sum(axis=0)[:, None]
    return c


def conjugate_gradient(A, b, *, k=3):
    x = np.zeros_like(b)
    r = b - A @ x
    p = r
    for _ in range(k):
        Ap = A @ p
        alpha = (r @ r) / (p @ Ap)
        x = x + alpha * p
        r_new = r - alpha * Ap
        beta = (r_new @ r_new) / (r @ r)
        p = r_new + beta * p
        r = r_new
    return x


def euler(y0, k, *, dt=0.1, n=5):
    y = y0
    ys = [y0]
    for _ in range(n):
        y = y + dt * (-k * y)
        ys.append(y)
    return np.stack(ys)


def rk4(y0, k, *, dt=0.1, n=4):
    f = lambda y: -k * y**2
    y = y0
    for _ in range(n):
        k1 = f(y)
        k2 = f(y + dt / 2 * k1)
        k3 = f(y + dt / 2 * k2)
        k4 = f(y + dt * k3)
        y = y + dt / 6 * (k1 + 2 * k2 + 2 * k3 + k4)
    return y


def while_rows(x, w):
    T = len(x)
    h = np.zeros(x.shape[1])
    t = 0
    while t < T:
        h = np.tanh(h * w + x[t])
        t = t + 1
    return h


def while_down(x, w):
    out = np.zeros_like(x)
    h = np.zeros(x.shape[1])
    t = len(x) - 1
    while t >= 0:
        h = np.tanh(h * w + x[t])
        out[t] = h
        t -= 1
    return out


def while_top(x, w):
    s = 0.0
    i = 0
    n = x.shape[0]
    while i != n:
        i += 1
        s = s + np.sum(x[i - 1] * w) * i
    return s


def while_two(x, w):
    n, d = x.shape
    out = np.zeros((n, d))
    i = 0
    while i < n:
        j = 0
        while j < d:
            out[i, j] = np.sin(x[i, j] * w[j])
            j += 1
        i += 1
    return out


CASES = {
    newton_while: of_shapes(a=((3,), (2, 4), (5, 3))),
    skip_continue: of_shapes(x=((4, 3), (5, 2), (3, 5)), w=((3,), (2,), (5,))),
    break_first: of_shapes(x=((4, 3), (5, 2), (3, 5)), w=((3,), (2,), (5,))),
    every_other: of_shapes(x=((5, 3), (4, 2), (6, 3)), w=((3,), (2,), (3,))),
    sinkhorn_uv: of_shapes(C=((3, 4), (4, 2), (5, 3))),
    gd: of_shapes(w=((3,), (2,), (5,)), X=((4, 3), (5, 2), (3, 5)), y=((4,), (5,), (3,))),
    sgd_epochs: of_shapes(w=((3,), (2,), (5,)), X=((4, 3), (5, 2), (3, 5)), y=((4,), (5,), (3,))),
    power_iter: of_shapes(A=((3, 3), (4, 4), (5, 5)), v0=((3,), (4,), (5,))),
    soft_kmeans: of_shapes(x=((5, 3), (4, 2), (6, 4)), c=((2, 3), (3, 2), (2, 4))),
    conjugate_gradient: of_shapes(A=((4, 4), (3, 3), (5, 5)), b=((4,), (3,), (5,))),
    euler: of_shapes(y0=((3,), (4,), (5,)), k=((3,), (4,), (5,))),
    rk4: of_shapes(y0=((3,), (4,), (5,)), k=((3,), (4,), (5,))),
    while_rows: of_shapes(x=((4, 3), (5, 2), (3, 5)), w=((3,), (2,), (5,))),
    while_down: of_shapes(x=((4, 3), (5, 2), (3, 5)), w=((3,), (2,), (5,))),
    while_top: of_shapes(x=((4, 3), (5, 2), (3, 5)), w=((3,), (2,), (5,))),
    while_two: of_shapes(x=((4, 3), (5, 2), (3, 5)), w=((3,), (2,), (5,))),
}
