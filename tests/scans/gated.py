"""Gated networks and filters of two states, with what a round hands to the next made in one line, or in several."""

RIGHT = {}
SLIPS = {}

RIGHT["gru_cho"] = """
import numpy as np


def sigmoid(a):
    return 1.0 / (1.0 + np.exp(-a))


def gru_forward(x, h0, W, U, b):
    N, T, D = x.shape
    H = h0.shape[1]
    h = np.zeros((N, T, H))
    prev = h0
    cache = []
    for t in range(T):
        xw = x[:, t] @ W + b
        hu = prev @ U[:, :2 * H]
        z = sigmoid(xw[:, :H] + hu[:, :H])
        r = sigmoid(xw[:, H:2 * H] + hu[:, H:])
        rh = r * prev
        c = np.tanh(xw[:, 2 * H:] + rh @ U[:, 2 * H:])
        new = z * prev + (1 - z) * c
        cache.append((prev, z, r, rh, c))
        prev = new
        h[:, t] = new
    return h, (x, h0, W, U, b, cache)


def gru_backward(dout, all_cache):
    x, h0, W, U, b, cache = all_cache
    N, T, D = x.shape
    H = h0.shape[1]
    dx = np.zeros_like(x)
    dW = np.zeros_like(W)
    dU = np.zeros_like(U)
    db = np.zeros_like(b)
    dcarry = np.zeros_like(h0)
    for t in reversed(range(T)):
        prev, z, r, rh, c = cache[t]
        dh = dout[:, t] + dcarry
        dz = dh * (prev - c)
        dc = dh * (1 - z)
        dac = dc * (1 - c ** 2)
        drh = dac @ U[:, 2 * H:].T
        dr = drh * prev
        daz = dz * z * (1 - z)
        dar = dr * r * (1 - r)
        da = np.concatenate([daz, dar, dac], axis=1)
        dx[:, t] = da @ W.T
        dW += x[:, t].T @ da
        db += da.sum(axis=0)
        dU[:, :2 * H] += prev.T @ da[:, :2 * H]
        dU[:, 2 * H:] += rh.T @ dac
        dcarry = dh * z + drh * r + da[:, :2 * H] @ U[:, :2 * H].T
    return dx, dcarry, dW, dU, db
"""
SLIPS["gru_cho"] = [
    ("dcarry = dh * z + drh * r + da[:, :2 * H] @ U[:, :2 * H].T", "dcarry = dh * z + da[:, :2 * H] @ U[:, :2 * H].T"),
    (
        "dcarry = dh * z + drh * r + da[:, :2 * H] @ U[:, :2 * H].T",
        "dcarry = dh * z + drh + da[:, :2 * H] @ U[:, :2 * H].T",
    ),
    ("dr = drh * prev", "dr = drh * rh"),
]

RIGHT["gru_parts"] = """
import numpy as np


def sigm(a):
    return 1 / (1 + np.exp(-a))


def forward(xs, Wz, Uz, Wr, Ur, Wc, Uc):
    T = len(xs)
    h = np.zeros((xs.shape[1], Uz.shape[0]))
    hs, zs, rs, cs = [h], [], [], []
    for t in range(T):
        z = sigm(xs[t] @ Wz + hs[-1] @ Uz)
        r = sigm(xs[t] @ Wr + hs[-1] @ Ur)
        c = np.tanh(xs[t] @ Wc + r * (hs[-1] @ Uc))
        h = (1 - z) * c + z * hs[-1]
        zs.append(z)
        rs.append(r)
        cs.append(c)
        hs.append(h)
    return np.stack(hs[1:]), (xs, Wz, Uz, Wr, Ur, Wc, Uc, hs, zs, rs, cs)


def backward(dhs, cache):
    xs, Wz, Uz, Wr, Ur, Wc, Uc, hs, zs, rs, cs = cache
    dxs = np.zeros_like(xs)
    dWz, dUz = np.zeros_like(Wz), np.zeros_like(Uz)
    dWr, dUr = np.zeros_like(Wr), np.zeros_like(Ur)
    dWc, dUc = np.zeros_like(Wc), np.zeros_like(Uc)
    dnext = np.zeros_like(hs[0])
    for t in range(len(xs) - 1, -1, -1):
        h, z, r, c = hs[t], zs[t], rs[t], cs[t]
        dh = dhs[t] + dnext
        dac = dh * (1 - z) * (1 - c * c)
        daz = dh * (h - c) * z * (1 - z)
        dar = dac * (h @ Uc) * r * (1 - r)
        dWz += xs[t].T @ daz
        dUz += h.T @ daz
        dWr += xs[t].T @ dar
        dUr += h.T @ dar
        dWc += xs[t].T @ dac
        dUc += h.T @ (dac * r)
        dxs[t] = daz @ Wz.T + dar @ Wr.T + dac @ Wc.T
        dnext = dh * z
        dnext += daz @ Uz.T
        dnext += dar @ Ur.T
        dnext += (dac * r) @ Uc.T
    return dxs, dWz, dUz, dWr, dUr, dWc, dUc
"""
SLIPS["gru_parts"] = [
    ("        dnext += (dac * r) @ Uc.T", "        dnext += dac @ Uc.T"),
    ("        dnext = dh * z\n", "        dnext = dh * (1 - z)\n"),
]

