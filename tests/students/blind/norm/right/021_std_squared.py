import numpy as np

def batchnorm_forward(x, gamma, beta, bn_param):
  mode = bn_param['mode']
  eps = bn_param.get('eps', 1e-5)
  momentum = bn_param.get('momentum', 0.9)
  N, D = x.shape
  running_mean = bn_param.get('running_mean', np.zeros(D, dtype=x.dtype))
  running_var = bn_param.get('running_var', np.zeros(D, dtype=x.dtype))
  if mode == 'train':
    mean = np.mean(x, axis=0)
    std = np.std(x, axis=0)
    denominator = np.sqrt(np.square(std) + eps)
    numerator = x - mean
    x_norm = numerator / denominator
    out = gamma * x_norm + beta
    running_mean = momentum * running_mean + (1 - momentum) * mean
    running_var = momentum * running_var + (1 - momentum) * np.square(std)
    cache = (gamma, x_norm, numerator, denominator)
  elif mode == 'test':
    x_norm = (x - running_mean) / np.sqrt(running_var + eps)
    out = gamma * x_norm + beta
    cache = (gamma, x_norm, None, None)
  else:
    raise ValueError('Invalid forward batchnorm mode "%s"' % mode)
  bn_param['running_mean'] = running_mean
  bn_param['running_var'] = running_var
  return out, cache

def batchnorm_backward(dout, cache):
  gamma, x_norm, numerator, denominator = cache
  N = x_norm.shape[0]
  dbeta = np.sum(dout, axis=0)
  dgamma = np.sum(np.multiply(dout, x_norm), axis=0)
  dx_norm = np.multiply(dout, gamma)
  # quotient rule: x_norm = numerator / denominator
  dnumerator = np.divide(dx_norm, denominator)
  ddenominator = np.sum(-np.multiply(dx_norm, numerator), axis=0) / np.square(denominator)
  dnumerator = dnumerator + np.multiply(numerator, ddenominator / denominator) / N
  dx = dnumerator - np.mean(dnumerator, axis=0)
  return dx, dgamma, dbeta
