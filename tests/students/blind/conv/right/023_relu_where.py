import numpy as np

def relu_forward(x):
    positive = x > 0
    out = np.where(positive, x, 0.)
    return out, {'positive': positive}

def relu_backward(dout, cache):
    positive = cache['positive']
    dx = np.where(positive, dout, 0.)
    return dx
