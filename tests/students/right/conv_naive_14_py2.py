import numpy as np

def conv_forward_naive(x, w, b, conv_param):
  stride = conv_param['stride']
  pad = conv_param['pad']
  N, C, H, W = x.shape
  F, C, HH, WW = w.shape
  H_out = 1 + (H + 2 * pad - HH) / stride
  W_out = 1 + (W + 2 * pad - WW) / stride
  print 'conv:', x.shape, '->', (N, F, H_out, W_out)
  xp = np.pad(x, ((0, 0), (0, 0), (pad, pad), (pad, pad)), 'constant')
  out = np.zeros((N, F, H_out, W_out))
  for n in xrange(N):
    for f in xrange(F):
      for i in xrange(H_out):
        for j in xrange(W_out):
          out[n, f, i, j] = np.sum(xp[n, :, i*stride:i*stride+HH, j*stride:j*stride+WW] * w[f]) + b[f]
  return out, (xp, w, b, conv_param)

def conv_backward_naive(dout, cache):
  xp, w, b, conv_param = cache
  stride = conv_param['stride']
  pad = conv_param['pad']
  N, F, H_out, W_out = dout.shape
  _, C, HH, WW = w.shape
  dxp, dw, db = np.zeros_like(xp), np.zeros_like(w), np.zeros_like(b)
  for n in xrange(N):
    for f in xrange(F):
      for i in xrange(H_out):
        for j in xrange(W_out):
          dw[f] += dout[n, f, i, j] * xp[n, :, i*stride:i*stride+HH, j*stride:j*stride+WW]
          dxp[n, :, i*stride:i*stride+HH, j*stride:j*stride+WW] += dout[n, f, i, j] * w[f]
      db[f] += np.sum(dout[n, f])
  dx = dxp[:, :, pad:xp.shape[2]-pad, pad:xp.shape[3]-pad]
  return dx, dw, db
