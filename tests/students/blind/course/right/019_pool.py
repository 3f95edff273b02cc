from builtins import range
import numpy as np


def max_pool_forward_naive(x, pool_param):
    """
    Max pooling, forward.

    Inputs:
    - x: (N, C, H, W)
    - pool_param: dict with pool_height, pool_width, stride

    Returns a tuple of:
    - out: (N, C, H', W')
    - cache: (x, pool_param)
    """
    out = None
    ###########################################################################
    # TODO: Write the max pool forward.                                       #
    # Keep in the cache whatever you need later.                              #
    ###########################################################################
    pool_height, pool_width, stride = pool_param['pool_height'], pool_param['pool_width'], pool_param['stride']
    N, C, H, W = x.shape
    H_prime = 1 + (H - pool_height) // stride
    W_prime = 1 + (W - pool_width) // stride
    out = np.zeros((N, C, H_prime, W_prime))
    for n in range(N):
        for i in range(H_prime):
            for j in range(W_prime):
                h1 = i * stride
                h2 = h1 + pool_height
                w1 = j * stride
                w2 = w1 + pool_width
                out[n, :, i, j] = x[n, :, h1:h2, w1:w2].max(axis=(1, 2))
    ###########################################################################
    #                             END OF YOUR CODE                            #
    ###########################################################################
    cache = (x, pool_param)
    return out, cache


def max_pool_backward_naive(dout, cache):
    """
    Max pooling, backward.

    Inputs:
    - dout: upstream gradient
    - cache: from the forward pass

    Returns a tuple of:
    - dx
    """
    dx = None
    ###########################################################################
    # TODO: Write the max pool backward.                                      #
    # Put the gradients in the variables named above.                         #
    ###########################################################################
    x, pool_param = cache
    pool_height, pool_width, stride = pool_param['pool_height'], pool_param['pool_width'], pool_param['stride']
    N, C, H, W = x.shape
    H_prime, W_prime = dout.shape[2], dout.shape[3]
    dx = np.zeros_like(x)
    for n in range(N):
        for c in range(C):
            for i in range(H_prime):
                for j in range(W_prime):
                    h1 = i * stride
                    h2 = h1 + pool_height
                    w1 = j * stride
                    w2 = w1 + pool_width
                    window = x[n, c, h1:h2, w1:w2].flatten()
                    dwindow = np.zeros(window.shape)
                    dwindow[np.argmax(window)] = dout[n, c, i, j]
                    dx[n, c, h1:h2, w1:w2] += dwindow.reshape(pool_height, pool_width)
    ###########################################################################
    #                             END OF YOUR CODE                            #
    ###########################################################################
    return dx
