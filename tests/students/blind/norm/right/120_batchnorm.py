import numpy as np

def batchnorm_forward(x, gamma, beta, bn_param):
  mode = bn_param['mode']
  epsilon_ = bn_param.get('eps', 1e-5)
  mom_ = bn_param.get('momentum', 0.9)
  batch, D = x.shape
  r_mean = bn_param.get('running_mean', np.zeros(D, dtype=x.dtype))
  running_var = bn_param.get('running_var', np.zeros(D, dtype=x.dtype))
  if mode == 'train':
    minibatch_mean = np.mean(x, axis=0)
    minibatch_var = np.var(x, axis=0)
    x_c = x - minibatch_mean
    inv = 1. / np.sqrt(minibatch_var + epsilon_)
    x_n = x_c * inv
    out = gamma * x_n + beta
    r_mean = mom_ * r_mean + (1 - mom_) * minibatch_mean
    running_var = mom_ * running_var + (1 - mom_) * minibatch_var
    cache = (x_c, inv, x_n, gamma)
  elif mode == 'test':
    a = gamma / np.sqrt(running_var + epsilon_)
    out = a * (x - r_mean) + beta
    cache = None
  bn_param['running_mean'] = r_mean
  bn_param['running_var'] = running_var
  return out, cache

def batchnorm_backward(dout, cache):
  x_c, inv, x_n, gamma = cache
  batch = x_c.shape[0]
  dgamma = np.sum(dout * x_n, axis=0)
  dbeta = np.sum(dout, axis=0)
  dx_n = gamma * dout
  dx_c = dx_n * inv
  dinv = np.sum(dx_n * x_c, axis=0)
  d_variance = -0.5 * inv ** 3 * dinv
  dx_c = dx_c + (2. / batch) * x_c * d_variance
  dx = dx_c - np.sum(dx_c, axis=0) / batch
  return dx, dgamma, dbeta
