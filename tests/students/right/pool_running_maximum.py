import numpy as np

def max_pool_forward_naive(x, pool_param):
    ph, pw, s = pool_param['pool_height'], pool_param['pool_width'], pool_param['stride']
    N, C, H, W = x.shape
    Ho, Wo = (H - ph) // s + 1, (W - pw) // s + 1
    out = np.full((N, C, Ho, Wo), -np.inf)
    where = np.zeros((N, C, Ho, Wo), dtype=np.int)
    for p in range(ph):
        for q in range(pw):
            candidate = x[:, :, p:p + s * (Ho - 1) + 1:s, q:q + s * (Wo - 1) + 1:s]
            better = candidate > out
            out = np.where(better, candidate, out)
            where[better] = p * pw + q
    return out, (where, x.shape, pool_param)

def max_pool_backward_naive(dout, cache):
    where, shape, pool_param = cache
    ph, pw, s = pool_param['pool_height'], pool_param['pool_width'], pool_param['stride']
    Ho, Wo = dout.shape[2:]
    dx = np.zeros(shape)
    for p in range(ph):
        for q in range(pw):
            dx[:, :, p:p + s * (Ho - 1) + 1:s, q:q + s * (Wo - 1) + 1:s] += dout * (where == p * pw + q)
    return dx

def avg_pool_forward(x, pool_param):
    ph, pw, s = pool_param['pool_height'], pool_param['pool_width'], pool_param['stride']
    N, C, H, W = x.shape
    out = np.array([[x[:, :, i:i + ph, j:j + pw].mean(axis=(2, 3)) for j in range(0, W - pw + 1, s)]
                    for i in range(0, H - ph + 1, s)]).transpose(2, 3, 0, 1)
    return out, (x.shape, pool_param)

def avg_pool_backward(dout, cache):
    shape, pool_param = cache
    ph, pw, s = pool_param['pool_height'], pool_param['pool_width'], pool_param['stride']
    dx = np.zeros(shape)
    share = np.ones((ph, pw)) / (ph * pw)
    for n, c, i, j in np.ndindex(dout.shape):
        dx[n, c, i * s:i * s + ph, j * s:j * s + pw] += share * dout[n, c, i, j]
    return dx
