import numpy as np

def dropout_forward(x, dropout_param):
    p, mode = dropout_param['p'], dropout_param['mode']
    if 'seed' in dropout_param:
        np.random.seed(dropout_param['seed'])
    mask = None
    if mode == 'train':
        mask = np.random.rand(*x.shape) > p
        out = np.where(mask, x, 0) / (1 - p)
    elif mode == 'test':
        out = x
    return out, (dropout_param, mask)

def dropout_backward(dout, cache):
    dropout_param, mask = cache
    mode, p = dropout_param['mode'], dropout_param['p']
    if mode == 'train':
        dx = np.where(mask, dout, 0) / (1 - p)
    elif mode == 'test':
        dx = dout
    return dx
