import numpy as np
relu = lambda z: (np.abs(z) + z) / 2

def relu_forward(x):
  out = relu(x)
  cache = (x,)
  return out, cache

def relu_backward(dout, cache):
  (x,) = cache
  step = np.heaviside(x, 0)
  return step * dout
