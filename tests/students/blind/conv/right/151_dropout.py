import numpy as np


def dropout_forward(x, dropout_param):
    """
    Inverted dropout.

    dropout_param: p (probability to DROP a neuron), mode ('train' or 'test'), seed
    """
    p, mode = dropout_param['p'], dropout_param['mode']
    if 'seed' in dropout_param:
        np.random.seed(dropout_param['seed'])

    m = None
    out = None

    if mode == 'train':
        m = (np.random.rand(*x.shape) >= p) / (1 - p)
        out = x * m
    elif mode == 'test':
        out = x

    cache = (dropout_param, m)
    out = out.astype(x.dtype, copy=False)
    return out, cache


def dropout_backward(dout, cache):
    dropout_param, m = cache
    mode = dropout_param['mode']

    dx = None
    if mode == 'train':
        dx = dout * m
    elif mode == 'test':
        dx = dout
    return dx
