import numpy as np

def batchnorm_forward(x, gamma, beta, bn_param):
  mode = bn_param['mode']
  epsilon_ = bn_param.get('eps', 1e-5)
  mom_ = bn_param.get('momentum', 0.9)
  batch, D = x.shape
  r_mean = bn_param.get('running_mean', np.zeros(D, dtype=x.dtype))
  running_var = bn_param.get('running_var', np.zeros(D, dtype=x.dtype))
  if mode == 'train':
    sample_mean = x.mean(axis=0)
    sample_var = x.var(axis=0)
    r_mean = mom_ * r_mean + (1 - mom_) * sample_mean
    running_var = mom_ * running_var + (1 - mom_) * sample_var
    normalized_x = (x - sample_mean) / np.sqrt(sample_var + epsilon_)
    out = gamma * normalized_x + beta
    cache = (gamma, x, sample_mean, sample_var, epsilon_, normalized_x)
  elif mode == 'test':
    normalized_x = (x - r_mean) / np.sqrt(running_var + epsilon_)
    out = gamma * normalized_x + beta
    cache = None
  else:
    raise ValueError('Invalid forward batchnorm mode "%s"' % mode)
  bn_param['running_mean'] = r_mean
  bn_param['running_var'] = running_var
  return out, cache

def batchnorm_backward(dout, cache):
  gamma, x, u_b, sigma_squared_b, epsilon_, normalized_x = cache
  batch = x.shape[0]
  dx_1 = gamma * dout
  dx_2_b = np.sum((x - u_b) * dx_1, axis=0)
  dx_2_a = ((sigma_squared_b + epsilon_) ** -0.5) * dx_1
  dx_3_b = (-0.5) * ((sigma_squared_b + epsilon_) ** -1.5) * dx_2_b
  dx_5_b = np.ones_like(x) / batch * dx_3_b
  dx_6_b = 2 * (x - u_b) * dx_5_b
  dx_7_a = dx_6_b + dx_2_a
  dx_8_b = -1 * np.sum(dx_7_a, axis=0)
  dx_9_b = np.ones_like(x) / batch * dx_8_b
  dx = dx_9_b + dx_7_a
  dgamma = np.sum(normalized_x * dout, axis=0)
  dbeta = np.sum(dout, axis=0)
  return dx, dgamma, dbeta

def batchnorm_backward_alt(dout, cache):
  gamma, x, u_b, sigma_squared_b, epsilon_, normalized_x = cache
  batch = x.shape[0]
  dgamma = np.sum(normalized_x * dout, axis=0)
  dbeta = np.sum(dout, axis=0)
  dx = (1. / batch) * gamma * (sigma_squared_b + epsilon_) ** (-1. / 2.) * (
    batch * dout
    - np.sum(dout, axis=0)
    - (x - u_b) * (sigma_squared_b + epsilon_) ** (-1.0) * np.sum(dout * (x - u_b), axis=0))
  return dx, dgamma, dbeta
