from builtins import range
import numpy as np

# homework 2, conv layer. Really slow, but I wanted to see every index once.

def conv_forward_naive(x, w, b, conv_param):
  n_img, n_ch, h, wd = x.shape
  n_filt, _, kh, kw = w.shape
  s = conv_param['stride']
  p = conv_param['pad']
  oh = (h + 2*p - kh) // s + 1
  ow = (wd + 2*p - kw) // s + 1

  xp = np.zeros((n_img, n_ch, h + 2*p, wd + 2*p))
  xp[:, :, p:p+h, p:p+wd] = x

  out = np.zeros((n_img, n_filt, oh, ow))
  for n in range(n_img):
    for f in range(n_filt):
      for i in range(oh):
        for j in range(ow):
          acc = 0.0
          for c in range(n_ch):
            for k in range(kh):
              for l in range(kw):
                acc += xp[n, c, i*s + k, j*s + l] * w[f, c, k, l]
          out[n, f, i, j] = acc + b[f]

  cache = (x, w, b, conv_param)
  return out, cache


def conv_backward_naive(dout, cache):
  x, w, b, conv_param = cache
  n_img, n_ch, h, wd = x.shape
  n_filt, _, kh, kw = w.shape
  s = conv_param['stride']
  p = conv_param['pad']
  oh, ow = dout.shape[2:]

  xp = np.zeros((n_img, n_ch, h + 2*p, wd + 2*p))
  xp[:, :, p:p+h, p:p+wd] = x
  dxp = np.zeros(xp.shape)
  dw = np.zeros(w.shape)
  db = np.zeros(b.shape)

  for n in range(n_img):
    for f in range(n_filt):
      for i in range(oh):
        for j in range(ow):
          g = dout[n, f, i, j]
          db[f] += g
          for c in range(n_ch):
            for k in range(kh):
              for l in range(kw):
                dw[f, c, k, l] += g * xp[n, c, i*s + k, j*s + l]
                dxp[n, c, i*s + k, j*s + l] += g * w[f, c, k, l]

  dx = dxp[:, :, p:p+h, p:p+wd]
  return dx, dw, db
