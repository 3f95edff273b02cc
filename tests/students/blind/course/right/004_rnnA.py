from __future__ import print_function, division
from builtins import range
import numpy as np

"""
Recurrent layers, forward and backward.
"""


def rnn_step_forward(x, prev_h, Wx, Wh, b):
    """
    One time step of a tanh RNN.

    Inputs:
    - x: (N, D)
    - prev_h: (N, H)
    - Wx: (D, H)
    - Wh: (H, H)
    - b: (H,)

    Returns a tuple of:
    - next_h: (N, H)
    - cache
    """
    next_h, cache = None, None
    ###########################################################################
    # TODO: Write the rnn step forward.                                       #
    # Keep in the cache whatever you need later.                              #
    ###########################################################################
    a = prev_h.dot(Wh) + x.dot(Wx) + b
    next_h = np.tanh(a)
    cache = (x, prev_h, Wx, Wh, next_h)
    ###########################################################################
    #                             END OF YOUR CODE                            #
    ###########################################################################
    return next_h, cache


def rnn_step_backward(dnext_h, cache):
    """
    One time step of a tanh RNN, backward.

    Inputs:
    - dnext_h: (N, H)
    - cache

    Returns a tuple of:
    - dx, dprev_h, dWx, dWh, db
    """
    dx, dprev_h, dWx, dWh, db = None, None, None, None, None
    ###########################################################################
    # TODO: Write the rnn step backward.                                      #
    # Put the gradients in the variables named above.                         #
    ###########################################################################
    x, prev_h, Wx, Wh, next_h = cache
    da = dnext_h * (1 - next_h ** 2)
    dx = da.dot(Wx.T)
    dprev_h = da.dot(Wh.T)
    dWx = x.T.dot(da)
    dWh = prev_h.T.dot(da)
    db = np.sum(da, axis=0)
    ###########################################################################
    #                             END OF YOUR CODE                            #
    ###########################################################################
    return dx, dprev_h, dWx, dWh, db


def rnn_forward(x, h0, Wx, Wh, b):
    """
    A tanh RNN over a whole sequence.

    Inputs:
    - x: (N, T, D)
    - h0: (N, H)
    - Wx, Wh, b: as in the step

    Returns a tuple of:
    - h: (N, T, H)
    - cache
    """
    h, cache = None, None
    ###########################################################################
    # TODO: Write the rnn forward.                                            #
    # Keep in the cache whatever you need later.                              #
    ###########################################################################
    N, T, D = x.shape
    H = h0.shape[1]
    h = np.zeros((N, T, H))
    cache = []
    prev_h = h0
    for t in range(T):
        prev_h, step_cache = rnn_step_forward(x[:, t, :], prev_h, Wx, Wh, b)
        h[:, t, :] = prev_h
        cache.append(step_cache)
    ###########################################################################
    #                             END OF YOUR CODE                            #
    ###########################################################################
    return h, cache


def rnn_backward(dh, cache):
    """
    Backward through the whole sequence.

    Inputs:
    - dh: (N, T, H), gradients of the loss for every hidden state

    Returns a tuple of:
    - dx: (N, T, D)
    - dh0: (N, H)
    - dWx, dWh, db
    """
    dx, dh0, dWx, dWh, db = None, None, None, None, None
    ###########################################################################
    # TODO: Write the rnn backward.                                           #
    # Put the gradients in the variables named above.                         #
    ###########################################################################
    N, T, H = dh.shape
    D = cache[0][0].shape[1]
    dx = np.zeros((N, T, D))
    dWx = np.zeros((D, H))
    dWh = np.zeros((H, H))
    db = np.zeros(H)
    dprev_h = np.zeros((N, H))
    for t in reversed(range(T)):
        dcur = dh[:, t, :] + dprev_h
        dx_t, dprev_h, dWx_t, dWh_t, db_t = rnn_step_backward(dcur, cache[t])
        dx[:, t, :] = dx_t
        dWx += dWx_t
        dWh += dWh_t
        db += db_t
    dh0 = dprev_h
    ###########################################################################
    #                             END OF YOUR CODE                            #
    ###########################################################################
    return dx, dh0, dWx, dWh, db


