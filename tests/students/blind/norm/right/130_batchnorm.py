import numpy as np

def batchnorm_forward(x, gamma, beta, bn_param):
  mode = bn_param['mode']
  epsilon_ = bn_param.get('eps', 1e-5)
  mom_ = bn_param.get('momentum', 0.9)

  D = x.shape[1]
  r_mean = bn_param.get('running_mean', np.zeros(D))
  running_var = bn_param.get('running_var', np.zeros(D))
  cache = {}
  if mode == 'train':
    mean_b = x.mean(0)
    xc = x - mean_b
    sample_var = (xc ** 2).mean(0)
    inv_std = 1 / np.sqrt(sample_var + epsilon_)
    zhat = xc * inv_std
    out = zhat * gamma + beta

    bn_param['running_mean'] = mom_ * r_mean + (1 - mom_) * mean_b
    bn_param['running_var'] = mom_ * running_var + (1 - mom_) * sample_var
    cache['xn'] = zhat
    cache['inv_std'] = inv_std
    cache['gamma'] = gamma
  elif mode == 'test':
    scale = gamma / np.sqrt(running_var + epsilon_)
    out = x * scale + (beta - r_mean * scale)
  else:
    raise ValueError(mode)
  return out, cache

def batchnorm_backward(dout, cache):
  zhat = cache['xn']
  batch = len(zhat)
  dbeta = dout.sum(0)
  dgamma = (zhat * dout).sum(0)
  dxn = dout * cache['gamma']
  dx = cache['inv_std'] / batch * (batch * dxn - dxn.sum(0) - zhat * (dxn * zhat).sum(0))
  return dx, dgamma, dbeta

def batchnorm_backward_alt(dout, cache):
  # same thing with gamma pulled out of the bracket
  zhat, inv_std, gamma = cache['xn'], cache['inv_std'], cache['gamma']
  dgamma = np.sum(zhat * dout, 0)
  dbeta = np.sum(dout, 0)
  dx = gamma * inv_std * (dout - (dbeta + zhat * dgamma) / zhat.shape[0])
  return dx, dgamma, dbeta
