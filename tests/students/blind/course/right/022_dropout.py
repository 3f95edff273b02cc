from builtins import range
import numpy as np


def dropout_forward(x, dropout_param):
    """
    Inverted dropout, forward.

    Inputs:
    - x: any shape
    - dropout_param: dict with p (probability of dropping a unit), mode, and optionally seed

    Returns a tuple of:
    - out: same shape as x
    - cache: (dropout_param, mask)
    """
    p, mode = dropout_param['p'], dropout_param['mode']
    if 'seed' in dropout_param:
        np.random.seed(dropout_param['seed'])

    mask = None
    out = None

    if mode == 'train':
    ###########################################################################
    # TODO: Write the dropout forward.                                        #
    # Keep in the cache whatever you need later.                              #
    ###########################################################################
        retain = 1 - p
        mask = np.random.rand(*x.shape) < retain
        mask = mask / retain
        out = x * mask
    ###########################################################################
    #                             END OF YOUR CODE                            #
    ###########################################################################
    elif mode == 'test':
    ###########################################################################
    # TODO: Write the dropout forward.                                        #
    # Keep in the cache whatever you need later.                              #
    ###########################################################################
        out = x
    ###########################################################################
    #                             END OF YOUR CODE                            #
    ###########################################################################

    cache = (dropout_param, mask)
    out = out.astype(x.dtype, copy=False)
    return out, cache


def dropout_backward(dout, cache):
    """
    Inverted dropout, backward.

    Inputs:
    - dout: any shape
    - cache: (dropout_param, mask)

    Returns a tuple of:
    - dx
    """
    dropout_param, mask = cache
    mode = dropout_param['mode']

    dx = None
    if mode == 'train':
    ###########################################################################
    # TODO: Write the dropout backward.                                       #
    # Put the gradients in the variables named above.                         #
    ###########################################################################
        dx = mask * dout
    ###########################################################################
    #                             END OF YOUR CODE                            #
    ###########################################################################
    elif mode == 'test':
        dx = dout
    return dx
