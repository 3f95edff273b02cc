import numpy as np


def layernorm_forward(x, gamma, beta, ln_param):
    """Layer normalization, forward. Statistics are per data point, so train and test agree.

    Input:
      - x: (N, D)
      - gamma: scale (D,)
      - beta: shift (D,)
      - ln_param: dict with eps

    Output:
      - out: (N, D)
      - cache: for the backward pass
    """
    out, cache = None, None
    eps = ln_param.get('eps', 1e-5)
    #####################################################################
    # TODO: Write the layernorm forward.                                #
    # Keep in the cache whatever you need later.                        #
    #####################################################################
    feature_mean = np.mean(x, axis=1).reshape(-1, 1)
    feature_var = np.var(x, axis=1).reshape(-1, 1)
    ivar = 1. / np.sqrt(feature_var + eps)
    x_mu = x - feature_mean
    x_norm = x_mu * ivar
    out = x_norm * gamma + beta
    cache = x_norm, x_mu, ivar, gamma
    #####################################################################
    #                          END OF YOUR CODE                         #
    #####################################################################
    return out, cache


def layernorm_backward(dout, cache):
    """Layer normalization, backward.

    Input:
      - dout: (N, D)
      - cache: from layernorm_forward

    Output:
      - dx: (N, D)
      - dgamma: (D,)
      - dbeta: (D,)
    """
    dx, dgamma, dbeta = None, None, None
    #####################################################################
    # TODO: Write the layernorm backward.                               #
    # Put the gradients in the variables named above.                   #
    #####################################################################
    x_norm, x_mu, ivar, gamma = cache
    N, D = dout.shape
    dgamma = np.sum(dout * x_norm, axis=0)
    dbeta = np.sum(dout, axis=0)
    dx_norm = dout * gamma
    dvar = np.sum(dx_norm * x_mu, axis=1, keepdims=True) * -0.5 * ivar ** 3
    dmean = -np.sum(dx_norm * ivar, axis=1, keepdims=True)
    dx = dx_norm * ivar
    dx += dvar * 2 * x_mu / D
    dx += dmean / D
    #####################################################################
    #                          END OF YOUR CODE                         #
    #####################################################################
    return dx, dgamma, dbeta
