import numpy as np


def sigm(z):
    return 1.0 / (1.0 + np.exp(-z))


def lstm_step_forward(x, prev_h, prev_c, Wx, Wh, b):
    H = prev_h.shape[1]
    acts = np.dot(x, Wx) + np.dot(prev_h, Wh) + b
    gi = sigm(acts[:, 0:H])
    gf = sigm(acts[:, H:2*H])
    go = sigm(acts[:, 2*H:3*H])
    gg = np.tanh(acts[:, 3*H:4*H])
    keep = gf * prev_c
    write = gi * gg
    next_c = keep + write
    tc = np.tanh(next_c)
    next_h = go * tc
    return next_h, next_c, (x, prev_h, prev_c, Wx, Wh, gi, gf, go, gg, tc)


def lstm_step_backward(dnext_h, dnext_c, cache):
    x, prev_h, prev_c, Wx, Wh, gi, gf, go, gg, tc = cache
    H = prev_h.shape[1]
    d_go = dnext_h * tc
    d_tc = dnext_h * go
    dc_total = dnext_c + d_tc * (1 - tc * tc)
    d_gf = dc_total * prev_c
    d_gi = dc_total * gg
    d_gg = dc_total * gi
    dprev_c = dc_total * gf

    dacts = np.zeros((x.shape[0], 4 * H))
    dacts[:, 0:H] = d_gi * gi * (1 - gi)
    dacts[:, H:2*H] = d_gf * gf * (1 - gf)
    dacts[:, 2*H:3*H] = d_go * go * (1 - go)
    dacts[:, 3*H:] = d_gg * (1 - gg ** 2)

    dx = np.dot(dacts, Wx.T)
    dprev_h = np.dot(dacts, Wh.T)
    dWx = np.dot(x.T, dacts)
    dWh = np.dot(prev_h.T, dacts)
    db = dacts.sum(axis=0)
    return dx, dprev_h, dprev_c, dWx, dWh, db


def lstm_forward(x, h0, Wx, Wh, b):
    N, T, D = x.shape
    H = h0.shape[1]
    hs = np.zeros((N, T, H))
    caches = []
    h_t = h0
    c_t = np.zeros_like(h0)
    for t in range(T):
        h_t, c_t, step = lstm_step_forward(x[:, t, :], h_t, c_t, Wx, Wh, b)
        hs[:, t, :] = h_t
        caches.append(step)
    return hs, caches


def lstm_backward(dh, cache):
    N, T, H = dh.shape
    D = cache[0][0].shape[1]
    dx = np.zeros((N, T, D))
    dWx = np.zeros((D, 4 * H))
    dWh = np.zeros((H, 4 * H))
    db = np.zeros(4 * H)
    dh_t = np.zeros((N, H))
    dc_t = np.zeros((N, H))
    for t in reversed(range(T)):
        dh_now = dh[:, t, :] + dh_t
        dx_t, dh_t, dc_t, dWx_t, dWh_t, db_t = lstm_step_backward(dh_now, dc_t, cache[t])
        dx[:, t, :] = dx_t
        dWx += dWx_t
        dWh += dWh_t
        db += db_t
    dh0 = dh_t
    return dx, dh0, dWx, dWh, db
