import numpy as np


def batchnorm_forward(x, gamma, beta, bn_param):
  # computational graph with nine nodes, see my drawing in the notebook
  mode = bn_param['mode']
  eps = bn_param.get('eps', 1e-5)
  momentum = bn_param.get('momentum', 0.9)
  N, D = x.shape
  running_mean = bn_param.get('running_mean', np.zeros(D, dtype=x.dtype))
  running_var = bn_param.get('running_var', np.zeros(D, dtype=x.dtype))

  out, cache = None, None
  if mode == 'train':
    # 1
    f1 = 1. / N * np.sum(x, axis=0)
    # 2
    f2 = x - f1
    # 3
    f3 = f2 ** 2
    # 4
    f4 = 1. / N * np.sum(f3, axis=0)
    # 5
    f5 = np.sqrt(f4 + eps)
    # 6
    f6 = 1. / f5
    # 7
    f7 = f2 * f6
    # 8
    f8 = gamma * f7
    # 9
    out = f8 + beta
    running_mean = momentum * running_mean + (1.0 - momentum) * f1
    running_var = momentum * running_var + (1.0 - momentum) * f4
    cache = (f2, f4, f5, f6, f7, gamma)
  elif mode == 'test':
    out = (x - running_mean) / np.sqrt(running_var + eps) * gamma + beta
  else:
    raise ValueError('Invalid forward batchnorm mode "%s"' % mode)
  bn_param['running_mean'] = running_mean
  bn_param['running_var'] = running_var
  return out, cache


def batchnorm_backward(dout, cache):
  f2, f4, f5, f6, f7, gamma = cache
  N, D = dout.shape
  # 9
  dbeta = np.sum(dout, axis=0)
  dx_8 = dout
  # 8
  dgamma = np.sum(dx_8 * f7, axis=0)
  dx_7 = dx_8 * gamma
  # 7
  dx_2_a = dx_7 * f6
  dx_6 = np.sum(dx_7 * f2, axis=0)
  # 6
  dx_5 = -1. / f5 ** 2 * dx_6
  # 5
  dx_4 = 0.5 / f5 * dx_5
  # 4
  dx_3 = np.ones((N, D)) / N * dx_4
  # 3
  dx_2_b = 2 * f2 * dx_3
  # 2
  dx_2 = dx_2_a + dx_2_b
  dx_0_a = dx_2
  dx_1 = -1 * np.sum(dx_2, axis=0)
  # 1
  dx_0_b = np.ones((N, D)) / N * dx_1
  # 0
  dx = dx_0_a + dx_0_b
  return dx, dgamma, dbeta
