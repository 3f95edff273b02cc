import numpy as np

def conv_forward_naive(x, w, b, conv_param):
  out = None
  N, C, H, W = x.shape
  F, _, HH, WW = w.shape
  stride, pad = conv_param['stride'], conv_param['pad']
  x_pad = np.pad(x, ((0,), (0,), (pad,), (pad,)), 'constant')
  Hp = 1 + (H + 2 * pad - HH) // stride
  Wp = 1 + (W + 2 * pad - WW) // stride
  out = np.zeros((N, F, Hp, Wp))
  for n in range(N):
    for f in range(F):
      for k in range(Hp):
        for l in range(Wp):
          out[n, f, k, l] = np.sum(x_pad[n, :, k * stride:k * stride + HH, l * stride:l * stride + WW] * w[f, :]) + b[f]
  cache = (x, w, b, conv_param)
  return out, cache


def conv_backward_naive(dout, cache):
  x, w, b, conv_param = cache
  N, C, H, W = x.shape
  F, _, HH, WW = w.shape
  stride, pad = conv_param['stride'], conv_param['pad']
  x_pad = np.pad(x, ((0,), (0,), (pad,), (pad,)), 'constant')
  _, _, Hp, Wp = dout.shape

  dx_pad = np.zeros_like(x_pad)
  dw = np.zeros_like(w)
  db = np.zeros_like(b)
  for n in range(N):
    for f in range(F):
      db[f] += dout[n, f].sum()
      for k in range(Hp):
        for l in range(Wp):
          y0, x0 = k * stride, l * stride
          dw[f] += x_pad[n, :, y0:y0 + HH, x0:x0 + WW] * dout[n, f, k, l]
          dx_pad[n, :, y0:y0 + HH, x0:x0 + WW] += w[f] * dout[n, f, k, l]
  dx = dx_pad[:, :, pad:pad + H, pad:pad + W]
  return dx, dw, db
