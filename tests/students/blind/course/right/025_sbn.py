import numpy as np


def spatial_batchnorm_forward(x, gamma, beta, bn_param):
    """Batch normalization per channel, forward.

    Input:
      - x: (N, C, H, W)
      - gamma, beta: (C,)
      - bn_param: as for batchnorm_forward

    Output:
      - out: (N, C, H, W)
      - cache
    """
    out, cache = None, None
    #####################################################################
    # TODO: Write the spatial batchnorm forward.                        #
    # Keep in the cache whatever you need later.                        #
    #####################################################################
    # no detour over the 2d version, straight in 4d
    mode = bn_param['mode']
    eps = bn_param.get('eps', 1e-5)
    momentum = bn_param.get('momentum', 0.9)
    N, C, H, W = x.shape
    running_mean = bn_param.get('running_mean', np.zeros(C, dtype=x.dtype))
    running_var = bn_param.get('running_var', np.zeros(C, dtype=x.dtype))
    g = gamma.reshape(1, C, 1, 1)
    be = beta.reshape(1, C, 1, 1)
    if mode == 'train':
        mu = x.mean(axis=(0, 2, 3))
        xmu = x - mu.reshape(1, C, 1, 1)
        var = (xmu ** 2).mean(axis=(0, 2, 3))
        inv = 1.0 / np.sqrt(var + eps).reshape(1, C, 1, 1)
        xhat = xmu * inv
        out = g * xhat + be
        running_mean = momentum * running_mean + (1 - momentum) * mu
        running_var = momentum * running_var + (1 - momentum) * var
        cache = (xhat, inv, g)
    elif mode == 'test':
        rm = running_mean.reshape(1, C, 1, 1)
        rv = running_var.reshape(1, C, 1, 1)
        out = g * (x - rm) / np.sqrt(rv + eps) + be
    else:
        raise ValueError('unknown mode %s' % mode)
    bn_param['running_mean'] = running_mean
    bn_param['running_var'] = running_var
    #####################################################################
    #                          END OF YOUR CODE                         #
    #####################################################################
    return out, cache


def spatial_batchnorm_backward(dout, cache):
    """Batch normalization per channel, backward.

    Input:
      - dout: (N, C, H, W)
      - cache

    Output:
      - dx: (N, C, H, W)
      - dgamma, dbeta: (C,)
    """
    dx, dgamma, dbeta = None, None, None
    #####################################################################
    # TODO: Write the spatial batchnorm backward.                       #
    # Put the gradients in the variables named above.                   #
    #####################################################################
    xhat, inv, g = cache
    N, C, H, W = dout.shape
    m = N * H * W
    dbeta = dout.sum(axis=(0, 2, 3))
    dgamma = (dout * xhat).sum(axis=(0, 2, 3))
    dxhat = dout * g
    s1 = dxhat.sum(axis=(0, 2, 3), keepdims=True)
    s2 = (dxhat * xhat).sum(axis=(0, 2, 3), keepdims=True)
    dx = inv * (dxhat - s1 / m - xhat * s2 / m)
    #####################################################################
    #                          END OF YOUR CODE                         #
    #####################################################################
    return dx, dgamma, dbeta
