import numpy as np

def spatial_groupnorm_forward(x, gamma, beta, G, gn_param):
  """gamma and beta have shape (C,)"""
  epsilon_ = gn_param.get('eps', 1e-5)
  batch, C, H, W = x.shape
  gamma = gamma[np.newaxis, :, np.newaxis, np.newaxis]
  beta = beta[np.newaxis, :, np.newaxis, np.newaxis]
  xg = x.reshape((batch, G, C // G, H, W))
  mean_b = np.mean(xg, axis=(2, 3, 4), keepdims=True)
  sample_var = np.var(xg, axis=(2, 3, 4), keepdims=True)
  istd = 1 / np.sqrt(sample_var + epsilon_)
  x_norm = ((xg - mean_b) * istd).reshape((batch, C, H, W))
  out = gamma * x_norm + beta
  cache = {}
  cache['xhat'] = x_norm
  cache['ivar'] = istd
  cache['gamma'] = gamma
  cache['G'] = G
  return out, cache

def spatial_groupnorm_backward(dout, cache):
  x_norm, istd, gamma, G = [cache[k] for k in ('xhat', 'ivar', 'gamma', 'G')]
  batch, C, H, W = dout.shape
  M = (C // G) * H * W
  dbeta = np.sum(dout, axis=(0, 2, 3))
  dgamma = np.sum(dout * x_norm, axis=(0, 2, 3))
  d_x_norm = (gamma * dout).reshape((batch, G, C // G, H, W))
  xh = x_norm.reshape((batch, G, C // G, H, W))
  dx = M * d_x_norm
  dx -= np.sum(d_x_norm, axis=(2, 3, 4), keepdims=True)
  dx -= xh * np.sum(d_x_norm * xh, axis=(2, 3, 4), keepdims=True)
  dx *= istd / M
  return dx.reshape((batch, C, H, W)), dgamma, dbeta
