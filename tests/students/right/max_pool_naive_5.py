import numpy as np

def max_pool_forward_naive(x, pool_param):
    pool_height = pool_param['pool_height']
    pool_width = pool_param['pool_width']
    stride = pool_param['stride']
    N, C, H, W = x.shape
    H_out = int(1 + (H - pool_height) / stride)
    W_out = int(1 + (W - pool_width) / stride)
    out = np.zeros((N, C, H_out, W_out))
    for h in range(H_out):
        for w in range(W_out):
            h0, w0 = h * stride, w * stride
            out[:, :, h, w] = x[:, :, h0:h0 + pool_height, w0:w0 + pool_width].max(axis=(2, 3))
    return out, (x, out, pool_param)

def max_pool_backward_naive(dout, cache):
    x, out, pool_param = cache
    pool_height = pool_param['pool_height']
    pool_width = pool_param['pool_width']
    stride = pool_param['stride']
    dx = np.zeros(x.shape)
    for h in range(dout.shape[2]):
        for w in range(dout.shape[3]):
            h0, w0 = h * stride, w * stride
            field = x[:, :, h0:h0 + pool_height, w0:w0 + pool_width]
            mask = field == out[:, :, h, w][:, :, None, None]
            dx[:, :, h0:h0 + pool_height, w0:w0 + pool_width] += mask * dout[:, :, h, w][:, :, None, None]
    return dx
