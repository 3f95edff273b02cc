"""Recurrent networks, gated, leaky and in both directions, with backpropagation through time by hand."""

RIGHT = {}
SLIPS = {}

RIGHT["rnn"] = """
import numpy as np


def rnn_forward(x, h0, Wx, Wh, b):
    T, N, D = x.shape
    hs = np.zeros((T,) + h0.shape)
    h = h0
    for t in range(T):
        h = np.tanh(x[t] @ Wx + h @ Wh + b)
        hs[t] = h
    return hs, (x, h0, Wx, Wh, hs)


def rnn_backward(dhs, cache):
    x, h0, Wx, Wh, hs = cache
    dx, dWx, dWh = np.zeros_like(x), np.zeros_like(Wx), np.zeros_like(Wh)
    db = np.zeros(Wh.shape[1])
    dnext = np.zeros(hs.shape[1:])
    for t in reversed(range(x.shape[0])):
        prev = hs[t - 1] if t > 0 else h0
        da = (dhs[t] + dnext) * (1 - hs[t] ** 2)
        dx[t] = da @ Wx.T
        dWx += x[t].T @ da
        dWh += prev.T @ da
        db += da.sum(axis=0)
        dnext = da @ Wh.T
    return dx, dnext, dWx, dWh, db
"""
SLIPS["rnn"] = [
    ("        dx[t] = da @ Wx.T", "        dx[t - 1] = da @ Wx.T"),
    ("        dWh += prev.T @ da", "        dWh += hs[t].T @ da"),
    ("        dnext = da @ Wh.T", "        dnext = (dhs[t] + dnext) @ Wh.T"),
]

RIGHT["gru"] = """
import numpy as np


def sigmoid(v):
    return 1 / (1 + np.exp(-v))


def gru_forward(x, Wz, Uz, Wr, Ur, Wh, Uh):
    T, N, D = x.shape
    H = Uz.shape[0]
    h = np.zeros((N, H))
    hs, kept = [], []
    for t in range(T):
        prev = h
        z = sigmoid(x[t] @ Wz + prev @ Uz)
        r = sigmoid(x[t] @ Wr + prev @ Ur)
        n = np.tanh(x[t] @ Wh + (r * prev) @ Uh)
        h = (1 - z) * prev + z * n
        hs.append(h)
        kept.append((prev, z, r, n))
    return np.array(hs), (x, Wz, Uz, Wr, Ur, Wh, Uh, kept)


def gru_backward(dhs, cache):
    x, Wz, Uz, Wr, Ur, Wh, Uh, kept = cache
    dx = np.zeros_like(x)
    dWz, dUz, dWr = np.zeros_like(Wz), np.zeros_like(Uz), np.zeros_like(Wr)
    dUr, dWh, dUh = np.zeros_like(Ur), np.zeros_like(Wh), np.zeros_like(Uh)
    dnext = np.zeros(dhs.shape[1:])
    for t in reversed(range(len(x))):
        prev, z, r, n = kept[t]
        dh = dhs[t] + dnext
        dprev = dh * (1 - z)
        daz = dh * (n - prev) * z * (1 - z)
        dan = dh * z * (1 - n**2)
        drp = dan @ Uh.T
        dar = drp * prev * r * (1 - r)
        dprev += drp * r + daz @ Uz.T + dar @ Ur.T
        dx[t] = daz @ Wz.T + dar @ Wr.T + dan @ Wh.T
        dWz += x[t].T @ daz
        dUz += prev.T @ daz
        dWr += x[t].T @ dar
        dUr += prev.T @ dar
        dWh += x[t].T @ dan
        dUh += (r * prev).T @ dan
        dnext = dprev
    return dx, dWz, dUz, dWr, dUr, dWh, dUh
"""
SLIPS["gru"] = [
    (
        "        dx[t] = daz @ Wz.T + dar @ Wr.T + dan @ Wh.T",
        "        dx[t - 1] = daz @ Wz.T + dar @ Wr.T + dan @ Wh.T",
    ),
    ("        daz = dh * (n - prev) * z * (1 - z)", "        daz = dh * n * z * (1 - z)"),
]

RIGHT["bidirectional"] = """
import numpy as np


def both_forward(x, a, b):
    T = x.shape[0]
    fwd, bwd = np.zeros_like(x), np.zeros_like(x)
    h = np.zeros(x.shape[1:])
    for t in range(T):
        h = np.tanh(a * h + x[t])
        fwd[t] = h
    h = np.zeros(x.shape[1:])
    for t in range(T - 1, -1, -1):
        h = np.tanh(b * h + x[t])
        bwd[t] = h
    out = fwd + bwd
    return out, (x, a, b, fwd, bwd)


def both_backward(dout, cache):
    x, a, b, fwd, bwd = cache
    T = x.shape[0]
    dx = np.zeros_like(x)
    da, db = np.zeros_like(a), np.zeros_like(b)
    dh = np.zeros(x.shape[1:])
    for t in range(T - 1, -1, -1):
        ds = (dout[t] + dh) * (1 - fwd[t] ** 2)
        dx[t] += ds
        if t > 0:
            da += ds * fwd[t - 1]
        dh = a * ds
    dh = np.zeros(x.shape[1:])
    for t in range(T):
        ds = (dout[t] + dh) * (1 - bwd[t] ** 2)
        dx[t] += ds
        if t < T - 1:
            db += ds * bwd[t + 1]
        dh = b * ds
    return dx, da, db
"""
SLIPS["bidirectional"] = [
    ("        dh = b * ds", "        dh = a * ds"),
    ("        dh = a * ds", "        dh = ds"),
]

