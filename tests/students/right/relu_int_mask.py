import numpy as np

def relu_forward(x):
    mask = (x > 0).astype(np.int)
    out = x * mask
    return out, {'mask': mask}

def relu_backward(dout, cache):
    mask = cache['mask']
    dx = np.multiply(dout, mask)
    return dx
