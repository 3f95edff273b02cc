import numpy as np


def layernorm_forward(x, gamma, beta, ln_param):
    """normalize every row"""
    eps = ln_param.get('eps', 1e-5)
    D = x.shape[1]
    row_mean = x.sum(axis=1, keepdims=True) / D
    centered = x - row_mean
    squares = np.square(centered)
    row_var = squares.sum(axis=1, keepdims=True) / D
    row_std = np.sqrt(row_var + eps)
    inverse = np.reciprocal(row_std)
    x_norm = centered * inverse
    stretched = x_norm * gamma
    out = stretched + beta
    return out, (centered, row_std, inverse, x_norm, gamma)


def layernorm_backward(dout, cache):
    centered, row_std, inverse, x_norm, gamma = cache
    ones, D = np.ones_like(dout), dout.shape[1]

    # beta and gamma are shared by the rows
    dbeta = dout.sum(axis=0)
    dstretched = dout
    dgamma = (dstretched * x_norm).sum(axis=0)
    dx_norm = dstretched * gamma

    # the rest happens inside of one row
    dinverse = (dx_norm * centered).sum(axis=1, keepdims=True)
    drow_std = -dinverse / np.square(row_std)
    drow_var = drow_std / (2 * row_std)
    dsquares = ones * drow_var / D
    dcentered = dx_norm * inverse + dsquares * 2 * centered
    drow_mean = -dcentered.sum(axis=1, keepdims=True)
    dx = dcentered + ones * drow_mean / D
    return dx, dgamma, dbeta
