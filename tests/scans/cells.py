"""Recurrent cells: with peepholes, leaky, gated, residual, multiplicative, and two on top of each other."""

RIGHT = {}
SLIPS = {}

RIGHT["peephole"] = """
import numpy as np


def sigmoid(z):
    return 1 / (1 + np.exp(-z))


def peephole_forward(x, Wx, Wh, p, b):
    N, T, D = x.shape
    H = Wh.shape[0]
    h = np.zeros((N, H))
    c = np.zeros((N, H))
    hs = np.zeros((N, T, H))
    cache = []
    for t in range(T):
        z = x[:, t] @ Wx + h @ Wh + b
        i = sigmoid(z[:, :H] + p[0] * c)
        f = sigmoid(z[:, H:2 * H] + p[1] * c)
        g = np.tanh(z[:, 2 * H:3 * H])
        c_new = f * c + i * g
        o = sigmoid(z[:, 3 * H:] + p[2] * c_new)
        tc = np.tanh(c_new)
        h_new = o * tc
        cache.append((h, c, i, f, g, o, c_new, tc))
        h, c = h_new, c_new
        hs[:, t] = h
    return hs, (x, Wx, Wh, p, b, cache)


def peephole_backward(dhs, cache):
    x, Wx, Wh, p, b, steps = cache
    N, T, D = x.shape
    H = Wh.shape[0]
    dx = np.zeros_like(x)
    dWx = np.zeros_like(Wx)
    dWh = np.zeros_like(Wh)
    dp = np.zeros_like(p)
    db = np.zeros_like(b)
    dh_next = np.zeros((N, H))
    dc_next = np.zeros((N, H))
    for t in reversed(range(T)):
        h, c, i, f, g, o, c_new, tc = steps[t]
        dh = dhs[:, t] + dh_next
        do = dh * tc * o * (1 - o)
        dc = dc_next + dh * o * (1 - tc ** 2) + do * p[2]
        di = dc * g * i * (1 - i)
        df = dc * c * f * (1 - f)
        dg = dc * i * (1 - g ** 2)
        dz = np.concatenate([di, df, dg, do], axis=1)
        dp[0] += np.sum(di * c, axis=0)
        dp[1] += np.sum(df * c, axis=0)
        dp[2] += np.sum(do * c_new, axis=0)
        dx[:, t] = dz @ Wx.T
        dWx += x[:, t].T @ dz
        dWh += h.T @ dz
        db += np.sum(dz, axis=0)
        dh_next = dz @ Wh.T
        dc_next = dc * f + di * p[0] + df * p[1]
    return dx, dWx, dWh, dp, db
"""
SLIPS["peephole"] = [
    ("        dc = dc_next + dh * o * (1 - tc ** 2) + do * p[2]", "        dc = dc_next + dh * o * (1 - tc ** 2)"),
    ("        dc_next = dc * f + di * p[0] + df * p[1]", "        dc_next = dc * f + di * p[0]"),
    ("        dc = dc_next + dh * o * (1 - tc ** 2) + do * p[2]", "        dc = dh * o * (1 - tc ** 2) + do * p[2]"),
    ("        dp[2] += np.sum(do * c_new, axis=0)", "        dp[2] += np.sum(do * c, axis=0)"),
]

RIGHT["leaky_cell"] = """
import numpy as np


def leaky_forward(x, h0, Wx, Wh, b, alpha=0.3):
    T, N, D = x.shape
    h = h0
    hs = []
    cache = []
    for t in range(T):
        a = np.tanh(x[t] @ Wx + h @ Wh + b)
        cache.append((h, a))
        h = (1 - alpha) * h + alpha * a
        hs.append(h)
    return np.stack(hs), (x, Wx, Wh, b, alpha, cache)


def leaky_backward(dhs, cache):
    x, Wx, Wh, b, alpha, steps = cache
    dx = np.zeros_like(x)
    dWx = np.zeros_like(Wx)
    dWh = np.zeros_like(Wh)
    db = np.zeros_like(b)
    dh_next = np.zeros_like(dhs[0])
    for t in reversed(range(len(steps))):
        h_prev, a = steps[t]
        dh = dhs[t] + dh_next
        da = alpha * dh
        dz = da * (1 - a ** 2)
        dx[t] = dz @ Wx.T
        dWx += x[t].T @ dz
        dWh += h_prev.T @ dz
        db += dz.sum(axis=0)
        dh_next = (1 - alpha) * dh + dz @ Wh.T
    return dx, dh_next, dWx, dWh, db
"""
SLIPS["leaky_cell"] = [
    ("        dh_next = (1 - alpha) * dh + dz @ Wh.T", "        dh_next = dh + dz @ Wh.T"),
    ("        da = alpha * dh", "        da = dh"),
]

