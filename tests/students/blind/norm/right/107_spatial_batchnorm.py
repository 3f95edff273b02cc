import numpy as np

def batchnorm_forward(x, gamma, beta, bn_param):
  mode = bn_param['mode']
  eps = bn_param.get('eps', 1e-5)
  momentum = bn_param.get('momentum', 0.9)
  N, D = x.shape
  running_mean = bn_param.get('running_mean', np.zeros(D, dtype=x.dtype))
  running_var = bn_param.get('running_var', np.zeros(D, dtype=x.dtype))
  if mode == 'train':
    minibatch_mean = np.mean(x, axis=0)
    minibatch_var = np.var(x, axis=0)
    x_c = x - minibatch_mean
    inv = 1. / np.sqrt(minibatch_var + eps)
    x_n = x_c * inv
    out = gamma * x_n + beta
    running_mean = momentum * running_mean + (1 - momentum) * minibatch_mean
    running_var = momentum * running_var + (1 - momentum) * minibatch_var
    cache = (x_c, inv, x_n, gamma)
  elif mode == 'test':
    a = gamma / np.sqrt(running_var + eps)
    out = a * (x - running_mean) + beta
    cache = None
  bn_param['running_mean'] = running_mean
  bn_param['running_var'] = running_var
  return out, cache

def batchnorm_backward(dout, cache):
  x_c, inv, x_n, gamma = cache
  N = x_c.shape[0]
  dgamma = np.sum(dout * x_n, axis=0)
  dbeta = np.sum(dout, axis=0)
  dx_n = gamma * dout
  dx_c = dx_n * inv
  dinv = np.sum(dx_n * x_c, axis=0)
  dvar = -0.5 * inv ** 3 * dinv
  dx_c = dx_c + (2. / N) * x_c * dvar
  dx = dx_c - np.sum(dx_c, axis=0) / N
  return dx, dgamma, dbeta

def spatial_batchnorm_forward(x, gamma, beta, bn_param):
  N, C, H, W = x.shape
  moved = np.rollaxis(x, 1, 4)
  out, cache = batchnorm_forward(moved.reshape(N * H * W, C), gamma, beta, bn_param)
  out = np.rollaxis(out.reshape(N, H, W, C), 3, 1)
  return out, cache

def spatial_batchnorm_backward(dout, cache):
  N, C, H, W = dout.shape
  moved = np.rollaxis(dout, 1, 4)
  dx, dgamma, dbeta = batchnorm_backward(moved.reshape(N * H * W, C), cache)
  dx = np.rollaxis(dx.reshape(N, H, W, C), 3, 1)
  return dx, dgamma, dbeta
