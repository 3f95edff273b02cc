"""Averages, sums and filters over time, with what they carry made of `x.shape[1:]`, of T and of numbers."""

RIGHT = {}
SLIPS = {}

RIGHT["average"] = """
import numpy as np


def ema_forward(x, a, b):
    y = np.zeros_like(x)
    carry = np.zeros(x.shape[1:])
    for t in range(x.shape[0]):
        carry = a * carry + b * x[t]
        y[t] = carry
    return y, (x, a, b, y)


def ema_backward(dout, cache):
    x, a, b, y = cache
    dx = np.zeros_like(x)
    da = np.zeros_like(a)
    db = np.zeros_like(b)
    carry = np.zeros(x.shape[1:])
    for t in reversed(range(x.shape[0])):
        d = dout[t] + carry
        prev = y[t - 1] if t > 0 else np.zeros(x.shape[1:])
        da += np.sum(d * prev)
        db += np.sum(d * x[t])
        dx[t] = d * b
        carry = d * a
    return dx, da, db
"""
SLIPS["average"] = [
    ("        dx[t] = d * b", "        dx[t - 1] = d * b"),
    ("        carry = d * a", "        carry = d * b"),
    ("        carry = d * a", "        carry += d * a"),
    ("        d = dout[t] + carry", "        d = dout[t]"),
]

RIGHT["setting"] = """
import numpy as np


def smooth_forward(x, alpha=0.3):
    y = np.zeros_like(x)
    s = np.zeros(x.shape[1:])
    for t in range(len(x)):
        s = (1 - alpha) * s + alpha * x[t]
        y[t] = s
    return y, (x, alpha)


def smooth_backward(dy, cache):
    x, alpha = cache
    dx = np.zeros_like(x)
    ds = np.zeros(x.shape[1:])
    for t in range(len(x) - 1, -1, -1):
        ds = ds + dy[t]
        dx[t] = alpha * ds
        ds = (1 - alpha) * ds
    return dx
"""
SLIPS["setting"] = [
    ("        dx[t] = alpha * ds", "        dx[t - 1] = alpha * ds"),
    ("        dx[t] = alpha * ds", "        dx[t] = (1 - alpha) * ds"),
    ("        ds = ds + dy[t]", "        ds = dy[t]"),
]

RIGHT["gates"] = """
import numpy as np


def scan_forward(a, b):
    h = np.zeros(b.shape[1:])
    out = np.zeros_like(b)
    for t in range(b.shape[0]):
        h = a[t] * h + b[t]
        out[t] = h
    return out, (a, out)


def scan_backward(dout, cache):
    a, out = cache
    da = np.zeros_like(a)
    db = np.zeros_like(dout)
    carry = np.zeros(dout.shape[1:])
    for t in range(dout.shape[0] - 1, -1, -1):
        db[t] = dout[t] + carry
        if t > 0:
            da[t] = db[t] * out[t - 1]
        carry = a[t] * db[t]
    return da, db
"""
SLIPS["gates"] = [
    ("            da[t] = db[t] * out[t - 1]", "            da[t] = db[t] * out[t]"),
    ("            da[t] = db[t] * out[t - 1]", "            da[t - 1] = db[t] * out[t - 1]"),
    ("        carry = a[t] * db[t]", "        carry = a[t - 1] * db[t]"),
    ("        carry = a[t] * db[t]", "        carry = db[t]"),
]

RIGHT["cumsum"] = """
import numpy as np


def cumsum_forward(x):
    out = np.zeros_like(x)
    total = np.zeros(x.shape[1:])
    for t in range(x.shape[0]):
        total = total + x[t]
        out[t] = total
    return out, x.shape


def cumsum_backward(dout, cache):
    shape = cache
    dx = np.zeros(shape)
    total = np.zeros(shape[1:])
    for t in range(shape[0] - 1, -1, -1):
        total = total + dout[t]
        dx[t] = total
    return dx
"""
SLIPS["cumsum"] = [
    ("        dx[t] = total", "        dx[t - 1] = total"),
    ("    for t in range(shape[0] - 1, -1, -1):", "    for t in range(shape[0]):"),
    ("    for t in range(shape[0] - 1, -1, -1):", "    for t in range(shape[0] - 1, 0, -1):"),
]

