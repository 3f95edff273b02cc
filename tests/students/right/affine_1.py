import numpy as np

def affine_forward(x, w, b):
    xr = np.reshape(x, (x.shape[0], -1))
    out = xr.dot(w) + b
    cache = {'x': x, 'w': w, 'b': b}
    return out, cache

def affine_backward(dout, cache):
    x, w = cache['x'], cache['w']
    xr = np.reshape(x, (x.shape[0], -1))
    grads = {}
    grads['dx'] = np.reshape(dout.dot(w.T), x.shape)
    grads['dw'] = xr.T.dot(dout)
    grads['db'] = np.sum(dout, axis=0)
    return grads['dx'], grads['dw'], grads['db']
