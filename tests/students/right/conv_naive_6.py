import numpy as np

def conv_forward_naive(x, w, b, conv_param):
  S = conv_param['stride']
  P = conv_param['pad']
  N, C, H, W = x.shape
  F, C, HH, WW = w.shape
  xp = np.pad(x, [(0, 0), (0, 0), (P, P), (P, P)], 'constant', constant_values=0)
  Ho = (H + 2 * P - HH) // S + 1
  Wo = (W + 2 * P - WW) // S + 1
  out = np.zeros([N, F, Ho, Wo])
  for i in range(Ho):
    for j in range(Wo):
      patch = xp[:, :, S * i:S * i + HH, S * j:S * j + WW]
      for f in range(F):
        out[:, f, i, j] = np.sum(patch * w[f], axis=(1, 2, 3)) + b[f]
  return out, (xp, w, b, conv_param)

def conv_backward_naive(dout, cache):
  xp, w, b, conv_param = cache
  S = conv_param['stride']
  P = conv_param['pad']
  F, C, HH, WW = w.shape
  N, F, Ho, Wo = dout.shape
  dxp = np.zeros(xp.shape)
  dw = np.zeros(w.shape)
  db = dout.sum(axis=(0, 2, 3))
  for i in range(Ho):
    for j in range(Wo):
      patch = xp[:, :, S * i:S * i + HH, S * j:S * j + WW]
      for f in range(F):
        d = dout[:, f, i, j][:, None, None, None]
        dw[f] += (patch * d).sum(axis=0)
        dxp[:, :, S * i:S * i + HH, S * j:S * j + WW] += w[f] * d
  dx = dxp[:, :, P:dxp.shape[2] - P, P:dxp.shape[3] - P]
  return dx, dw, db