RIGHT["momentum"] = """
import numpy as np


def momentum(g, w0, lr, mu):
    v = np.zeros(g.shape[1:])
    w = w0
    ws = []
    for t in range(g.shape[0]):
        v = mu * v - lr * g[t]
        w = w + v
        ws.append(w)
    return np.array(ws)


def momentum_backward(dws, g, w0, lr, mu):
    vs = [np.zeros(g.shape[1:])]
    for t in range(g.shape[0]):
        vs.append(mu * vs[-1] - lr * g[t])
    dg = np.zeros_like(g)
    dlr, dmu = 0.0, 0.0
    dw = np.zeros_like(w0)
    dv = np.zeros(g.shape[1:])
    for t in reversed(range(g.shape[0])):
        dw = dw + dws[t]
        dv = dv + dw
        dg[t] = -lr * dv
        dlr -= np.sum(dv * g[t])
        dmu += np.sum(dv * vs[t])
        dv = mu * dv
    return dg, dw, dlr, dmu
"""
SLIPS["momentum"] = [
    ("        dg[t] = -lr * dv", "        dg[t] = lr * dv"),
]

RIGHT["kalman"] = """
import numpy as np


def kalman_forward(z, k, x0):
    T = z.shape[0]
    est = np.zeros(z.shape)
    x = x0
    for t in range(T):
        innovation = z[t] - x
        x = x + k * innovation
        est[t] = x
    return est, (z, k, x0, est)


def kalman_backward(dest, cache):
    z, k, x0, est = cache
    dz = np.zeros(z.shape)
    dk = np.zeros(k.shape)
    dx = np.zeros(z.shape[1:])
    for t in range(len(z) - 1, -1, -1):
        prev = x0 if t == 0 else est[t - 1]
        dx = dx + dest[t]
        dz[t] = k * dx
        dk += dx * (z[t] - prev)
        dx = dx - k * dx
    return dz, dk, dx
"""
SLIPS["kalman"] = [
    ("        dx = dx - k * dx", "        dx = k * dx"),
    ("        dz[t] = k * dx", "        dz[t - 1] = k * dx"),
    ("        dk += dx * (z[t] - prev)", "        dk += dx * (z[t] - est[t])"),
]

RIGHT["delayed"] = """
import numpy as np


def delayed_forward(x, a, b, c):
    T, D = x.shape
    y = np.zeros((T, D))
    h = np.zeros(x.shape[1:])
    for t in range(T):
        h = a * h + b * x[t]
        if t > 0:
            h = h + c * x[t - 1]
        y[t] = h
    return y, (x, a, b, c, y)


def delayed_backward(dy, cache):
    x, a, b, c, y = cache
    T, D = x.shape
    dx = np.zeros_like(x)
    da, db, dc = np.zeros_like(a), np.zeros_like(b), np.zeros_like(c)
    dh = np.zeros(x.shape[1:])
    for t in range(T - 1, -1, -1):
        dh = dh + dy[t]
        dx[t] += b * dh
        db += dh * x[t]
        if t > 0:
            dx[t - 1] += c * dh
            dc += dh * x[t - 1]
            da += dh * y[t - 1]
        dh = a * dh
    return dx, da, db, dc
"""
SLIPS["delayed"] = [
    ("            dx[t - 1] += c * dh", "            dx[t - 1] += b * dh"),
    ("        dx[t] += b * dh", "        dx[t] = b * dh"),
    ("            dx[t - 1] += c * dh", "            dx[t] += c * dh"),
    ("            dc += dh * x[t - 1]", "            dc += dh * x[t]"),
]
