from builtins import range
import numpy as np


def spatial_groupnorm_forward(x, gamma, beta, G, gn_param):
  """
  Computes the forward pass for spatial group normalization.

  Inputs:
  - x: Input data of shape (N, C, H, W)
  - gamma: Scale parameter, of shape (1, C, 1, 1)
  - beta: Shift parameter, of shape (1, C, 1, 1)
  - G: Integer number of groups to split into, should be a divisor of C
  """
  out, cache = None, None
  epsilon_ = gn_param.get('eps', 1e-5)
  batch, C, H, W = x.shape
  size = (batch, G, C // G, H, W)
  ax = (2, 3, 4)

  xg = x.reshape(size)
  mean_b = xg.mean(axis=ax, keepdims=True)
  x_minus_mean = xg - mean_b
  sample_var = (x_minus_mean ** 2).mean(axis=ax, keepdims=True)
  std = np.sqrt(sample_var + epsilon_)
  x_norm = (x_minus_mean / std).reshape(x.shape)
  out = x_norm * gamma + beta
  cache = (x_norm, x_minus_mean, std, gamma, size)
  return out, cache


def spatial_groupnorm_backward(dout, cache):
  x_norm, x_minus_mean, std, gamma, size = cache
  ax = (2, 3, 4)
  n = size[2] * size[3] * size[4]

  dbeta = dout.sum(axis=(0, 2, 3), keepdims=True)
  dgamma = (dout * x_norm).sum(axis=(0, 2, 3), keepdims=True)

  d_x_norm = (dout * gamma).reshape(size)
  dxmu = d_x_norm / std
  dstd = -(d_x_norm * x_minus_mean).sum(axis=ax, keepdims=True) / std ** 2
  d_variance = dstd / (2 * std)
  dxmu = dxmu + 2.0 / n * x_minus_mean * d_variance
  dmu = -dxmu.sum(axis=ax, keepdims=True)
  dxg = dxmu + dmu / n
  dx = dxg.reshape(dout.shape)
  return dx, dgamma, dbeta
