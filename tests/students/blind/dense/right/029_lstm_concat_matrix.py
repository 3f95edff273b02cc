import numpy as np
# [x, h] is glued together so that there is only one weight matrix


def _sig(a):
    return np.reciprocal(1 + np.exp(-a))


def lstm_step_forward(x, prev_h, prev_c, Wx, Wh, b):
    xh = np.hstack([x, prev_h])
    W = np.vstack([Wx, Wh])
    i, f, o, g = np.hsplit(xh.dot(W) + b, 4)
    i, f, o, g = _sig(i), _sig(f), _sig(o), np.tanh(g)
    next_c = f * prev_c + i * g
    next_h = o * np.tanh(next_c)
    cache = dict(xh=xh, W=W, i=i, f=f, o=o, g=g, c=next_c, c_old=prev_c, D=x.shape[1])
    return next_h, next_c, cache


def lstm_step_backward(dnext_h, dnext_c, cache):
    i, f, o, g = [cache[k] for k in 'ifog']
    t = np.tanh(cache['c'])
    dc = dnext_c + dnext_h * o * (1 - t) * (1 + t)
    dpre = np.hstack([
        dc * g * i * (1 - i),
        dc * cache['c_old'] * f * (1 - f),
        dnext_h * t * o * (1 - o),
        dc * i * (1 - g * g),
    ])
    dxh = dpre.dot(cache['W'].T)
    dW = cache['xh'].T.dot(dpre)
    D = cache['D']
    return dxh[:, :D], dxh[:, D:], dc * f, dW[:D], dW[D:], dpre.sum(axis=0)


def lstm_forward(x, h0, Wx, Wh, b):
    hs, caches = [], []
    h, c = h0, np.zeros(h0.shape)
    for xt in np.swapaxes(x, 0, 1):
        h, c, cache = lstm_step_forward(xt, h, c, Wx, Wh, b)
        hs.append(h)
        caches.append(cache)
    return np.array(hs).swapaxes(0, 1), caches


def lstm_backward(dh, cache):
    dh_next, dc_next = np.zeros_like(dh[:, 0]), np.zeros_like(dh[:, 0])
    dxs = []
    dWx = dWh = db = 0
    for t in reversed(range(len(cache))):
        dxt, dh_next, dc_next, a1, a2, a3 = lstm_step_backward(dh[:, t] + dh_next, dc_next, cache[t])
        dxs.insert(0, dxt)
        dWx, dWh, db = dWx + a1, dWh + a2, db + a3
    return np.stack(dxs, axis=1), dh_next, dWx, dWh, db
