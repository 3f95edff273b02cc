import numpy as np


def rnn_step_forward(x, prev_h, Wx, Wh, b):
    cache = {}
    cache['x'] = x
    cache['h'] = prev_h
    cache['Wx'] = Wx
    cache['Wh'] = Wh
    z1 = x @ Wx
    z2 = prev_h @ Wh
    z = z1 + z2 + b
    cache['z'] = z
    next_h = np.tanh(z)
    return next_h, cache


def rnn_step_backward(dnext_h, cache):
    grads = {}
    dz = dnext_h / np.cosh(cache['z']) ** 2
    grads['b'] = dz.sum(axis=0)
    grads['Wh'] = cache['h'].T @ dz
    grads['Wx'] = cache['x'].T @ dz
    grads['h'] = dz @ cache['Wh'].T
    grads['x'] = dz @ cache['Wx'].T
    return grads['x'], grads['h'], grads['Wx'], grads['Wh'], grads['b']


def rnn_forward(x, h0, Wx, Wh, b):
    N, T, _ = x.shape
    states, caches = [h0], []
    for t in range(T):
        nh, step = rnn_step_forward(x[:, t], states[-1], Wx, Wh, b)
        states.append(nh)
        caches.append(step)
    return np.stack(states[1:], axis=1), {'steps': caches, 'D': x.shape[2]}


def rnn_backward(dh, cache):
    steps = cache['steps']
    N, T, H = dh.shape
    dx = np.empty((N, T, cache['D']))
    acc = None
    carry = 0
    for t in range(T - 1, -1, -1):
        out = rnn_step_backward(dh[:, t] + carry, steps[t])
        dx[:, t] = out[0]
        carry = out[1]
        if acc is None:
            acc = [g.copy() for g in out[2:]]
        else:
            acc = [a + g for a, g in zip(acc, out[2:])]
    return (dx, carry) + tuple(acc)


def word_embedding_forward(x, W):
    out = W[x]
    cache = {'x': x, 'shape': W.shape}
    return out, cache


def word_embedding_backward(dout, cache):
    dW = np.zeros(cache['shape'])
    np.add.at(dW, cache['x'], dout)
    return dW
