import numpy as np

def dropout_forward(x, dropout_param):
    p = dropout_param['p']
    rng = np.random.RandomState(dropout_param.get('seed'))
    out, keep = x, None
    if dropout_param['mode'] == 'train':
        keep = rng.uniform(0, 1, x.shape) > p
        out = np.zeros_like(x)
        out[keep] = x[keep] / (1 - p)
    return out, (keep, p)

def dropout_backward(dout, cache):
    keep, p = cache
    if keep is None:
        return dout
    dx = dout / (1 - p)
    dx[~keep] = 0
    return dx