RIGHT["leaky"] = """
import numpy as np


def leaky_forward(x, W, leak):
    T = x.shape[0]
    v = np.zeros(W.shape[1])
    vs = np.zeros((T, W.shape[1]))
    for t in range(T):
        v = v + leak * (x[t] @ W - v)
        vs[t] = v
    return vs, (x, W, leak, vs)


def leaky_backward(dvs, cache):
    x, W, leak, vs = cache
    dx, dW = np.zeros_like(x), np.zeros_like(W)
    dleak = np.zeros_like(leak)
    dv = np.zeros(vs.shape[1:])
    for t in reversed(range(x.shape[0])):
        dv = dv + dvs[t]
        before = vs[t - 1] if t else np.zeros(vs.shape[1:])
        dleak += dv * (x[t] @ W - before)
        dcurrent = leak * dv
        dx[t] = W @ dcurrent
        dW += np.outer(x[t], dcurrent)
        dv = (1 - leak) * dv
    return dx, dW, dleak
"""
SLIPS["leaky"] = [
    ("        dv = (1 - leak) * dv", "        dv = leak * dv"),
]

RIGHT["forget"] = """
import numpy as np


def forget_forward(x, Wf, Wi):
    c = np.zeros(x.shape[1:])
    cs, fs = np.zeros_like(x), np.zeros_like(x)
    for t in range(x.shape[0]):
        f = 1 / (1 + np.exp(-(x[t] * Wf)))
        c = f * c + (1 - f) * np.tanh(Wi * x[t])
        cs[t] = c
        fs[t] = f
    return cs, (x, Wf, Wi, cs, fs)


def forget_backward(dcs, cache):
    x, Wf, Wi, cs, fs = cache
    dx, dWf, dWi = np.zeros_like(x), np.zeros_like(Wf), np.zeros_like(Wi)
    dc = np.zeros(x.shape[1:])
    for t in range(x.shape[0] - 1, -1, -1):
        dc = dc + dcs[t]
        prev = cs[t - 1] if t > 0 else np.zeros(x.shape[1:])
        i = np.tanh(Wi * x[t])
        f = fs[t]
        df = dc * (prev - i)
        da = df * f * (1 - f)
        di = dc * (1 - f) * (1 - i**2)
        dx[t] = da * Wf + di * Wi
        dWf += da * x[t]
        dWi += di * x[t]
        dc = dc * f
    return dx, dWf, dWi
"""
SLIPS["forget"] = [
    ("        df = dc * (prev - i)", "        df = dc * prev"),
]

RIGHT["leaky_units"] = """
import numpy as np


def leaky_forward(x, Wx, Wh, b, alpha):
    N, T, D = x.shape
    H = Wh.shape[0]
    h = np.zeros((N, H))
    out = np.zeros((N, T, H))
    cache = []
    for t in range(T):
        cand = np.tanh(x[:, t] @ Wx + h @ Wh + b)
        cache.append((h, cand))
        h = (1 - alpha) * h + alpha * cand
        out[:, t] = h
    return out, (x, Wx, Wh, alpha, cache)


def leaky_backward(dout, cache):
    x, Wx, Wh, alpha, steps = cache
    N, T, D = x.shape
    dx = np.zeros_like(x)
    dWx, dWh = np.zeros_like(Wx), np.zeros_like(Wh)
    H = Wh.shape[0]
    db = np.zeros(H)
    dalpha = np.zeros(H)
    dh = np.zeros((N, H))
    for t in range(T - 1, -1, -1):
        h_prev, cand = steps[t]
        dh = dh + dout[:, t]
        dalpha += np.sum(dh * (cand - h_prev), axis=0)
        dz = dh * alpha * (1 - cand ** 2)
        dx[:, t] = dz @ Wx.T
        dWx += x[:, t].T @ dz
        dWh += h_prev.T @ dz
        db += dz.sum(axis=0)
        dh = dh * (1 - alpha) + dz @ Wh.T
    return dx, dWx, dWh, db, dalpha
"""
SLIPS["leaky_units"] = [
    ("dalpha += np.sum(dh * (cand - h_prev), axis=0)", "dalpha += np.sum(dh * cand, axis=0)"),
    ("dWh += h_prev.T @ dz", "dWh += cand.T @ dz"),
]