def word_embedding_forward(x, W):
    """
    Look up word vectors.

    Inputs:
    - x: (N, T) integers
    - W: (V, D)

    Returns a tuple of:
    - out: (N, T, D)
    - cache
    """
    out, cache = None, None
    ###########################################################################
    # TODO: Write the word embedding forward.                                 #
    # Keep in the cache whatever you need later.                              #
    ###########################################################################
    out = W[x]
    cache = (x, W)
    ###########################################################################
    #                             END OF YOUR CODE                            #
    ###########################################################################
    return out, cache


def word_embedding_backward(dout, cache):
    """
    Gradient of the word vectors. Hint: np.add.at

    Inputs:
    - dout: (N, T, D)
    - cache

    Returns a tuple of:
    - dW: (V, D)
    """
    dW = None
    ###########################################################################
    # TODO: Write the word embedding backward.                                #
    # Put the gradients in the variables named above.                         #
    ###########################################################################
    x, W = cache
    dW = np.zeros_like(W)
    np.add.at(dW, x, dout)
    ###########################################################################
    #                             END OF YOUR CODE                            #
    ###########################################################################
    return dW


def sigmoid(x):
    """
    Sigmoid that does not overflow.
    """
    pos_mask = x >= 0
    neg_mask = x < 0
    z = np.zeros_like(x)
    z[pos_mask] = np.exp(-x[pos_mask])
    z[neg_mask] = np.exp(x[neg_mask])
    top = np.ones_like(x)
    top[neg_mask] = z[neg_mask]
    return top / (1 + z)


def lstm_step_forward(x, prev_h, prev_c, Wx, Wh, b):
    """
    One time step of an LSTM. Gates lie in the order i, f, o, g.

    Inputs:
    - x: (N, D)
    - prev_h, prev_c: (N, H)
    - Wx: (D, 4H)
    - Wh: (H, 4H)
    - b: (4H,)

    Returns a tuple of:
    - next_h, next_c: (N, H)
    - cache
    """
    next_h, next_c, cache = None, None, None
    ###########################################################################
    # TODO: Write the lstm step forward.                                      #
    # Keep in the cache whatever you need later.                              #
    ###########################################################################
    N, H = prev_h.shape
    a = x.dot(Wx) + prev_h.dot(Wh) + b
    i = sigmoid(a[:, 0:H])
    f = sigmoid(a[:, H:2 * H])
    o = sigmoid(a[:, 2 * H:3 * H])
    g = np.tanh(a[:, 3 * H:4 * H])
    next_c = f * prev_c + i * g
    next_h = o * np.tanh(next_c)
    cache = (x, prev_h, prev_c, Wx, Wh, i, f, o, g, next_c)
    ###########################################################################
    #                             END OF YOUR CODE                            #
    ###########################################################################
    return next_h, next_c, cache


def lstm_step_backward(dnext_h, dnext_c, cache):
    """
    One time step of an LSTM, backward.

    Inputs:
    - dnext_h, dnext_c: (N, H)
    - cache

    Returns a tuple of:
    - dx, dprev_h, dprev_c, dWx, dWh, db
    """
    dx, dprev_h, dprev_c, dWx, dWh, db = None, None, None, None, None, None
    ###########################################################################
    # TODO: Write the lstm step backward.                                     #
    # Put the gradients in the variables named above.                         #
    ###########################################################################
    x, prev_h, prev_c, Wx, Wh, i, f, o, g, next_c = cache
    tanh_c = np.tanh(next_c)
    do = dnext_h * tanh_c
    dc = dnext_c + dnext_h * o * (1 - tanh_c ** 2)
    df = dc * prev_c
    dprev_c = dc * f
    di = dc * g
    dg = dc * i
    dai = di * i * (1 - i)
    daf = df * f * (1 - f)
    dao = do * o * (1 - o)
    dag = dg * (1 - g ** 2)
    da = np.hstack((dai, daf, dao, dag))
    dx = da.dot(Wx.T)
    dWx = x.T.dot(da)
    dprev_h = da.dot(Wh.T)
    dWh = prev_h.T.dot(da)
    db = np.sum(da, axis=0)
    ###########################################################################
    #                             END OF YOUR CODE                            #
    ###########################################################################
    return dx, dprev_h, dprev_c, dWx, dWh, db