RIGHT["lstm_four"] = """
import numpy as np


def sig(a):
    return 1 / (1 + np.exp(-a))


def lstm_forward(x, Wx, Wh, b):
    N, T, D = x.shape
    H = Wh.shape[0]
    h = np.zeros((N, H))
    c = np.zeros((N, H))
    out = np.zeros((N, T, H))
    caches = []
    for t in range(T):
        a = x[:, t, :].dot(Wx) + h.dot(Wh) + b
        i, f, o, g = sig(a[:, :H]), sig(a[:, H:2*H]), sig(a[:, 2*H:3*H]), np.tanh(a[:, 3*H:])
        c_next = f * c + i * g
        h_next = o * np.tanh(c_next)
        caches.append((h, c, i, f, o, g, c_next))
        h, c = h_next, c_next
        out[:, t, :] = h
    return out, (x, Wx, Wh, b, caches)


def lstm_backward(dout, cache):
    x, Wx, Wh, b, caches = cache
    N, T, D = x.shape
    H = Wh.shape[0]
    dx, dWx, dWh, db = np.zeros_like(x), np.zeros_like(Wx), np.zeros_like(Wh), np.zeros_like(b)
    dh_next = np.zeros((N, H))
    dc_next = np.zeros((N, H))
    for t in reversed(range(T)):
        h_prev, c_prev, i, f, o, g, c = caches[t]
        dh = dout[:, t, :] + dh_next
        dc = dc_next + dh * o * (1 - np.tanh(c) ** 2)
        do = dh * np.tanh(c)
        df = dc * c_prev
        di = dc * g
        dg = dc * i
        da = np.hstack([di * i * (1 - i), df * f * (1 - f), do * o * (1 - o), dg * (1 - g ** 2)])
        dx[:, t, :] = da.dot(Wx.T)
        dWx += x[:, t, :].T.dot(da)
        dWh += h_prev.T.dot(da)
        db += da.sum(axis=0)
        dh_next = da.dot(Wh.T)
        dc_next = dc * f
    return dx, dWx, dWh, db
"""
SLIPS["lstm_four"] = [
    ("        dc_next = dc * f", "        dc_next = dc * i"),
    ("        dc = dc_next + dh * o", "        dc = dh * o"),
    ("        dc_next = dc * f", "        dc_next = dc_next * f"),
]

RIGHT["rnn_relu"] = """
import numpy as np


def irnn_forward(x, W, U, V):
    T, N, D = x.shape
    h = np.zeros((N, U.shape[0]))
    hs, ys = {-1: h}, []
    for t in range(T):
        hs[t] = np.maximum(0, x[t] @ W + hs[t - 1] @ U)
        ys.append(hs[t] @ V)
    return np.array(ys), (x, W, U, V, hs)


def irnn_backward(dys, cache):
    x, W, U, V, hs = cache
    T = len(x)
    dx, dW, dU, dV = np.zeros_like(x), np.zeros_like(W), np.zeros_like(U), np.zeros_like(V)
    dhnext = np.zeros_like(hs[0])
    for t in reversed(range(T)):
        dV += hs[t].T @ dys[t]
        dh = dys[t] @ V.T + dhnext
        draw = dh * (hs[t] > 0)
        dx[t] = draw @ W.T
        dW += x[t].T @ draw
        dU += hs[t - 1].T @ draw
        dhnext = draw @ U.T
    return dx, dW, dU, dV
"""
SLIPS["rnn_relu"] = [
    ("        dhnext = draw @ U.T", "        dhnext = dh @ U.T"),
    ("        dhnext = draw @ U.T", "        dhnext += draw @ U.T"),
]

RIGHT["momentum"] = """
import numpy as np


def ema_forward(g, beta, gamma):
    T, D = g.shape
    m, v = np.zeros(D), np.zeros(D)
    out, ms, vs = np.zeros((T, D)), [m], [v]
    for t in range(T):
        m = beta * m + (1 - beta) * g[t]
        v = gamma * v + (1 - gamma) * g[t] ** 2
        out[t] = m / np.sqrt(v + 1e-3)
        ms.append(m)
        vs.append(v)
    return out, (g, beta, gamma, ms, vs)


def ema_backward(dout, cache):
    g, beta, gamma, ms, vs = cache
    T, D = g.shape
    dg, dbeta, dgamma = np.zeros_like(g), np.zeros_like(beta), np.zeros_like(gamma)
    dm, dv = np.zeros(D), np.zeros(D)
    for t in reversed(range(T)):
        root = np.sqrt(vs[t + 1] + 1e-3)
        dm = dm + dout[t] / root
        dv = dv - 0.5 * dout[t] * ms[t + 1] / root ** 3
        dbeta += dm * (ms[t] - g[t])
        dgamma += dv * (vs[t] - g[t] ** 2)
        dg[t] = dm * (1 - beta) + dv * (1 - gamma) * 2 * g[t]
        dm = dm * beta
        dv = dv * gamma
    return dg, dbeta, dgamma
"""
SLIPS["momentum"] = [
    ("        dv = dv * gamma", "        dv = dv * beta"),
    ("        dm = dm * beta\n", "        dm = dm * (1 - beta)\n"),
]
