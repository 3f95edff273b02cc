import numpy as np

def avg_pool_forward_naive(x, pool_param):
    kh = pool_param["pool_height"]; kw = pool_param["pool_width"]; s = pool_param["stride"]
    oh = (x.shape[2] - kh)//s + 1
    ow = (x.shape[3] - kw)//s + 1
    total = np.zeros(x.shape[:2] + (oh, ow))
    for a in range(kh):
        for b in range(kw):
            total += x[:, :, a:a + s*oh:s, b:b + s*ow:s]
    out = total / (kh*kw)
    return out, (x.shape, kh, kw, s)

def avg_pool_backward_naive(dout, cache):
    x_shape, kh, kw, s = cache
    oh, ow = dout.shape[-2:]
    share = dout / (kh*kw)
    dx = np.zeros(x_shape)
    for a in range(kh):
        for b in range(kw):
            dx[:, :, a:a + s*oh:s, b:b + s*ow:s] += share
    return dx
