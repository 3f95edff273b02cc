import numpy as np


def layernorm_forward(x, gamma, beta, ln_param):
    """
    Forward pass for layer normalization.

    During both training and test-time, the incoming data is normalized per data-point,
    before being scaled by gamma and beta parameters identical to that of batch normalization.
    """
    out, cache = None, None
    eps = ln_param.get('eps', 1e-5)
    N, D = x.shape

    # step 1: mean of each row
    mu = np.sum(x, axis=1, keepdims=True) / D
    # step 2: subtract
    x_mu = x - mu
    # step 3: square
    sq = x_mu ** 2
    # step 4: variance of each row
    var = np.sum(sq, axis=1, keepdims=True) / D
    # step 5: root
    sqrtvar = np.sqrt(var + eps)
    # step 6: invert
    ivar = 1. / sqrtvar
    # step 7: normalize
    xhat = x_mu * ivar
    # step 8, 9
    gammax = gamma * xhat
    out = gammax + beta

    cache = (xhat, gamma, x_mu, ivar, sqrtvar, var, eps)
    return out, cache


def layernorm_backward(dout, cache):
    dx, dgamma, dbeta = None, None, None
    xhat, gamma, x_mu, ivar, sqrtvar, var, eps = cache
    N, D = dout.shape

    # step 9
    dbeta = np.sum(dout, axis=0)
    dgammax = dout
    # step 8
    dgamma = np.sum(dgammax * xhat, axis=0)
    dxhat = dgammax * gamma
    # step 7
    divar = np.sum(dxhat * x_mu, axis=1, keepdims=True)
    dxmu1 = dxhat * ivar
    # step 6
    dsqrtvar = -1. / (sqrtvar ** 2) * divar
    # step 5
    dvar = 0.5 * 1. / np.sqrt(var + eps) * dsqrtvar
    # step 4
    dsq = 1. / D * np.ones((N, D)) * dvar
    # step 3
    dxmu2 = 2 * x_mu * dsq
    # step 2
    dx1 = dxmu1 + dxmu2
    dmu = -1 * np.sum(dxmu1 + dxmu2, axis=1, keepdims=True)
    # step 1
    dx2 = 1. / D * np.ones((N, D)) * dmu
    # step 0
    dx = dx1 + dx2
    return dx, dgamma, dbeta
