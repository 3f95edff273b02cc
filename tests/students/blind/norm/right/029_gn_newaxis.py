import numpy as np

def spatial_groupnorm_forward(x, gamma, beta, G, gn_param):
    """gamma and beta have shape (C,)"""
    eps = gn_param.get('eps', 1e-5)
    N, C, H, W = x.shape
    gamma = gamma[np.newaxis, :, np.newaxis, np.newaxis]
    beta = beta[np.newaxis, :, np.newaxis, np.newaxis]
    xg = x.reshape((N, G, C // G, H, W))
    mu = np.mean(xg, axis=(2, 3, 4), keepdims=True)
    var = np.var(xg, axis=(2, 3, 4), keepdims=True)
    ivar = 1 / np.sqrt(var + eps)
    xhat = ((xg - mu) * ivar).reshape((N, C, H, W))
    out = gamma * xhat + beta
    cache = {}
    cache['xhat'] = xhat
    cache['ivar'] = ivar
    cache['gamma'] = gamma
    cache['G'] = G
    return out, cache

def spatial_groupnorm_backward(dout, cache):
    xhat, ivar, gamma, G = [cache[k] for k in ('xhat', 'ivar', 'gamma', 'G')]
    N, C, H, W = dout.shape
    M = (C // G) * H * W
    dbeta = np.sum(dout, axis=(0, 2, 3))
    dgamma = np.sum(dout * xhat, axis=(0, 2, 3))
    dxhat = (gamma * dout).reshape((N, G, C // G, H, W))
    xh = xhat.reshape((N, G, C // G, H, W))
    dx = M * dxhat
    dx -= np.sum(dxhat, axis=(2, 3, 4), keepdims=True)
    dx -= xh * np.sum(dxhat * xh, axis=(2, 3, 4), keepdims=True)
    dx *= ivar / M
    return dx.reshape((N, C, H, W)), dgamma, dbeta
