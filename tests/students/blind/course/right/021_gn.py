import numpy as np


def spatial_groupnorm_forward(x, gamma, beta, G, gn_param):
    """
    Group normalization, forward. Channels are split into G groups, each normalized per image.

    Inputs:
    - x: (N, C, H, W)
    - gamma, beta: (1, C, 1, 1)
    - G: number of groups, divides C
    - gn_param: dict with eps

    Returns a tuple of:
    - out: (N, C, H, W)
    - cache
    """
    out, cache = None, None
    eps = gn_param.get('eps', 1e-5)
    ###########################################################################
    # TODO: Write the spatial groupnorm forward.                              #
    # Keep in the cache whatever you need later.                              #
    ###########################################################################
    N, C, H, W = x.shape
    x_norm = np.zeros(x.shape)
    ivar = np.zeros((N, G))
    size = C // G
    for n in range(N):
        for k in range(G):
            block = x[n, k * size:(k + 1) * size]
            mu = block.mean()
            var = ((block - mu) ** 2).mean()
            ivar[n, k] = 1.0 / np.sqrt(var + eps)
            x_norm[n, k * size:(k + 1) * size] = (block - mu) * ivar[n, k]
    out = gamma * x_norm + beta
    cache = (x_norm, ivar, gamma, G)
    ###########################################################################
    #                             END OF YOUR CODE                            #
    ###########################################################################
    return out, cache


def spatial_groupnorm_backward(dout, cache):
    """
    Group normalization, backward.

    Inputs:
    - dout: (N, C, H, W)
    - cache

    Returns a tuple of:
    - dx: (N, C, H, W)
    - dgamma, dbeta: (1, C, 1, 1)
    """
    dx, dgamma, dbeta = None, None, None
    ###########################################################################
    # TODO: Write the spatial groupnorm backward.                             #
    # Put the gradients in the variables named above.                         #
    ###########################################################################
    x_norm, ivar, gamma, G = cache
    N, C, H, W = dout.shape
    dgamma = np.sum(dout * x_norm, axis=(0, 2, 3)).reshape(gamma.shape)
    dbeta = np.sum(dout, axis=(0, 2, 3)).reshape(gamma.shape)
    dx_norm = dout * gamma
    dx = np.zeros(dout.shape)
    size = C // G
    M = size * H * W
    for n in range(N):
        for k in range(G):
            s = slice(k * size, (k + 1) * size)
            d = dx_norm[n, s]
            z = x_norm[n, s]
            dx[n, s] = ivar[n, k] / M * (M * d - d.sum() - z * (d * z).sum())
    ###########################################################################
    #                             END OF YOUR CODE                            #
    ###########################################################################
    return dx, dgamma, dbeta
