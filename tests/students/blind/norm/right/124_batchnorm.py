import numpy as np


def batchnorm_forward(x, gamma, beta, bn_param):
  mode = bn_param['mode']
  epsilon_ = bn_param.get('eps', 1e-5)
  mom_ = bn_param.get('momentum', 0.9)
  batch, D = x.shape
  r_mean = bn_param.get('running_mean', np.zeros(D, dtype=x.dtype))
  running_var = bn_param.get('running_var', np.zeros(D, dtype=x.dtype))
  out, cache = None, None
  if mode == 'train':
    mean_b = x.mean(axis=0)
    x_minus_mean = x - mean_b
    carre = x_minus_mean ** 2
    sample_var = carre.mean(axis=0)
    sqrtvar = np.sqrt(sample_var + epsilon_)
    invvar = 1. / sqrtvar
    va2 = x_minus_mean * invvar
    va3 = gamma * va2
    out = va3 + beta
    r_mean = mom_ * r_mean + (1. - mom_) * mean_b
    running_var = mom_ * running_var + (1. - mom_) * sample_var
    cache = (mean_b, x_minus_mean, carre, sample_var, sqrtvar, invvar, va2, va3, gamma, beta, x, bn_param)
  elif mode == 'test':
    x_norm = (x - r_mean) / np.sqrt(running_var + epsilon_)
    out = gamma * x_norm + beta
    cache = (r_mean, x_norm, gamma, beta, running_var, bn_param)
  else:
    raise ValueError('Invalid forward batchnorm mode "%s"' % mode)
  bn_param['running_mean'] = r_mean
  bn_param['running_var'] = running_var
  return out, cache


def batchnorm_backward(dout, cache):
  mean_b, x_minus_mean, carre, sample_var, sqrtvar, invvar, va2, va3, gamma, beta, x, bn_param = cache
  epsilon_ = bn_param.get('eps', 1e-5)
  batch, D = dout.shape

  dva3 = dout
  dbeta = np.sum(dout, axis=0)
  dva2 = gamma * dva3
  dgamma = np.sum(va2 * dva3, axis=0)
  dxmu = invvar * dva2
  dinvvar = np.sum(x_minus_mean * dva2, axis=0)
  dsqrtvar = -1. / (sqrtvar ** 2) * dinvvar
  d_variance = 0.5 * (sample_var + epsilon_) ** (-0.5) * dsqrtvar
  dcarre = 1. / float(batch) * np.ones((carre.shape)) * d_variance
  dxmu += 2 * x_minus_mean * dcarre
  dx = dxmu
  dmu = -np.sum(dxmu, axis=0)
  dx = dx + 1. / float(batch) * np.ones((dxmu.shape)) * dmu
  return dx, dgamma, dbeta
