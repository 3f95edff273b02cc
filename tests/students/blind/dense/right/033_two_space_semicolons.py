import numpy as np

def affine_forward(x, w, b):
  n = x.shape[0]; X = x.reshape(n, -1)
  score = X.dot(w); score = score + b
  return score, (w, x, b)

def affine_backward(dout, cache):
  w, x, b = cache; n = x.shape[0]
  # d(score)/dX = w , chain rule
  dX = dout.dot(w.T); dx = np.reshape(dX, x.shape)
  X = x.reshape(n, -1)
  dw = np.zeros_like(w); db = np.zeros_like(b)
  for k in range(n):
    dw += X[k][:, None] * dout[k][None, :]
    db += dout[k]
  return dx, dw, db

def relu_forward(x):
  keep = x > 0; out = np.zeros_like(x); out[keep] = x[keep]
  return out, keep

def relu_backward(dout, cache):
  keep = cache; dx = np.zeros_like(dout); dx[keep] = dout[keep]
  return dx

def affine_relu_forward(x, w, b):
  s, c1 = affine_forward(x, w, b); o, c2 = relu_forward(s)
  return o, (c1, c2)

def affine_relu_backward(dout, cache):
  c1, c2 = cache
  return affine_backward(relu_backward(dout, c2), c1)
