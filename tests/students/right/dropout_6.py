import numpy as np

def dropout_forward(x, dropout_param):
    """inverted dropout; p = probability of dropping"""
    p, mode = dropout_param['p'], dropout_param['mode']
    if 'seed' in dropout_param:
        np.random.seed(dropout_param['seed'])
    if mode == 'train':
        mask = (np.random.uniform(size=x.shape) >= p) / (1.0 - p)
        out = x * mask
    else:
        mask = None
        out = x
    cache = dropout_param, mask
    return out, cache

def dropout_backward(dout, cache):
    dropout_param, mask = cache
    return dout * mask if dropout_param['mode'] == 'train' else dout
