import numpy as np


class ReLU:
    @staticmethod
    def f(v):
        return np.clip(v, 0, None)

    @staticmethod
    def df(v):
        return (v > 0).astype(float)


def relu_forward(x):
    out = ReLU.f(x)
    return out, x


def relu_backward(dout, cache):
    x = cache
    dx = dout * ReLU.df(x)
    return dx


def dropout_forward(x, dropout_param):
    keep_prob = 1 - dropout_param['p']
    if dropout_param.get('seed') is not None:
        np.random.seed(dropout_param['seed'])
    if dropout_param['mode'] == 'train':
        D = np.random.rand(*x.shape)
        D = (D < keep_prob)
        out = x * D
        out = out / keep_prob
        cache = (dropout_param, D)
    else:
        out = x
        cache = (dropout_param, None)
    return out, cache


def dropout_backward(dout, cache):
    dropout_param, D = cache
    keep_prob = 1 - dropout_param['p']
    if dropout_param['mode'] == 'train':
        dx = dout * D
        dx = dx / keep_prob
    else:
        dx = dout
    return dx