def lstm_forward(x, h0, Wx, Wh, b):
    """
    An LSTM over a whole sequence; the cell state starts at zero and stays inside.

    Inputs:
    - x: (N, T, D)
    - h0: (N, H)
    - Wx, Wh, b

    Returns a tuple of:
    - h: (N, T, H)
    - cache
    """
    h, cache = None, None
    ###########################################################################
    # TODO: Write the lstm forward.                                           #
    # Keep in the cache whatever you need later.                              #
    ###########################################################################
    N, T, D = x.shape
    H = h0.shape[1]
    h = np.zeros((N, T, H))
    cache = []
    prev_h = h0
    prev_c = np.zeros((N, H))
    for t in range(T):
        prev_h, prev_c, step_cache = lstm_step_forward(x[:, t, :], prev_h, prev_c, Wx, Wh, b)
        h[:, t, :] = prev_h
        cache.append(step_cache)
    ###########################################################################
    #                             END OF YOUR CODE                            #
    ###########################################################################
    return h, cache


def lstm_backward(dh, cache):
    """
    LSTM backward through time.

    Inputs:
    - dh: (N, T, H)
    - cache

    Returns a tuple of:
    - dx, dh0, dWx, dWh, db
    """
    dx, dh0, dWx, dWh, db = None, None, None, None, None
    ###########################################################################
    # TODO: Write the lstm backward.                                          #
    # Put the gradients in the variables named above.                         #
    ###########################################################################
    N, T, H = dh.shape
    D = cache[0][0].shape[1]
    dx = np.zeros((N, T, D))
    dWx = np.zeros((D, 4 * H))
    dWh = np.zeros((H, 4 * H))
    db = np.zeros(4 * H)
    dprev_h = np.zeros((N, H))
    dprev_c = np.zeros((N, H))
    for t in reversed(range(T)):
        dcur = dh[:, t, :] + dprev_h
        dx_t, dprev_h, dprev_c, dWx_t, dWh_t, db_t = lstm_step_backward(dcur, dprev_c, cache[t])
        dx[:, t, :] = dx_t
        dWx += dWx_t
        dWh += dWh_t
        db += db_t
    dh0 = dprev_h
    ###########################################################################
    #                             END OF YOUR CODE                            #
    ###########################################################################
    return dx, dh0, dWx, dWh, db


def temporal_affine_forward(x, w, b):
    """
    Affine layer at every time step.

    Inputs:
    - x: (N, T, D)
    - w: (D, M)
    - b: (M,)

    Returns a tuple of:
    - out: (N, T, M)
    - cache
    """
    N, T, D = x.shape
    M = b.shape[0]
    out = x.reshape(N * T, D).dot(w).reshape(N, T, M) + b
    cache = x, w, b, out
    return out, cache


def temporal_affine_backward(dout, cache):
    """
    Affine layer at every time step, backward.

    Inputs:
    - dout: (N, T, M)
    - cache

    Returns a tuple of:
    - dx: (N, T, D)
    - dw: (D, M)
    - db: (M,)
    """
    x, w, b, out = cache
    N, T, D = x.shape
    M = b.shape[0]
    dx = dout.reshape(N * T, M).dot(w.T).reshape(N, T, D)
    dw = x.reshape(N * T, D).T.dot(dout.reshape(N * T, M))
    db = dout.sum(axis=(0, 1))
    return dx, dw, db


def temporal_softmax_loss(x, y, mask, verbose=False):
    """
    Softmax loss over a sequence, summed over time, averaged over the minibatch, masked.

    Inputs:
    - x: (N, T, V)
    - y: (N, T)
    - mask: (N, T) booleans

    Returns a tuple of:
    - loss: scalar
    - dx: (N, T, V)
    """
    N, T, V = x.shape
    x_flat = x.reshape(N * T, V)
    y_flat = y.reshape(N * T)
    mask_flat = mask.reshape(N * T)
    probs = np.exp(x_flat - np.max(x_flat, axis=1, keepdims=True))
    probs /= np.sum(probs, axis=1, keepdims=True)
    loss = -np.sum(mask_flat * np.log(probs[np.arange(N * T), y_flat])) / N
    dx_flat = probs.copy()
    dx_flat[np.arange(N * T), y_flat] -= 1
    dx_flat /= N
    dx_flat *= mask_flat[:, None]
    if verbose:
        print('dx_flat: ', dx_flat.shape)
    dx = dx_flat.reshape(N, T, V)
    return loss, dx
