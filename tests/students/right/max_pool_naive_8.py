import numpy as np

def max_pool_forward_naive(x, pool_param):
    ph, pw = pool_param['pool_height'], pool_param['pool_width']
    stride = pool_param['stride']
    N, C, H, W = x.shape
    Hn = int(np.floor((H - ph) / stride)) + 1
    Wn = int(np.floor((W - pw) / stride)) + 1
    out = np.zeros((N, C, Hn, Wn))
    for i in range(Hn):
        for j in range(Wn):
            block = x[:, :, i * stride:i * stride + ph, j * stride:j * stride + pw]
            out[:, :, i, j] = block.reshape(N, C, -1).max(axis=2)
    return out, (x, pool_param)

def max_pool_backward_naive(dout, cache):
    x, pool_param = cache
    ph, pw = pool_param['pool_height'], pool_param['pool_width']
    stride = pool_param['stride']
    N, C, Hn, Wn = dout.shape
    dx = np.zeros_like(x)
    for i in range(Hn):
        for j in range(Wn):
            rows = slice(i * stride, i * stride + ph)
            cols = slice(j * stride, j * stride + pw)
            block = x[:, :, rows, cols]
            top = block.max(axis=(2, 3), keepdims=True)
            dx[:, :, rows, cols] += np.where(block == top, dout[:, :, i, j, None, None], 0)
    return dx
