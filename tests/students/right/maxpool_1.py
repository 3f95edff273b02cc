import numpy as np

def maxpool_forward(x, pool_height, pool_width, stride):
    N, C, H, W = x.shape
    Ho = (H - pool_height)//stride + 1
    Wo = (W - pool_width)//stride + 1
    out = np.zeros((N, C, Ho, Wo))
    idx = np.zeros((N, C, Ho, Wo), dtype=np.int)
    for n in range(N):
        for c in range(C):
            for i in range(Ho):
                for j in range(Wo):
                    w = x[n, c, i*stride:i*stride+pool_height, j*stride:j*stride+pool_width]
                    idx[n, c, i, j] = np.argmax(w)
                    out[n, c, i, j] = w.max()
    return out, (idx, x.shape, pool_height, pool_width, stride)

def maxpool_backward(dout, cache):
    idx, x_shape, pool_height, pool_width, stride = cache
    dx = np.zeros(x_shape)
    N, C, Ho, Wo = dout.shape
    for n in range(N):
        for c in range(C):
            for i in range(Ho):
                for j in range(Wo):
                    r, q = np.unravel_index(idx[n, c, i, j], (pool_height, pool_width))
                    dx[n, c, i*stride + r, j*stride + q] += dout[n, c, i, j]
    return dx
