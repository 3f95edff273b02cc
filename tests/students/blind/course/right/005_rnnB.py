import numpy as np


def rnn_step_forward(x, prev_h, Wx, Wh, b):
    """One time step of a tanh RNN.

    Args:
        x: (N, D)
        prev_h: (N, H)
        Wx: (D, H)
        Wh: (H, H)
        b: (H,)

    Returns:
        next_h: (N, H)
        cache
    """
    # TODO: rnn step forward
    z = np.dot(x, Wx) + np.dot(prev_h, Wh) + b
    next_h = np.tanh(z)
    cache = dict(x=x, prev_h=prev_h, Wx=Wx, Wh=Wh, z=z)
    return next_h, cache


def rnn_step_backward(dnext_h, cache):
    """One time step of a tanh RNN, backward.

    Args:
        dnext_h: (N, H)
        cache

    Returns:
        dx, dprev_h, dWx, dWh, db
    """
    # TODO: rnn step backward
    dz = dnext_h * (1 - np.tanh(cache['z']) ** 2)
    db = dz.sum(axis=0)
    dWh = np.dot(cache['prev_h'].T, dz)
    dWx = np.dot(cache['x'].T, dz)
    dprev_h = np.dot(dz, cache['Wh'].T)
    dx = np.dot(dz, cache['Wx'].T)
    return dx, dprev_h, dWx, dWh, db


def rnn_forward(x, h0, Wx, Wh, b):
    """A tanh RNN over a whole sequence.

    Args:
        x: (N, T, D)
        h0: (N, H)
        Wx, Wh, b: as in the step

    Returns:
        h: (N, T, H)
        cache
    """
    # TODO: rnn forward
    N, T, D = x.shape
    states, caches = [], []
    ht = h0
    for t in range(T):
        ht, c = rnn_step_forward(x[:, t], ht, Wx, Wh, b)
        states.append(ht)
        caches.append(c)
    h = np.stack(states, axis=1)
    return h, caches


def rnn_backward(dh, cache):
    """Backward through the whole sequence.

    Args:
        dh: (N, T, H), gradients of the loss for every hidden state

    Returns:
        dx: (N, T, D)
        dh0: (N, H)
        dWx, dWh, db
    """
    # TODO: rnn backward
    T = dh.shape[1]
    dxs = [None] * T
    dWx, dWh, db = 0, 0, 0
    dht = np.zeros_like(dh[:, 0])
    for t in range(T - 1, -1, -1):
        dxs[t], dht, a, bb, c = rnn_step_backward(dh[:, t] + dht, cache[t])
        dWx = dWx + a
        dWh = dWh + bb
        db = db + c
    return np.stack(dxs, axis=1), dht, dWx, dWh, db


def word_embedding_forward(x, W):
    """Look up word vectors.

    Args:
        x: (N, T) integers
        W: (V, D)

    Returns:
        out: (N, T, D)
        cache
    """
    out = W[x, :]
    cache = (x, W.shape)
    return out, cache


def word_embedding_backward(dout, cache):
    """Gradient of the word vectors. Hint: np.add.at

    Args:
        dout: (N, T, D)
        cache

    Returns:
        dW: (V, D)
    """
    x, shape = cache
    dW = np.zeros(shape)
    N, T = x.shape
    for n in range(N):
        for t in range(T):
            dW[x[n, t]] += dout[n, t]
    return dW


def sigmoid(x):
    return 0.5 * (1 + np.tanh(0.5 * x))


def lstm_step_forward(x, prev_h, prev_c, Wx, Wh, b):
    """One time step of an LSTM. Gates lie in the order i, f, o, g.

    Args:
        x: (N, D)
        prev_h, prev_c: (N, H)
        Wx: (D, 4H)
        Wh: (H, 4H)
        b: (4H,)

    Returns:
        next_h, next_c: (N, H)
        cache
    """
    # TODO: lstm step forward
    a = np.dot(x, Wx) + np.dot(prev_h, Wh) + b
    ai, af, ao, ag = np.split(a, 4, axis=1)
    i = sigmoid(ai)
    f = sigmoid(af)
    o = sigmoid(ao)
    g = np.tanh(ag)
    next_c = f * prev_c + i * g
    tc = np.tanh(next_c)
    next_h = o * tc
    cache = dict(x=x, prev_h=prev_h, prev_c=prev_c, Wx=Wx, Wh=Wh, i=i, f=f, o=o, g=g, tc=tc)
    return next_h, next_c, cache


def lstm_step_backward(dnext_h, dnext_c, cache):
    """One time step of an LSTM, backward.

    Args:
        dnext_h, dnext_c: (N, H)
        cache

    Returns:
        dx, dprev_h, dprev_c, dWx, dWh, db
    """
    # TODO: lstm step backward
    i, f, o, g, tc = cache['i'], cache['f'], cache['o'], cache['g'], cache['tc']
    dct = dnext_c + dnext_h * o * (1 - tc * tc)
    da = np.concatenate([
        dct * g * i * (1 - i),
        dct * cache['prev_c'] * f * (1 - f),
        dnext_h * tc * o * (1 - o),
        dct * i * (1 - g * g),
    ], axis=1)
    dprev_c = dct * f
    dprev_h = np.dot(da, cache['Wh'].T)
    dx = np.dot(da, cache['Wx'].T)
    dWx = np.dot(cache['x'].T, da)
    dWh = np.dot(cache['prev_h'].T, da)
    db = da.sum(axis=0)
    return dx, dprev_h, dprev_c, dWx, dWh, db


def lstm_forward(x, h0, Wx, Wh, b):
    """An LSTM over a whole sequence; the cell state starts at zero and stays inside.

    Args:
        x: (N, T, D)
        h0: (N, H)
        Wx, Wh, b

    Returns:
        h: (N, T, H)
        cache
    """
    # TODO: lstm forward
    N, T, D = x.shape
    ht, ct = h0, np.zeros_like(h0)
    states, caches = [], []
    for t in range(T):
        ht, ct, c = lstm_step_forward(x[:, t], ht, ct, Wx, Wh, b)
        states.append(ht)
        caches.append(c)
    return np.stack(states, axis=1), caches


def lstm_backward(dh, cache):
    """LSTM backward through time.

    Args:
        dh: (N, T, H)
        cache

    Returns:
        dx, dh0, dWx, dWh, db
    """
    # TODO: lstm backward
    T = dh.shape[1]
    dxs = [None] * T
    dWx, dWh, db = 0, 0, 0
    dht = np.zeros_like(dh[:, 0])
    dct = np.zeros_like(dh[:, 0])
    for t in range(T - 1, -1, -1):
        dxs[t], dht, dct, a, bb, c = lstm_step_backward(dh[:, t] + dht, dct, cache[t])
        dWx = dWx + a
        dWh = dWh + bb
        db = db + c
    return np.stack(dxs, axis=1), dht, dWx, dWh, db
