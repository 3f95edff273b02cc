import numpy as np


def rnn_forward(x, h0, Wx, Wh, b):
    N, T, D = x.shape
    h = [h0]
    for t in range(T):
        h.append(np.tanh(x[:, t, :].dot(Wx) + h[-1].dot(Wh) + b))
    return np.stack(h[1:], axis=1), (x, h, Wx, Wh)


def rnn_backward(dh, cache):
    x, h, Wx, Wh = cache
    N, T, H = dh.shape
    dx = np.zeros_like(x)
    dWx = np.zeros_like(Wx)
    dWh = np.zeros_like(Wh)
    db = np.zeros(H)
    dh_next = np.zeros((N, H))
    for t in range(T - 1, -1, -1):
        dcurrent = dh[:, t, :] + dh_next
        da = (1 - h[t + 1] ** 2) * dcurrent
        dx[:, t, :] = da.dot(Wx.T)
        dWx += x[:, t, :].T.dot(da)
        dWh += h[t].T.dot(da)
        db += da.sum(axis=0)
        dh_next = da.dot(Wh.T)
    return dx, dh_next, dWx, dWh, db
