import numpy as np


def relu_forward(x):
    """
    Rectified linear units, forward.

    Input: x of any shape. Returns out (same shape as x) and cache (x).
    """
    out = None
    ###########################################################################
    # TODO: the forward pass.                                                 #
    ###########################################################################
    out = np.maximum(0, x)
    ###########################################################################
    cache = x
    return out, cache


def relu_backward(dout, cache):
    """
    Rectified linear units, backward.
    """
    dx, x = None, cache
    ###########################################################################
    # TODO: the backward pass.                                                #
    ###########################################################################
    dx = dout.copy()
    dx[x <= 0] = 0
    ###########################################################################
    return dx


def affine_forward(x, w, b):
    out = None
    # TODO
    pass
    cache = (x, w, b)
    return out, cache


def affine_backward(dout, cache):
    x, w, b = cache
    dx, dw, db = None, None, None
    # TODO
    pass
    return dx, dw, db
