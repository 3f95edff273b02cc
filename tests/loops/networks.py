"""Recurrent networks, attention and losses over sequences, as people write them with loops."""

import numpy as np

from tests.loops import of_shapes


def rnn_list(x, Wxh, Whh, Why, bh, by):
    hs = {}
    hs[-1] = np.zeros((Whh.shape[0], 1))
    ys = {}
    for t in range(len(x)):
        hs[t] = np.tanh(Wxh @ x[t].reshape(-1, 1) + Whh @ hs[t - 1] + bh)
        ys[t] = Why @ hs[t] + by
    return np.concatenate([ys[t] for t in range(len(x))], axis=1)


def rnn_loss(x, Wxh, Whh, Why, bh, by, *, targets=(1, 0, 2, 1)):
    xs, hs, ys, ps = {}, {}, {}, {}
    hs[-1] = np.zeros((Whh.shape[0], 1))
    loss = 0
    for t in range(len(targets)):
        xs[t] = x[t].reshape(-1, 1)
        hs[t] = np.tanh(np.dot(Wxh, xs[t]) + np.dot(Whh, hs[t - 1]) + bh)
        ys[t] = np.dot(Why, hs[t]) + by
        ps[t] = np.exp(ys[t]) / np.sum(np.exp(ys[t]))
        loss += -np.log(ps[t][targets[t], 0])
    return loss


def rnn_hs_list(x, Wx, Wh, b):
    N, T, D = x.shape
    hs = [np.zeros((N, Wh.shape[0]))]
    for t in range(T):
        hs.append(np.tanh(x[:, t, :] @ Wx + hs[t] @ Wh + b))
    return np.stack(hs[1:], axis=1)


def rnn_hs_last(x, Wx, Wh, b):
    N, T, D = x.shape
    hs = [np.zeros((N, Wh.shape[0]))]
    for t in range(T):
        hs.append(np.tanh(x[:, t, :] @ Wx + hs[-1] @ Wh + b))
    return hs[-1]


def rnn_vstack(x, Wx, Wh):
    h = np.zeros(Wh.shape[0])
    hs = []
    for xt in x:
        h = np.tanh(xt @ Wx + h @ Wh)
        hs.append(h)
    return np.vstack(hs)


def rnn_array(x, Wx, Wh):
    h = np.zeros(Wh.shape[0])
    hs = []
    for t in range(len(x)):
        h = np.tanh(x[t] @ Wx + h @ Wh)
        hs.append(h)
    return np.array(hs)


def rnn_concat(x, Wx, Wh):
    N, T, D = x.shape
    h = np.zeros((N, Wh.shape[0]))
    hs = []
    for t in range(T):
        h = np.tanh(x[:, t] @ Wx + h @ Wh)
        hs.append(h[:, None, :])
    return np.concatenate(hs, axis=1)


def rnn_hstack(x, Wx, Wh):
    D, T = x.shape
    h = np.zeros((Wh.shape[0], 1))
    hs = []
    for t in range(T):
        h = np.tanh(Wx @ x[:, t : t + 1] + Wh @ h)
        hs.append(h)
    return np.hstack(hs)


def rnn_two_passes(x, Wx, Wh, Wy):
    N, T, D = x.shape
    h = np.zeros((N, Wh.shape[0]))
    hs = []
    for t in range(T):
        h = np.tanh(x[:, t] @ Wx + h @ Wh)
        hs.append(h)
    loss = 0
    for t in range(T):
        y = hs[t] @ Wy
        loss = loss + np.sum(y**2)
    return loss


def rnn_two_zip(x, Wx, Wh, Wy):
    N, T, D = x.shape
    h = np.zeros((N, Wh.shape[0]))
    hs = []
    for t in range(T):
        h = np.tanh(x[:, t] @ Wx + h @ Wh)
        hs.append(h)
    loss = 0
    for h in hs:
        loss = loss + np.sum((h @ Wy) ** 2)
    return loss


