import numpy as np

def relu_forward(x):
    out = 0.5 * (x + np.abs(x))
    return out, x

def relu_backward(dout, cache):
    return dout * (1 + np.sign(cache)) / 2
