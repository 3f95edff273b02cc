from builtins import range
from builtins import object
import numpy as np
from cs231n.layers import *


def rnn_step_forward(x, prev_h, Wx, Wh, b):
    """One time step of a tanh RNN.

    Input:
      - x: (N, D)
      - prev_h: (N, H)
      - Wx: (D, H)
      - Wh: (H, H)
      - b: (H,)

    Output:
      - next_h: (N, H)
      - cache
    """
    next_h, cache = None, None
    #####################################################################
    # TODO: Write the rnn step forward.                                 #
    # Keep in the cache whatever you need later.                        #
    #####################################################################
    xW = np.matmul(x, Wx)
    hW = np.matmul(prev_h, Wh)
    next_h = np.tanh(xW + hW + b)
    cache = [next_h, x, prev_h, Wx, Wh]
    #####################################################################
    #                          END OF YOUR CODE                         #
    #####################################################################
    return next_h, cache


def rnn_step_backward(dnext_h, cache):
    """One time step of a tanh RNN, backward.

    Input:
      - dnext_h: (N, H)
      - cache

    Output:
      - dx, dprev_h, dWx, dWh, db
    """
    dx, dprev_h, dWx, dWh, db = None, None, None, None, None
    #####################################################################
    # TODO: Write the rnn step backward.                                #
    # Put the gradients in the variables named above.                   #
    #####################################################################
    next_h, x, prev_h, Wx, Wh = cache
    dtanh = (1 - np.square(next_h)) * dnext_h
    dx = np.matmul(dtanh, Wx.transpose())
    dWx = np.matmul(x.transpose(), dtanh)
    dprev_h = np.matmul(dtanh, Wh.transpose())
    dWh = np.matmul(prev_h.transpose(), dtanh)
    db = np.sum(dtanh, axis=0)
    #####################################################################
    #                          END OF YOUR CODE                         #
    #####################################################################
    return dx, dprev_h, dWx, dWh, db


def rnn_forward(x, h0, Wx, Wh, b):
    """A tanh RNN over a whole sequence.

    Input:
      - x: (N, T, D)
      - h0: (N, H)
      - Wx, Wh, b: as in the step

    Output:
      - h: (N, T, H)
      - cache
    """
    h, cache = None, None
    #####################################################################
    # TODO: Write the rnn forward.                                      #
    # Keep in the cache whatever you need later.                        #
    #####################################################################
    N, T, D = x.shape
    H = b.shape[0]
    h = np.zeros((N, T, H))
    cache = {}
    for t in range(T):
        if t == 0:
            h[:, t, :], cache[t] = rnn_step_forward(x[:, t, :], h0, Wx, Wh, b)
        else:
            h[:, t, :], cache[t] = rnn_step_forward(x[:, t, :], h[:, t - 1, :], Wx, Wh, b)
    cache['dims'] = (N, T, D, H)
    #####################################################################
    #                          END OF YOUR CODE                         #
    #####################################################################
    return h, cache


def rnn_backward(dh, cache):
    """Backward through the whole sequence.

    Input:
      - dh: (N, T, H), gradients of the loss for every hidden state

    Output:
      - dx: (N, T, D)
      - dh0: (N, H)
      - dWx, dWh, db
    """
    dx, dh0, dWx, dWh, db = None, None, None, None, None
    #####################################################################
    # TODO: Write the rnn backward.                                     #
    # Put the gradients in the variables named above.                   #
    #####################################################################
    N, T, D, H = cache['dims']
    dx = np.zeros((N, T, D))
    dWx, dWh, db = np.zeros((D, H)), np.zeros((H, H)), np.zeros((H,))
    carry = np.zeros((N, H))
    t = T - 1
    while t >= 0:
        grads = rnn_step_backward(dh[:, t, :] + carry, cache[t])
        dx[:, t, :] = grads[0]
        carry = grads[1]
        dWx += grads[2]
        dWh += grads[3]
        db += grads[4]
        t -= 1
    dh0 = carry
    #####################################################################
    #                          END OF YOUR CODE                         #
    #####################################################################
    return dx, dh0, dWx, dWh, db


def sigmoid(x):
    return 1.0 / (1.0 + np.exp(-x))


def lstm_step_forward(x, prev_h, prev_c, Wx, Wh, b):
    """One time step of an LSTM. Gates lie in the order i, f, o, g.

    Input:
      - x: (N, D)
      - prev_h, prev_c: (N, H)
      - Wx: (D, 4H)
      - Wh: (H, 4H)
      - b: (4H,)

    Output:
      - next_h, next_c: (N, H)
      - cache
    """
    next_h, next_c, cache = None, None, None
    #####################################################################
    # TODO: Write the lstm step forward.                                #
    # Keep in the cache whatever you need later.                        #
    #####################################################################
    H = prev_h.shape[1]
    act = np.matmul(x, Wx) + np.matmul(prev_h, Wh) + b
    gates = sigmoid(act[:, :3 * H])
    i, f, o = gates[:, :H], gates[:, H:2 * H], gates[:, 2 * H:]
    g = np.tanh(act[:, 3 * H:])
    next_c = np.multiply(f, prev_c) + np.multiply(i, g)
    next_h = np.multiply(o, np.tanh(next_c))
    cache = {'x': x, 'prev_h': prev_h, 'prev_c': prev_c, 'Wx': Wx, 'Wh': Wh,
             'i': i, 'f': f, 'o': o, 'g': g, 'next_c': next_c}
    #####################################################################
    #                          END OF YOUR CODE                         #
    #####################################################################
    return next_h, next_c, cache


