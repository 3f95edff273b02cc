import numpy as np

def max_pool_forward_naive(x, pool_param):
    N, C, H, W = x.shape
    PH, PW, S = pool_param['pool_height'], pool_param['pool_width'], pool_param['stride']
    out = np.zeros((N, C, 1 + (H - PH) // S, 1 + (W - PW) // S))
    for r in range(0, H - PH + 1, S):
        for c in range(0, W - PW + 1, S):
            out[:, :, r // S, c // S] = np.max(x[:, :, r:r + PH, c:c + PW], axis=(2, 3))
    return out, (x, pool_param)

def max_pool_backward_naive(dout, cache):
    x, pool_param = cache
    N, C, H, W = x.shape
    PH, PW, S = pool_param['pool_height'], pool_param['pool_width'], pool_param['stride']
    dx = np.zeros_like(x)
    for n in range(N):
        for ch in range(C):
            for r in range(0, H - PH + 1, S):
                for c in range(0, W - PW + 1, S):
                    k = np.argmax(x[n, ch, r:r + PH, c:c + PW])
                    dr, dc = divmod(k, PW)
                    dx[n, ch, r + dr, c + dc] += dout[n, ch, r // S, c // S]
    return dx
