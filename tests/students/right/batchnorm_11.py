import numpy as np

def batchnorm_forward(x, gamma, beta, bn_param):
  mode = bn_param['mode']
  eps = bn_param.get('eps', 1e-5)
  momentum = bn_param.get('momentum', 0.9)

  N, D = x.shape
  running_mean = bn_param.get('running_mean', np.zeros(D, dtype=x.dtype))
  running_var = bn_param.get('running_var', np.zeros(D, dtype=x.dtype))

  if mode == 'train':
    sample_mean = np.mean(x, axis=0)
    sample_var = np.var(x, axis=0)
    x_norm = (x - sample_mean) / np.sqrt(sample_var + eps)
    out = x_norm * gamma + beta
    cache = {'x_norm': x_norm, 'ivar': 1 / np.sqrt(sample_var + eps), 'gamma': gamma,
             'x_centered': x - sample_mean}
    bn_param['running_mean'] = momentum * running_mean + (1 - momentum) * sample_mean
    bn_param['running_var'] = momentum * running_var + (1 - momentum) * sample_var
  else:
    x_norm = (x - running_mean) / np.sqrt(running_var + eps)
    out = x_norm * gamma + beta
    cache = None

  return out, cache


def batchnorm_backward(dout, cache):
  x_norm, ivar = cache['x_norm'], cache['ivar']
  x_centered = cache['x_centered']
  N = dout.shape[0]

  dgamma = np.sum(dout * x_norm, axis=0)
  dbeta = np.sum(dout, axis=0)

  # formulas as in the paper
  dx_norm = dout * cache['gamma']
  dvar = np.sum(dx_norm * x_centered * -0.5 * ivar**3, axis=0)
  dmean = np.sum(dx_norm * -ivar, axis=0) + dvar * np.mean(-2.0 * x_centered, axis=0)
  dx = dx_norm * ivar + dvar * 2.0 * x_centered / N + dmean / N

  return dx, dgamma, dbeta
