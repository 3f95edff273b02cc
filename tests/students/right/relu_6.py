import numpy as np

def relu_forward(x):
    out = np.where(x > 0, x, 0)
    return out, x

def relu_backward(dout, cache):
    x = cache
    dx = np.where(x > 0, 1.0, 0.0) * dout
    return dx