RIGHT["gru_cell"] = """
import numpy as np


def sig(z):
    return 1 / (1 + np.exp(-z))


def gru_forward(x, h0, Wz, Wr, Wc, Uz, Ur, Uc, bz, br, bc):
    T, N, D = x.shape
    h = h0
    hs = np.zeros((T,) + h0.shape)
    cache = []
    for t in range(T):
        z = sig(x[t] @ Wz + h @ Uz + bz)
        r = sig(x[t] @ Wr + h @ Ur + br)
        s = r * h
        c = np.tanh(x[t] @ Wc + s @ Uc + bc)
        cache.append((h, z, r, s, c))
        h = z * h + (1 - z) * c
        hs[t] = h
    return hs, (x, Wz, Wr, Wc, Uz, Ur, Uc, cache)


def gru_backward(dhs, cache):
    x, Wz, Wr, Wc, Uz, Ur, Uc, steps = cache
    dx = np.zeros_like(x)
    dWz, dWr, dWc = np.zeros_like(Wz), np.zeros_like(Wr), np.zeros_like(Wc)
    dUz, dUr, dUc = np.zeros_like(Uz), np.zeros_like(Ur), np.zeros_like(Uc)
    dbz, dbr, dbc = np.zeros(Uz.shape[1]), np.zeros(Ur.shape[1]), np.zeros(Uc.shape[1])
    dh = np.zeros_like(dhs[0])
    for t in reversed(range(len(steps))):
        h, z, r, s, c = steps[t]
        dh = dh + dhs[t]
        dz = dh * (h - c)
        dc = dh * (1 - z)
        dac = dc * (1 - c * c)
        daz = dz * z * (1 - z)
        ds = dac @ Uc.T
        dr = ds * h
        dar = dr * r * (1 - r)
        dx[t] = dac @ Wc.T + daz @ Wz.T + dar @ Wr.T
        dWz += x[t].T @ daz
        dWr += x[t].T @ dar
        dWc += x[t].T @ dac
        dUz += h.T @ daz
        dUr += h.T @ dar
        dUc += s.T @ dac
        dbz += daz.sum(0)
        dbr += dar.sum(0)
        dbc += dac.sum(0)
        dh = dh * z + ds * r + daz @ Uz.T + dar @ Ur.T
    return dx, dh, dWz, dWr, dWc, dUz, dUr, dUc, dbz, dbr, dbc
"""
SLIPS["gru_cell"] = [
    ("        dr = ds * h", "        dr = dac * h"),
    ("        dh = dh * z + ds * r + daz @ Uz.T + dar @ Ur.T", "        dh = dh * z + ds * r + daz @ Uz.T"),
]

RIGHT["residual"] = """
import numpy as np


def residual_rnn_forward(x, h0, W, U, V, b):
    # h_t = h_{t-1} + V tanh(x_t W + h_{t-1} U + b)
    N, T, D = x.shape
    H = h0.shape[1]
    states = np.zeros((N, T + 1, H))
    acts = []
    states[:, 0] = h0
    for t in range(T):
        u = np.tanh(x[:, t, :] @ W + states[:, t] @ U + b)
        acts.append(u)
        states[:, t + 1] = states[:, t] + u @ V
    return states[:, 1:], (x, W, U, V, states, acts)


def residual_rnn_backward(dout, cache):
    x, W, U, V, states, acts = cache
    N, T, D = x.shape
    dx = np.zeros(x.shape)
    dW = np.zeros(W.shape)
    dU = np.zeros(U.shape)
    dV = np.zeros(V.shape)
    db = np.zeros(U.shape[1])
    carry = np.zeros((N, V.shape[1]))
    for t in range(T - 1, -1, -1):
        u = acts[t]
        dh = dout[:, t, :] + carry
        dV += u.T @ dh
        du = dh @ V.T
        da = du * (1 - u ** 2)
        dx[:, t, :] = da @ W.T
        dW += x[:, t, :].T @ da
        dU += states[:, t].T @ da
        db += da.sum(axis=0)
        carry = dh + da @ U.T
    return dx, carry, dW, dU, dV, db
"""
SLIPS["residual"] = [
    ("        carry = dh + da @ U.T", "        carry = da @ U.T"),
    ("        dV += u.T @ dh", "        dV += u.T @ dout[:, t, :]"),
]

