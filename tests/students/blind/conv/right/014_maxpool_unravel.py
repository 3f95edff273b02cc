import numpy as np


def max_pool_forward_naive(x, pool_param):
  ph, pw, st = [pool_param[k] for k in ('pool_height', 'pool_width', 'stride')]
  N, C, H, W = x.shape
  oh = 1 + (H - ph) // st
  ow = 1 + (W - pw) // st
  out = np.zeros((N, C, oh, ow))
  for i in range(oh):
    for j in range(ow):
      out[:, :, i, j] = x[:, :, i*st:i*st+ph, j*st:j*st+pw].max(axis=(2, 3))
  return out, (x, pool_param)


def max_pool_backward_naive(dout, cache):
  x, pool_param = cache
  ph, pw, st = [pool_param[k] for k in ('pool_height', 'pool_width', 'stride')]
  N, C, oh, ow = dout.shape
  dx = np.zeros_like(x)
  for n in range(N):
    for c in range(C):
      for i in range(oh):
        for j in range(ow):
          window = x[n, c, i*st:i*st+ph, j*st:j*st+pw]
          r, q = np.unravel_index(np.argmax(window), window.shape)
          dx[n, c, i*st + r, j*st + q] += dout[n, c, i, j]
  return dx
