import numpy as np
from numpy import sqrt, mean, var


def batchnorm_forward(x, gamma, beta, bn_param):
  train = bn_param['mode'] == 'train'
  epsilon_ = bn_param.get('eps', 1e-5)
  mom = bn_param.get('momentum', 0.9)
  dims = x.shape[-1]
  if 'running_mean' not in bn_param:
    bn_param['running_mean'] = np.zeros(dims)
  if 'running_var' not in bn_param:
    bn_param['running_var'] = np.zeros(dims)

  m = mean(x, axis=0) if train else bn_param['running_mean']
  v = var(x, axis=0) if train else bn_param['running_var']
  s = sqrt(v + epsilon_)
  xh = (x - m) / s
  if train:
    bn_param['running_mean'] = mom * bn_param['running_mean'] + (1 - mom) * m
    bn_param['running_var'] = mom * bn_param['running_var'] + (1 - mom) * v
  return gamma * xh + beta, (xh, s, gamma)


def batchnorm_backward(dout, cache):
  xh, s, gamma = cache
  dxh = dout * gamma
  dx = (dxh - mean(dxh, axis=0) - xh * mean(dxh * xh, axis=0)) / s
  return dx, np.sum(dout * xh, axis=0), np.sum(dout, axis=0)


def batchnorm_backward_alt(dout, cache):
  xh, s, gamma = cache
  db = np.sum(dout, axis=0)
  dg = np.sum(dout * xh, axis=0)
  k = dout.shape[0]
  t1 = k * dout
  t2 = db
  t3 = xh * dg
  dx = gamma / s / k * (t1 - t2 - t3)
  return dx, dg, db
