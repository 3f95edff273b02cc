import numpy as np


def batchnorm_forward(x, gamma, beta, bn_param):
  # computational graph with nine nodes, see my drawing in the notebook
  mode = bn_param['mode']
  epsilon_ = bn_param.get('eps', 1e-5)
  mom_ = bn_param.get('momentum', 0.9)
  batch, D = x.shape
  r_mean = bn_param.get('running_mean', np.zeros(D, dtype=x.dtype))
  running_var = bn_param.get('running_var', np.zeros(D, dtype=x.dtype))

  out, cache = None, None
  if mode == 'train':
    # 1
    f1 = 1. / batch * np.sum(x, axis=0)
    # 2
    xm = x - f1
    # 3
    f3 = xm ** 2
    # 4
    f4 = 1. / batch * np.sum(f3, axis=0)
    # 5
    f5 = np.sqrt(f4 + epsilon_)
    # 6
    f6 = 1. / f5
    # 7
    xnorm = xm * f6
    # 8
    f8 = gamma * xnorm
    # 9
    out = f8 + beta
    r_mean = mom_ * r_mean + (1.0 - mom_) * f1
    running_var = mom_ * running_var + (1.0 - mom_) * f4
    cache = (xm, f4, f5, f6, xnorm, gamma)
  elif mode == 'test':
    out = (x - r_mean) / np.sqrt(running_var + epsilon_) * gamma + beta
  else:
    raise ValueError('Invalid forward batchnorm mode "%s"' % mode)
  bn_param['running_mean'] = r_mean
  bn_param['running_var'] = running_var
  return out, cache


def batchnorm_backward(dout, cache):
  xm, f4, f5, f6, xnorm, gamma = cache
  batch, D = dout.shape
  # 9
  dbeta = np.sum(dout, axis=0)
  dx_8 = dout
  # 8
  dgamma = np.sum(dx_8 * xnorm, axis=0)
  dx_7 = dx_8 * gamma
  # 7
  dx_2_a = dx_7 * f6
  dx_6 = np.sum(dx_7 * xm, axis=0)
  # 6
  dx_5 = -1. / f5 ** 2 * dx_6
  # 5
  dx_4 = 0.5 / f5 * dx_5
  # 4
  dx_3 = np.ones((batch, D)) / batch * dx_4
  # 3
  dx_2_b = 2 * xm * dx_3
  # 2
  dx_2 = dx_2_a + dx_2_b
  dx_0_a = dx_2
  dx_1 = -1 * np.sum(dx_2, axis=0)
  # 1
  dx_0_b = np.ones((batch, D)) / batch * dx_1
  # 0
  dx = dx_0_a + dx_0_b
  return dx, dgamma, dbeta
