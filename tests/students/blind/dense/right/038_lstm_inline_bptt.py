import numpy as np
from scipy.special import expit


def lstm_forward(x, h0, Wx, Wh, b):
    """Whole sequence in one go; the steps are not separate functions here."""
    N, T, D = x.shape
    H = h0.shape[1]
    h = np.zeros((N, T, H))
    c = np.zeros((N, T, H))
    gate = np.zeros((N, T, 4, H))
    for t in range(T):
        h_prev = h0 if t == 0 else h[:, t - 1]
        c_prev = np.zeros((N, H)) if t == 0 else c[:, t - 1]
        a = (x[:, t].dot(Wx) + h_prev.dot(Wh) + b).reshape(N, 4, H)
        gate[:, t, :3] = expit(a[:, :3])
        gate[:, t, 3] = np.tanh(a[:, 3])
        i, f, o, g = (gate[:, t, k] for k in range(4))
        c[:, t] = f * c_prev + i * g
        h[:, t] = o * np.tanh(c[:, t])
    return h, (x, h0, Wx, Wh, h, c, gate)


def lstm_backward(dh, cache):
    x, h0, Wx, Wh, h, c, gate = cache
    N, T, D = x.shape
    H = h0.shape[1]
    dx = np.zeros_like(x)
    dWx = np.zeros_like(Wx)
    dWh = np.zeros_like(Wh)
    db = np.zeros(4 * H)
    dh_future = np.zeros((N, H))
    dc_future = np.zeros((N, H))
    for t in range(T)[::-1]:
        h_prev = h[:, t - 1] if t > 0 else h0
        c_prev = c[:, t - 1] if t > 0 else np.zeros((N, H))
        i, f, o, g = (gate[:, t, k] for k in range(4))
        tc = np.tanh(c[:, t])
        dh_t = dh[:, t] + dh_future
        dc_t = dc_future + dh_t * o * (1 - tc ** 2)
        da = np.empty((N, 4, H))
        da[:, 0] = dc_t * g * i * (1 - i)
        da[:, 1] = dc_t * c_prev * f * (1 - f)
        da[:, 2] = dh_t * tc * o * (1 - o)
        da[:, 3] = dc_t * i * (1 - g ** 2)
        da = da.reshape(N, 4 * H)
        dx[:, t] = da.dot(Wx.T)
        dWx += x[:, t].T.dot(da)
        dWh += h_prev.T.dot(da)
        db += da.sum(axis=0)
        dh_future = da.dot(Wh.T)
        dc_future = dc_t * f
    return dx, dh_future, dWx, dWh, db
