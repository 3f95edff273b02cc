import numpy as np


def relu_forward(x):
    y = np.where(x > 0, x, 0)
    return y, y


def relu_backward(dout, y):
    return dout * (y > 0)


def affine_forward(x, w, b):
    nd = x.reshape(-1, w.shape[0])
    return nd @ w + b, (nd, x.shape, w)


def affine_backward(dout, cache):
    nd, shp, w = cache
    return (dout @ w.T).reshape(shp), nd.T @ dout, np.sum(dout, 0)


def logistic(z):
    return 1.0 / (1.0 + np.exp(-z))


def rnn_step_forward(x, prev_h, Wx, Wh, b):
    # one big matrix instead of two
    z = np.concatenate([x, prev_h], axis=1)
    W = np.concatenate([Wx, Wh], axis=0)
    next_h = np.tanh(z @ W + b)
    return next_h, (z, W, next_h, x.shape[1])


def rnn_step_backward(dnext_h, cache):
    z, W, next_h, D = cache
    da = (1 - next_h * next_h) * dnext_h
    dz = da @ W.T
    dW = z.T @ da
    return dz[:, :D], dz[:, D:], dW[:D], dW[D:], da.sum(0)


def rnn_forward(x, h0, Wx, Wh, b):
    hs, caches = [], []
    h = h0
    for t in range(x.shape[1]):
        h, c = rnn_step_forward(x[:, t], h, Wx, Wh, b)
        hs.append(h)
        caches.append(c)
    return np.stack(hs, axis=1), caches


def rnn_backward(dh, cache):
    T = dh.shape[1]
    dxs = [None] * T
    dWx = dWh = db = 0
    dnext = 0
    for t in range(T - 1, -1, -1):
        dxs[t], dnext, a, c, d = rnn_step_backward(dh[:, t] + dnext, cache[t])
        dWx = dWx + a
        dWh = dWh + c
        db = db + d
    return np.stack(dxs, axis=1), dnext, dWx, dWh, db


def lstm_step_forward(x, prev_h, prev_c, Wx, Wh, b):
    z = np.concatenate([x, prev_h], axis=1)
    W = np.concatenate([Wx, Wh], axis=0)
    ai, af, ao, ag = np.split(z @ W + b, 4, axis=1)
    i, f, o, g = logistic(ai), logistic(af), logistic(ao), np.tanh(ag)
    next_c = f * prev_c + i * g
    next_h = o * np.tanh(next_c)
    return next_h, next_c, dict(z=z, W=W, D=x.shape[1], gates=(i, f, o, g), c0=prev_c, c1=next_c)


def lstm_step_backward(dnext_h, dnext_c, cache):
    i, f, o, g = cache['gates']
    th = np.tanh(cache['c1'])
    D = cache['D']
    dc = dnext_c + o * (1 - th * th) * dnext_h
    dai = dc * g * i * (1 - i)
    daf = dc * cache['c0'] * f * (1 - f)
    dao = dnext_h * th * o * (1 - o)
    dag = dc * i * (1 - g * g)
    da = np.concatenate([dai, daf, dao, dag], axis=1)
    dz = da @ cache['W'].T
    dW = cache['z'].T @ da
    return dz[:, :D], dz[:, D:], dc * f, dW[:D], dW[D:], da.sum(0)


def lstm_forward(x, h0, Wx, Wh, b):
    hs, caches = [], []
    h, c = h0, np.zeros_like(h0)
    for t in range(x.shape[1]):
        h, c, k = lstm_step_forward(x[:, t], h, c, Wx, Wh, b)
        hs.append(h)
        caches.append(k)
    return np.stack(hs, axis=1), caches


def lstm_backward(dh, cache):
    T = dh.shape[1]
    dxs = [None] * T
    dWx = dWh = db = 0
    dh_next = dc_next = 0
    for t in range(T - 1, -1, -1):
        grads = lstm_step_backward(dh[:, t] + dh_next, dc_next, cache[t])
        dxs[t], dh_next, dc_next = grads[:3]
        dWx = dWx + grads[3]
        dWh = dWh + grads[4]
        db = db + grads[5]
    return np.stack(dxs, axis=1), dh_next, dWx, dWh, db


def word_embedding_forward(x, W):
    V = W.shape[0]
    onehot = (x[:, :, None] == np.arange(V)).astype(float)
    return onehot @ W, onehot


def word_embedding_backward(dout, onehot):
    return np.tensordot(onehot, dout, axes=([0, 1], [0, 1]))
