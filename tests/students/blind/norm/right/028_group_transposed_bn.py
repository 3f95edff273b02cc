import numpy as np


def _forward_cols(a, eps):
    m = np.mean(a, axis=0)
    am = a - m
    v = np.mean(am ** 2, axis=0)
    sd = np.sqrt(v + eps)
    return am / sd, (am, v, sd, eps)


def _backward_cols(da_hat, c):
    am, v, sd, eps = c
    n = am.shape[0]
    dv = np.sum(da_hat * am * -0.5 * (v + eps) ** -1.5, axis=0)
    dm = -np.sum(da_hat / sd, axis=0)
    return da_hat / sd + 2 * am * dv / n + dm / n


def spatial_groupnorm_forward(x, gamma, beta, G, gn_param):
    eps = gn_param.get("eps", 1e-5)
    N, C, H, W = x.shape
    cols = x.reshape(N * G, C // G * H * W).T
    cols_hat, c = _forward_cols(cols, eps)
    x_hat = cols_hat.T.reshape(N, C, H, W)
    out = x_hat * gamma.reshape(1, C, 1, 1) + beta.reshape(1, C, 1, 1)
    cache = {"c": c, "x_hat": x_hat, "gamma": gamma, "G": G}
    return out, cache


def spatial_groupnorm_backward(dout, cache):
    N, C, H, W = dout.shape
    G = cache["G"]
    gamma = cache["gamma"]
    dgamma = np.sum(dout * cache["x_hat"], axis=(0, 2, 3)).reshape(gamma.shape)
    dbeta = np.sum(dout, axis=(0, 2, 3)).reshape(gamma.shape)
    dx_hat = dout * gamma.reshape(1, C, 1, 1)
    dcols_hat = dx_hat.reshape(N * G, C // G * H * W).T
    dcols = _backward_cols(dcols_hat, cache["c"])
    dx = dcols.T.reshape(N, C, H, W)
    return dx, dgamma, dbeta