def lstm_cell_steps(x, Wf, Wi, Wc, Wo, bf, bi, bc, bo):
    T, D = x.shape
    H = bf.shape[0]
    h = np.zeros(H)
    c = np.zeros(H)
    hs = np.zeros((T, H))
    for t in range(T):
        z = np.concatenate([h, x[t]])
        f = 1 / (1 + np.exp(-(Wf @ z + bf)))
        i = 1 / (1 + np.exp(-(Wi @ z + bi)))
        cbar = np.tanh(Wc @ z + bc)
        c = f * c + i * cbar
        o = 1 / (1 + np.exp(-(Wo @ z + bo)))
        h = o * np.tanh(c)
        hs[t] = h
    return hs


def sig(x):
    return 1 / (1 + np.exp(-x))


def lstm_cache(x, Wx, Wh, b, h0):
    N, T, D = x.shape
    H = h0.shape[1]
    prev_h, prev_c = h0, np.zeros_like(h0)
    h = np.zeros((N, T, H))
    for t in range(T):
        a = x[:, t, :].dot(Wx) + prev_h.dot(Wh) + b
        ai, af, ao, ag = np.split(a, 4, axis=1)
        i, f, o, g = sig(ai), sig(af), sig(ao), np.tanh(ag)
        next_c = f * prev_c + i * g
        next_h = o * np.tanh(next_c)
        prev_h, prev_c = next_h, next_c
        h[:, t, :] = next_h
    return h


def sigmoid(z):
    return 1 / (1 + np.exp(-z))


def gru(x, Wz, Wr, Wh, h0):
    h = h0
    outs = []
    for t in range(x.shape[1]):
        hx = np.hstack((h, x[:, t]))
        z = sigmoid(hx @ Wz)
        r = sigmoid(hx @ Wr)
        cand = np.tanh(np.hstack((r * h, x[:, t])) @ Wh)
        h = (1 - z) * h + z * cand
        outs.append(h)
    return np.stack(outs, axis=1)


def gru_gates(x, W, U):
    H = W.shape[0]
    h = np.zeros(H)
    for xt in x:
        g = xt @ U[:, : 2 * H] + h @ W[:, : 2 * H]
        zr = 1 / (1 + np.exp(-g))
        z, r = zr[:H], zr[H:]
        n = np.tanh(xt @ U[:, 2 * H :] + (r * h) @ W[:, 2 * H :])
        h = z * h + (1 - z) * n
    return h


def bptt_by_hand(x, Wx, Wh, dh_out):
    T = x.shape[0]
    h = {-1: np.zeros(Wh.shape[0])}
    for t in range(T):
        h[t] = np.tanh(Wx @ x[t] + Wh @ h[t - 1])
    dWx, dWh = np.zeros_like(Wx), np.zeros_like(Wh)
    dnext = np.zeros(Wh.shape[0])
    for t in reversed(range(T)):
        dh = dh_out[t] + dnext
        draw = dh * (1 - h[t] ** 2)
        dWx += np.outer(draw, x[t])
        dWh += np.outer(draw, h[t - 1])
        dnext = Wh.T @ draw
    return dWx, dWh


def rnn_joined(x, W):
    """What a round joins with its input is in the list of all rounds as well."""
    H = W.shape[1]
    h = np.zeros(H)
    hs = []
    for t in range(len(x)):
        h = np.tanh(np.concatenate([h, x[t]]) @ W)
        hs.append(h)
    return np.stack(hs)