def lstm_step_backward(dnext_h, dnext_c, cache):
    """One time step of an LSTM, backward.

    Input:
      - dnext_h, dnext_c: (N, H)
      - cache

    Output:
      - dx, dprev_h, dprev_c, dWx, dWh, db
    """
    dx, dprev_h, dprev_c, dWx, dWh, db = None, None, None, None, None, None
    #####################################################################
    # TODO: Write the lstm step backward.                               #
    # Put the gradients in the variables named above.                   #
    #####################################################################
    x, prev_h, prev_c = cache['x'], cache['prev_h'], cache['prev_c']
    Wx, Wh = cache['Wx'], cache['Wh']
    i, f, o, g = cache['i'], cache['f'], cache['o'], cache['g']
    t = np.tanh(cache['next_c'])
    N, H = prev_h.shape

    dact = np.zeros((N, 4 * H))
    dc_total = dnext_c + np.multiply(dnext_h, o) * (1 - t ** 2)
    dact[:, :H] = dc_total * g * i * (1 - i)
    dact[:, H:2 * H] = dc_total * prev_c * f * (1 - f)
    dact[:, 2 * H:3 * H] = dnext_h * t * o * (1 - o)
    dact[:, 3 * H:] = dc_total * i * (1 - g ** 2)
    dprev_c = dc_total * f

    dx = np.matmul(dact, Wx.T)
    dWx = np.matmul(x.T, dact)
    dprev_h = np.matmul(dact, Wh.T)
    dWh = np.matmul(prev_h.T, dact)
    db = np.sum(dact, axis=0)
    #####################################################################
    #                          END OF YOUR CODE                         #
    #####################################################################
    return dx, dprev_h, dprev_c, dWx, dWh, db


def lstm_forward(x, h0, Wx, Wh, b):
    """An LSTM over a whole sequence; the cell state starts at zero and stays inside.

    Input:
      - x: (N, T, D)
      - h0: (N, H)
      - Wx, Wh, b

    Output:
      - h: (N, T, H)
      - cache
    """
    h, cache = None, None
    #####################################################################
    # TODO: Write the lstm forward.                                     #
    # Keep in the cache whatever you need later.                        #
    #####################################################################
    N, T, D = x.shape
    H = h0.shape[1]
    h = np.zeros((N, T + 1, H))
    c = np.zeros((N, T + 1, H))
    h[:, 0, :] = h0
    cache = {}
    for t in range(1, T + 1):
        h[:, t, :], c[:, t, :], cache[t] = lstm_step_forward(x[:, t - 1, :], h[:, t - 1, :], c[:, t - 1, :], Wx, Wh, b)
    h = h[:, 1:, :]
    cache['dims'] = (N, T, D, H)
    #####################################################################
    #                          END OF YOUR CODE                         #
    #####################################################################
    return h, cache


def lstm_backward(dh, cache):
    """LSTM backward through time.

    Input:
      - dh: (N, T, H)
      - cache

    Output:
      - dx, dh0, dWx, dWh, db
    """
    dx, dh0, dWx, dWh, db = None, None, None, None, None
    #####################################################################
    # TODO: Write the lstm backward.                                    #
    # Put the gradients in the variables named above.                   #
    #####################################################################
    N, T, D, H = cache['dims']
    dx = np.zeros((N, T, D))
    dWx, dWh, db = np.zeros((D, 4 * H)), np.zeros((H, 4 * H)), np.zeros((4 * H,))
    carry_h = np.zeros((N, H))
    carry_c = np.zeros((N, H))
    for t in range(T, 0, -1):
        grads = lstm_step_backward(dh[:, t - 1, :] + carry_h, carry_c, cache[t])
        dx[:, t - 1, :] = grads[0]
        carry_h = grads[1]
        carry_c = grads[2]
        dWx += grads[3]
        dWh += grads[4]
        db += grads[5]
    dh0 = carry_h
    #####################################################################
    #                          END OF YOUR CODE                         #
    #####################################################################
    return dx, dh0, dWx, dWh, db


def temporal_affine_forward(x, w, b):
    """Affine layer at every time step.

    Input:
      - x: (N, T, D)
      - w: (D, M)
      - b: (M,)

    Output:
      - out: (N, T, M)
      - cache
    """
    out = np.matmul(x, w) + b
    cache = x, w
    return out, cache


def temporal_affine_backward(dout, cache):
    """Affine layer at every time step, backward.

    Input:
      - dout: (N, T, M)
      - cache

    Output:
      - dx: (N, T, D)
      - dw: (D, M)
      - db: (M,)
    """
    x, w = cache
    dx = np.matmul(dout, w.T)
    dw = np.tensordot(x, dout, axes=([0, 1], [0, 1]))
    db = dout.sum(axis=1).sum(axis=0)
    return dx, dw, db
