import numpy as np

def spatial_batchnorm_forward(x, gamma, beta, bn_param):
  batch, C, H, W = x.shape
  mode = bn_param['mode']
  epsilon_ = bn_param.get('eps', 1e-5)
  mom_ = bn_param.get('momentum', 0.9)
  r_mean = bn_param.get('running_mean', np.zeros(C))
  running_var = bn_param.get('running_var', np.zeros(C))

  gam = gamma.reshape(1, C, 1, 1)
  beta_b = beta.reshape(1, C, 1, 1)
  if mode == 'train':
    mean_b = np.mean(x, axis=(0, 2, 3)).reshape(1, C, 1, 1)
    sample_var = np.var(x, axis=(0, 2, 3)).reshape(1, C, 1, 1)
    x_norm = (x - mean_b) / np.sqrt(sample_var + epsilon_)
    out = gam * x_norm + beta_b
    r_mean = mom_ * r_mean + (1 - mom_) * mean_b.ravel()
    running_var = mom_ * running_var + (1 - mom_) * sample_var.ravel()
    bn_param['running_mean'] = r_mean
    bn_param['running_var'] = running_var
    cache = (x, mean_b, sample_var, x_norm, gam, epsilon_)
  else:
    mean_b = r_mean.reshape(1, C, 1, 1)
    sample_var = running_var.reshape(1, C, 1, 1)
    x_norm = (x - mean_b) / np.sqrt(sample_var + epsilon_)
    out = gam * x_norm + beta_b
    cache = (mean_b, sample_var, gam, beta_b)
  return out, cache

def spatial_batchnorm_backward(dout, cache):
  x, mean_b, sample_var, x_norm, gam, epsilon_ = cache
  batch, C, H, W = dout.shape
  m = batch * H * W

  dgamma = np.sum(dout * x_norm, axis=(0, 2, 3))
  dbeta = np.sum(dout, axis=(0, 2, 3))

  d_x_norm = dout * gam
  d_variance = np.sum(d_x_norm * (x - mean_b), axis=(0, 2, 3)).reshape(1, C, 1, 1) * -0.5 * np.power(sample_var + epsilon_, -1.5)
  dmu = np.sum(-d_x_norm / np.sqrt(sample_var + epsilon_), axis=(0, 2, 3)).reshape(1, C, 1, 1)
  dx = d_x_norm / np.sqrt(sample_var + epsilon_) + 2 * d_variance * (x - mean_b) / m + dmu / m
  return dx, dgamma, dbeta
