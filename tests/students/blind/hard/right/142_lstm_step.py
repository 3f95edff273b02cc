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
    dact = (1 - next_h * next_h) * dnext_h
    dz = dact @ W.T
    dW = z.T @ dact
    return dz[:, :D], dz[:, D:], dW[:D], dW[D:], dact.sum(0)


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
    tanh_c = np.tanh(cache['c1'])
    D = cache['D']
    dc = dnext_c + o * (1 - tanh_c * tanh_c) * dnext_h
    dai = dc * g * i * (1 - i)
    daf = dc * cache['c0'] * f * (1 - f)
    dao = dnext_h * tanh_c * o * (1 - o)
    dag = dc * i * (1 - g * g)
    dact = np.concatenate([dai, daf, dao, dag], axis=1)
    dz = dact @ cache['W'].T
    dW = cache['z'].T @ dact
    return dz[:, :D], dz[:, D:], dc * f, dW[:D], dW[D:], dact.sum(0)


def word_embedding_forward(x, W):
    V = W.shape[0]
    onehot = (x[:, :, None] == np.arange(V)).astype(float)
    return onehot @ W, onehot


def word_embedding_backward(dout, onehot):
    return np.tensordot(onehot, dout, axes=([0, 1], [0, 1]))
