import numpy as np

def sigmoid(x):
    return np.where(x >= 0, 1 / (1 + np.exp(-np.abs(x))), np.exp(-np.abs(x)) / (1 + np.exp(-np.abs(x))))

def rnn_step_forward(x, prev_h, Wx, Wh, b):
    next_h = np.tanh(x.dot(Wx) + prev_h.dot(Wh) + b)
    return next_h, (x, prev_h, Wx, Wh, next_h)

def rnn_step_backward(dnext_h, cache):
    x, prev_h, Wx, Wh, next_h = cache
    dtanh = dnext_h - dnext_h * next_h ** 2
    return dtanh.dot(Wx.T), dtanh.dot(Wh.T), x.T.dot(dtanh), prev_h.T.dot(dtanh), np.sum(dtanh, axis=0)

def rnn_forward(x, h0, Wx, Wh, b):
    h, caches, state = [], [], h0
    for xt in x.transpose(1, 0, 2):
        state, c = rnn_step_forward(xt, state, Wx, Wh, b)
        h.append(state)
        caches.append(c)
    return np.array(h).transpose(1, 0, 2), caches

def rnn_backward(dh, cache):
    dx, dstate = [], 0
    dWx, dWh, db = 0, 0, 0
    for c, d in zip(cache[::-1], dh.transpose(1, 0, 2)[::-1]):
        dxt, dstate, gWx, gWh, gb = rnn_step_backward(d + dstate, c)
        dx.insert(0, dxt)
        dWx, dWh, db = dWx + gWx, dWh + gWh, db + gb
    return np.stack(dx, axis=1), dstate, dWx, dWh, db

def lstm_step_forward(x, prev_h, prev_c, Wx, Wh, b):
    _, H = prev_h.shape
    a = np.dot(x, Wx) + np.dot(prev_h, Wh) + b
    i, f, o = sigmoid(a[:, 0:H]), sigmoid(a[:, H:2*H]), sigmoid(a[:, 2*H:3*H])
    g = np.tanh(a[:, 3*H:4*H])
    next_c = f * prev_c + i * g
    next_h = o * np.tanh(next_c)
    return next_h, next_c, (i, f, o, g, x, Wx, Wh, prev_c, prev_h, next_c)

def lstm_step_backward(dnext_h, dnext_c, cache):
    i, f, o, g, x, Wx, Wh, prev_c, prev_h, next_c = cache
    H = dnext_h.shape[1]
    do = dnext_h * np.tanh(next_c)
    dc = dnext_c + dnext_h * o * (1 - np.square(np.tanh(next_c)))
    da = np.empty((len(x), 4 * H))
    da[:, 0:H] = dc * g * i * (1 - i)
    da[:, H:2*H] = dc * prev_c * f * (1 - f)
    da[:, 2*H:3*H] = do * o * (1 - o)
    da[:, 3*H:4*H] = dc * i * (1 - g * g)
    dprev_c = dc * f
    return da @ Wx.T, da @ Wh.T, dprev_c, x.T @ da, prev_h.T @ da, da.sum(axis=0)
