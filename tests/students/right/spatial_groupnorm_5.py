import numpy as np

def spatial_groupnorm_forward(x, gamma, beta, G, gn_param):
    eps = gn_param.get('eps', 1e-5)
    N, C, H, W = x.shape
    xr = x.reshape(N * G, C // G * H * W).T
    m, v = np.mean(xr, axis=0), np.var(xr, axis=0)
    xn = ((xr - m) / np.sqrt(v + eps)).T.reshape(N, C, H, W)
    out = gamma * xn + beta
    return out, (xr - m, v + eps, xn, gamma, G)

def spatial_groupnorm_backward(dout, cache):
    xc, ve, xn, gamma, G = cache
    N, C, H, W = dout.shape
    M = xc.shape[0]
    dbeta = dout.sum(axis=(0, 2, 3), keepdims=True)
    dgamma = (dout * xn).sum(axis=(0, 2, 3), keepdims=True)
    dxn = (dout * gamma).reshape(N * G, -1).T
    dv = np.sum(dxn * xc, axis=0) * -0.5 * ve ** -1.5
    dm = np.sum(dxn, axis=0) / -np.sqrt(ve)
    dx = dxn / np.sqrt(ve) + 2 * xc * dv / M + dm / M
    return dx.T.reshape(N, C, H, W), dgamma, dbeta