RIGHT["multiplicative"] = """
import numpy as np


def mrnn_forward(xs, Wmx, Wmh, Wx, Wm, b):
    # Multiplicative RNN: m = (x Wmx) * (h Wmh), h = tanh(x Wx + m Wm + b).
    T, N, D = xs.shape
    H = Wm.shape[1]
    h = np.zeros((N, H))
    out = []
    cache = []
    for x in xs:
        px = x @ Wmx
        ph = h @ Wmh
        m = px * ph
        h_prev = h
        h = np.tanh(x @ Wx + m @ Wm + b)
        cache.append((x, h_prev, px, ph, m, h))
        out.append(h)
    return np.array(out), (Wmx, Wmh, Wx, Wm, b, cache)


def mrnn_backward(dout, cache):
    Wmx, Wmh, Wx, Wm, b, rounds = cache
    dWmx, dWmh, dWx, dWm, db = [np.zeros_like(a) for a in (Wmx, Wmh, Wx, Wm, b)]
    dxs = []
    dh_next = np.zeros_like(rounds[0][1])
    for dh_out, (x, h_prev, px, ph, m, h) in zip(dout[::-1], rounds[::-1]):
        dh = dh_out + dh_next
        dz = (1 - h * h) * dh
        dWx += x.T @ dz
        dWm += m.T @ dz
        db += dz.sum(axis=0)
        dm = dz @ Wm.T
        dpx = dm * ph
        dph = dm * px
        dWmx += x.T @ dpx
        dWmh += h_prev.T @ dph
        dxs.append(dz @ Wx.T + dpx @ Wmx.T)
        dh_next = dph @ Wmh.T
    return np.array(dxs[::-1]), dWmx, dWmh, dWx, dWm, db
"""
SLIPS["multiplicative"] = [
    ("        dpx = dm * ph", "        dpx = dm * px"),
    ("        dh_next = dph @ Wmh.T", "        dh_next = dm @ Wmh.T"),
]

RIGHT["two_layers"] = """
import numpy as np


def two_layer_rnn_forward(x, Wx1, Wh1, b1, Wx2, Wh2, b2):
    N, T, D = x.shape
    h1 = np.zeros((T + 1, N, Wh1.shape[0]))
    h2 = np.zeros((T + 1, N, Wh2.shape[0]))
    for t in range(T):
        h1[t + 1] = np.tanh(x[:, t].dot(Wx1) + h1[t].dot(Wh1) + b1)
        h2[t + 1] = np.tanh(h1[t + 1].dot(Wx2) + h2[t].dot(Wh2) + b2)
    cache = (x, h1, h2, Wx1, Wh1, b1, Wx2, Wh2, b2)
    return h2[1:].transpose(1, 0, 2), cache


def two_layer_rnn_backward(dout, cache):
    x, h1, h2, Wx1, Wh1, b1, Wx2, Wh2, b2 = cache
    N, T, D = x.shape
    dx = np.zeros_like(x)
    dWx1, dWh1, db1 = np.zeros_like(Wx1), np.zeros_like(Wh1), np.zeros_like(b1)
    dWx2, dWh2, db2 = np.zeros_like(Wx2), np.zeros_like(Wh2), np.zeros_like(b2)
    dh1_next = np.zeros_like(h1[0])
    dh2_next = np.zeros_like(h2[0])
    for t in reversed(range(T)):
        dh2 = dout[:, t] + dh2_next
        da2 = dh2 * (1 - h2[t + 1] ** 2)
        dWx2 += h1[t + 1].T.dot(da2)
        dWh2 += h2[t].T.dot(da2)
        db2 += da2.sum(axis=0)
        dh2_next = da2.dot(Wh2.T)
        dh1 = da2.dot(Wx2.T) + dh1_next
        da1 = dh1 * (1 - h1[t + 1] ** 2)
        dx[:, t] = da1.dot(Wx1.T)
        dWx1 += x[:, t].T.dot(da1)
        dWh1 += h1[t].T.dot(da1)
        db1 += da1.sum(axis=0)
        dh1_next = da1.dot(Wh1.T)
    return dx, dWx1, dWh1, db1, dWx2, dWh2, db2
"""
SLIPS["two_layers"] = [
    ("        dh1 = da2.dot(Wx2.T) + dh1_next", "        dh1 = da2.dot(Wx2.T)"),
    ("        dWh2 += h2[t].T.dot(da2)", "        dWh2 += h2[t + 1].T.dot(da2)"),
]
