import numpy as np


def batchnorm_forward(x, gamma, beta, bn_param):
  mode, epsilon_ = bn_param['mode'], bn_param.get('eps', 1e-5)
  mom_ = bn_param.get('momentum', 0.9)
  batch, D = x.shape
  bn_param.setdefault('running_mean', np.zeros(D))
  bn_param.setdefault('running_var', np.zeros(D))
  if mode == 'test':
    normalized_x = (x - bn_param['running_mean']) / np.sqrt(bn_param['running_var'] + epsilon_)
    return gamma * normalized_x + beta, None
  elif mode != 'train':
    raise ValueError('Invalid forward batchnorm mode "%s"' % mode)

  mean = x.sum(axis=0) / batch
  x_minus_mean = x - mean
  sample_var = (x_minus_mean * x_minus_mean).sum(axis=0) / batch
  sqrtvar = np.sqrt(sample_var + epsilon_)
  istd = 1.0 / sqrtvar
  normalized_x = x_minus_mean * istd
  out = gamma * normalized_x
  out += beta

  for key, val in (('running_mean', mean), ('running_var', sample_var)):
    bn_param[key] = mom_ * bn_param[key] + (1 - mom_) * val
  cache = [x_minus_mean, sqrtvar, istd, normalized_x, gamma]
  return out, cache


def batchnorm_backward(dout, cache):
  x_minus_mean, sqrtvar, istd, normalized_x, gamma = cache
  batch = dout.shape[0]

  # out = gamma * x_norm + beta
  dbeta = dout.sum(axis=0)
  dgamma = (dout * normalized_x).sum(axis=0)
  dx_norm = dout * gamma

  # x_norm = xmu * ivar
  dxmu = dx_norm * istd
  divar = (dx_norm * x_minus_mean).sum(axis=0)

  # ivar = 1 / sqrtvar
  dsqrtvar = -divar / (sqrtvar ** 2)

  # sqrtvar = sqrt(var + eps)
  d_variance = dsqrtvar / (2 * sqrtvar)

  # var = mean(xmu ** 2)
  dxmu += 2 * x_minus_mean * d_variance / batch

  # xmu = x - mean
  dx = dxmu.copy()
  dmean = -dxmu.sum(axis=0)

  # mean = sum(x) / N
  dx += dmean / batch
  return dx, dgamma, dbeta
