import numpy as np

def max_pool_forward_naive(x, pool_param):
    ph, pw, s = [pool_param[k] for k in ('pool_height', 'pool_width', 'stride')]
    N, C, H, W = x.shape
    H1 = (H - ph) // s + 1
    W1 = (W - pw) // s + 1
    out = np.array([[[[x[n, c, i*s:i*s+ph, j*s:j*s+pw].max() for j in range(W1)]
                      for i in range(H1)] for c in range(C)] for n in range(N)])
    return out, (x, pool_param)

def max_pool_backward_naive(dout, cache):
    x, pool_param = cache
    ph, pw, s = [pool_param[k] for k in ('pool_height', 'pool_width', 'stride')]
    N, C, H1, W1 = dout.shape
    dx = np.zeros_like(x)
    for n in range(N):
        for c in range(C):
            for i in range(H1):
                for j in range(W1):
                    rows, cols = slice(i*s, i*s+ph), slice(j*s, j*s+pw)
                    mask = x[n, c, rows, cols] == np.max(x[n, c, rows, cols])
                    dx[n, c, rows, cols] += mask * dout[n, c, i, j]
    return dx
