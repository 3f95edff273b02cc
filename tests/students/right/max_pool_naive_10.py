import numpy as np

def max_pool_forward_naive(x, pool_param):
  HH, WW, stride = pool_param['pool_height'], pool_param['pool_width'], pool_param['stride']
  N, C, H, W = x.shape
  Ho, Wo = (H - HH) // stride + 1, (W - WW) // stride + 1
  out = np.zeros((N, C, Ho, Wo))
  for i in range(Ho):
    for j in range(Wo):
      out[:, :, i, j] = np.amax(x[:, :, i*stride:i*stride+HH, j*stride:j*stride+WW], axis=(-1, -2))
  return out, (x, pool_param)

def max_pool_backward_naive(dout, cache):
  x, pool_param = cache
  HH, WW, stride = pool_param['pool_height'], pool_param['pool_width'], pool_param['stride']
  N, C, Ho, Wo = dout.shape
  dx = np.zeros_like(x)
  for n in range(N):
    for c in range(C):
      for i in range(Ho):
        for j in range(Wo):
          top, left = i * stride, j * stride
          win = x[n, c, top:top+HH, left:left+WW]
          if win.size == 0:
            continue
          m = np.max(win)
          dx[n, c, top:top+HH, left:left+WW] += (win == m) * dout[n, c, i, j]
  return dx
