import numpy as np


def max_pool_forward_naive(x, pool_param):
  hp, wp, s = [pool_param[k] for k in ('pool_height', 'pool_width', 'stride')]
  N, C, H, W = x.shape
  oh = 1 + (H - hp) // s
  ow = 1 + (W - wp) // s
  out = np.zeros((N, C, oh, ow))
  for i in range(oh):
    for j in range(ow):
      out[:, :, i, j] = x[:, :, i*s:i*s+hp, j*s:j*s+wp].max(axis=(2, 3))
  return out, (x, pool_param)


def max_pool_backward_naive(dout, cache):
  x, pool_param = cache
  hp, wp, s = [pool_param[k] for k in ('pool_height', 'pool_width', 'stride')]
  N, C, oh, ow = dout.shape
  dx = np.zeros_like(x)
  for n in range(N):
    for c in range(C):
      for i in range(oh):
        for j in range(ow):
          window = x[n, c, i*s:i*s+hp, j*s:j*s+wp]
          r, q = np.unravel_index(np.argmax(window), window.shape)
          dx[n, c, i*s + r, j*s + q] += dout[n, c, i, j]
  return dx
