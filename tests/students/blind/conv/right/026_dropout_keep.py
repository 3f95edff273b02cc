import numpy as np
from cs231n.layers import *

def dropout_forward(x, dropout_param):
    # here p is the probability of KEEPING a unit
    keep = dropout_param['p']
    seed = dropout_param.get('seed')
    rng = np.random.RandomState(seed)
    cache = {'train': dropout_param['mode'] == 'train', 'keep': keep}
    if not cache['train']:
        return x.copy(), cache
    u = rng.uniform(size=x.shape)
    cache['kept'] = u < keep
    out = np.zeros_like(x)
    out[cache['kept']] = x[cache['kept']]
    out /= keep
    return out, cache

def dropout_backward(dout, cache):
    if cache['train']:
        dx = np.zeros_like(dout)
        dx[cache['kept']] = dout[cache['kept']] / cache['keep']
        return dx
    return dout.copy()
