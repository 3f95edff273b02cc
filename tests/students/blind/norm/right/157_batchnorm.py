import numpy as np


def batchnorm_forward(x, gamma, beta, bn_param):
  phase = bn_param['mode']
  eps = bn_param.get('eps', 1e-5)
  momentum = bn_param.get('momentum', 0.9)
  m, dim = x.shape
  run_mean = bn_param.get('running_mean', np.zeros(dim, dtype=x.dtype))
  run_var = bn_param.get('running_var', np.zeros(dim, dtype=x.dtype))

  out, cache = None, None
  if phase == 'train':
    f1 = 1. / m * np.sum(x, axis=0)
    f2 = x - f1
    f3 = f2 ** 2
    f4 = 1. / m * np.sum(f3, axis=0)
    f5 = np.sqrt(f4 + eps)
    f6 = 1. / f5
    f7 = f2 * f6
    f8 = gamma * f7
    out = f8 + beta
    run_mean = momentum * run_mean + (1.0 - momentum) * f1
    run_var = momentum * run_var + (1.0 - momentum) * f4
    cache = (f2, f4, f5, f6, f7, gamma)
  elif phase == 'test':
    out = (x - run_mean) / np.sqrt(run_var + eps) * gamma + beta
  else:
    raise ValueError('Invalid forward batchnorm mode "%s"' % phase)
  bn_param['running_mean'] = run_mean
  bn_param['running_var'] = run_var
  return out, cache


def batchnorm_backward(dout, cache):
  f2, f4, f5, f6, f7, gamma = cache
  m, dim = dout.shape
  dbeta = np.sum(dout, axis=0)
  dx_8 = dout
  dgamma = np.sum(dx_8 * f7, axis=0)
  g7 = dx_8 * gamma
  dx_2_a = g7 * f6
  dx_6 = np.sum(g7 * f2, axis=0)
  dx_5 = -1. / f5 ** 2 * dx_6
  dx_4 = 0.5 / f5 * dx_5
  dx_3 = np.ones((m, dim)) / m * dx_4
  dx_2_b = 2 * f2 * dx_3
  g2 = dx_2_a + dx_2_b
  dx_0_a = g2
  dx_1 = -1 * np.sum(g2, axis=0)
  dx_0_b = np.ones((m, dim)) / m * dx_1
  dx = dx_0_a + dx_0_b
  return dx, dgamma, dbeta
