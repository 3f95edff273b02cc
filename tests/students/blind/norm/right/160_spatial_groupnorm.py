import numpy as np

def spatial_groupnorm_forward(x, gamma, beta, G, gn_param):
    """gamma and beta have shape (C,)"""
    eps = gn_param.get('eps', 1e-5)
    m, C, H, W = x.shape
    gamma = gamma[np.newaxis, :, np.newaxis, np.newaxis]
    beta = beta[np.newaxis, :, np.newaxis, np.newaxis]
    xg = x.reshape((m, G, C // G, H, W))
    avg_x = np.mean(xg, axis=(2, 3, 4), keepdims=True)
    v_x = np.var(xg, axis=(2, 3, 4), keepdims=True)
    ivar = 1 / np.sqrt(v_x + eps)
    xh_ = ((xg - avg_x) * ivar).reshape((m, C, H, W))
    out = gamma * xh_ + beta
    cache = {}
    cache['xhat'] = xh_
    cache['ivar'] = ivar
    cache['gamma'] = gamma
    cache['G'] = G
    return out, cache

def spatial_groupnorm_backward(dout, cache):
    xh_, ivar, gamma, G = [cache[k] for k in ('xhat', 'ivar', 'gamma', 'G')]
    m, C, H, W = dout.shape
    cnt = (C // G) * H * W
    dbeta = np.sum(dout, axis=(0, 2, 3))
    dgamma = np.sum(dout * xh_, axis=(0, 2, 3))
    dh = (gamma * dout).reshape((m, G, C // G, H, W))
    xh = xh_.reshape((m, G, C // G, H, W))
    dx = cnt * dh
    dx -= np.sum(dh, axis=(2, 3, 4), keepdims=True)
    dx -= xh * np.sum(dh * xh, axis=(2, 3, 4), keepdims=True)
    dx *= ivar / cnt
    return dx.reshape((m, C, H, W)), dgamma, dbeta