CASES = {
    rnn_joined: of_shapes(x=((4, 3), (5, 2), (3, 6)), W=((7, 4), (5, 3), (8, 2))),
    rnn_list: of_shapes(
        x=((4, 3), (5, 2), (3, 6)),
        Wxh=((5, 3), (3, 2), (2, 6)),
        Whh=((5, 5), (3, 3), (2, 2)),
        Why=((4, 5), (3, 3), (5, 2)),
        bh=((5, 1), (3, 1), (2, 1)),
        by=((4, 1), (3, 1), (5, 1)),
    ),
    rnn_loss: of_shapes(
        x=((4, 3), (4, 2), (4, 5)),
        Wxh=((5, 3), (3, 2), (2, 5)),
        Whh=((5, 5), (3, 3), (2, 2)),
        Why=((4, 5), (3, 3), (6, 2)),
        bh=((5, 1), (3, 1), (2, 1)),
        by=((4, 1), (3, 1), (6, 1)),
    ),
    rnn_hs_list: of_shapes(
        x=((2, 4, 3), (3, 5, 2), (5, 3, 6)),
        Wx=((3, 5), (2, 3), (6, 2)),
        Wh=((5, 5), (3, 3), (2, 2)),
        b=((5,), (3,), (2,)),
    ),
    rnn_hs_last: of_shapes(
        x=((2, 4, 3), (3, 5, 2), (5, 3, 6)),
        Wx=((3, 5), (2, 3), (6, 2)),
        Wh=((5, 5), (3, 3), (2, 2)),
        b=((5,), (3,), (2,)),
    ),
    rnn_vstack: of_shapes(x=((4, 3), (5, 2), (3, 6)), Wx=((3, 5), (2, 3), (6, 2)), Wh=((5, 5), (3, 3), (2, 2))),
    rnn_array: of_shapes(x=((4, 3), (5, 2), (3, 6)), Wx=((3, 5), (2, 3), (6, 2)), Wh=((5, 5), (3, 3), (2, 2))),
    rnn_concat: of_shapes(
        x=((2, 4, 3), (3, 5, 2), (5, 3, 6)), Wx=((3, 5), (2, 3), (6, 2)), Wh=((5, 5), (3, 3), (2, 2))
    ),
    rnn_hstack: of_shapes(x=((3, 4), (2, 5), (6, 3)), Wx=((5, 3), (3, 2), (2, 6)), Wh=((5, 5), (3, 3), (2, 2))),
    rnn_two_passes: of_shapes(
        x=((2, 4, 3), (3, 5, 2), (5, 3, 6)),
        Wx=((3, 5), (2, 3), (6, 2)),
        Wh=((5, 5), (3, 3), (2, 2)),
        Wy=((5, 4), (3, 3), (2, 5)),
    ),
    rnn_two_zip: of_shapes(
        x=((2, 4, 3), (3, 5, 2), (5, 3, 6)),
        Wx=((3, 5), (2, 3), (6, 2)),
        Wh=((5, 5), (3, 3), (2, 2)),
        Wy=((5, 4), (3, 3), (2, 5)),
    ),
    lstm_cell_steps: of_shapes(
        x=((4, 3), (5, 2), (3, 4)),
        Wf=((5, 8), (3, 5), (2, 6)),
        Wi=((5, 8), (3, 5), (2, 6)),
        Wc=((5, 8), (3, 5), (2, 6)),
        Wo=((5, 8), (3, 5), (2, 6)),
        bf=((5,), (3,), (2,)),
        bi=((5,), (3,), (2,)),
        bc=((5,), (3,), (2,)),
        bo=((5,), (3,), (2,)),
    ),
    lstm_cache: of_shapes(
        x=((2, 4, 3), (3, 5, 2), (2, 3, 4)),
        Wx=((3, 20), (2, 16), (4, 8)),
        Wh=((5, 20), (4, 16), (2, 8)),
        b=((20,), (16,), (8,)),
        h0=((2, 5), (3, 4), (2, 2)),
    ),
    gru: of_shapes(
        x=((2, 4, 3), (3, 5, 2), (2, 3, 4)),
        Wz=((8, 5), (6, 4), (6, 2)),
        Wr=((8, 5), (6, 4), (6, 2)),
        Wh=((8, 5), (6, 4), (6, 2)),
        h0=((2, 5), (3, 4), (2, 2)),
    ),
    gru_gates: of_shapes(x=((4, 3), (5, 2), (3, 4)), W=((5, 15), (4, 12), (2, 6)), U=((3, 15), (2, 12), (4, 6))),
    bptt_by_hand: of_shapes(
        x=((4, 3), (5, 2), (3, 4)),
        Wx=((5, 3), (4, 2), (2, 4)),
        Wh=((5, 5), (4, 4), (2, 2)),
        dh_out=((4, 5), (5, 4), (3, 2)),
    ),
}
