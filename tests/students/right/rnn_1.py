import numpy as np

def rnn_forward(x, h0, Wx, Wh, b):
    N, T, D = x.shape
    H = h0.shape[1]
    h = np.empty((N, T, H))
    for t in range(T):
        before = h0 if t == 0 else h[:, t - 1]
        h[:, t] = np.tanh(x[:, t].dot(Wx) + before.dot(Wh) + b)
    return h, (x, h0, h, Wx, Wh)

def rnn_backward(dh, cache):
    x, h0, h, Wx, Wh = cache
    dx = np.zeros_like(x)
    dWx = np.zeros_like(Wx)
    dWh = np.zeros_like(Wh)
    db = np.zeros(h.shape[2])
    later = 0
    for t in reversed(range(x.shape[1])):
        before = h0 if t == 0 else h[:, t - 1]
        da = (dh[:, t] + later) * (1 - h[:, t] ** 2)
        dx[:, t] = da.dot(Wx.T)
        dWx += x[:, t].T.dot(da)
        dWh += before.T.dot(da)
        db += da.sum(axis=0)
        later = da.dot(Wh.T)
    return dx, later, dWx, dWh, db
