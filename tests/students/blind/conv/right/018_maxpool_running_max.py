import numpy as np


def max_pool_forward_naive(x, pool_param):
    """ keeps a running maximum over the taps of the window, and remembers who won """
    ph, pw = pool_param['pool_height'], pool_param['pool_width']
    s = pool_param['stride']
    n, c, h, w = x.shape
    oh = 1 + (h - ph) // s
    ow = 1 + (w - pw) // s
    best = np.full((n, c, oh, ow), -np.inf)
    winner = -np.ones((n, c, oh, ow), dtype=int)
    k = 0
    for di in range(ph):
        for dj in range(pw):
            cand = x[:, :, di:di + s * (oh - 1) + 1:s, dj:dj + s * (ow - 1) + 1:s]
            better = cand > best
            best = np.where(better, cand, best)
            winner[better] = k
            k += 1
    return best, {'winner': winner, 'shape': x.shape, 'param': pool_param}


def max_pool_backward_naive(dout, cache):
    winner, pool_param = cache['winner'], cache['param']
    ph, pw = pool_param['pool_height'], pool_param['pool_width']
    s = pool_param['stride']
    oh, ow = dout.shape[2:]
    dx = np.zeros(cache['shape'])
    k = 0
    for di in range(ph):
        for dj in range(pw):
            dx[:, :, di:di + s * (oh - 1) + 1:s, dj:dj + s * (ow - 1) + 1:s] += dout * (winner == k)
            k += 1
    return dx
