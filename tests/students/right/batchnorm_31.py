import numpy as np

def batchnorm_forward(x, gamma, beta, bn_param):
  mode = bn_param['mode']
  eps = bn_param.get('eps', 1e-5)
  momentum = bn_param.get('momentum', 0.9)
  N, D = x.shape
  running_mean = bn_param.get('running_mean', np.zeros(D, dtype=x.dtype))
  running_var = bn_param.get('running_var', np.zeros(D, dtype=x.dtype))
  out, cache = None, None

  if mode == 'train':
    mu = x.sum(axis=0) / N
    dev = x - mu
    var = (dev * dev).sum(axis=0) / N
    std = (var + eps) ** 0.5
    x_hat = dev / std
    out = gamma * x_hat + beta
    running_mean = momentum * running_mean + (1 - momentum) * mu
    running_var = momentum * running_var + (1 - momentum) * var
    cache = (dev, std, x_hat, gamma)
  elif mode == 'test':
    x_hat = (x - running_mean) / np.sqrt(running_var + eps)
    out = gamma * x_hat + beta

  bn_param['running_mean'] = running_mean
  bn_param['running_var'] = running_var
  return out, cache

def batchnorm_backward(dout, cache):
  dev, std, x_hat, gamma = cache
  N, D = dout.shape
  dgamma = np.diag(dout.T.dot(x_hat)).copy()
  dbeta = np.ones(N).dot(dout)
  dx_hat = dout * gamma
  dstd = -(dx_hat * dev).sum(axis=0) / std ** 2
  dvar = dstd / (2 * std)
  ddev = dx_hat / std + 2 * dev / N * dvar
  dmu = -ddev.sum(axis=0)
  dx = ddev + dmu / N
  return dx, dgamma, dbeta
