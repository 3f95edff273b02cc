import numpy as np


def layernorm_forward(x, gamma, beta, ln_param):
  """
  Forward pass for layer normalization.

  During both training and test-time, the incoming data is normalized per data-point,
  before being scaled by gamma and beta parameters identical to that of batch normalization.
  """
  out, cache = None, None
  epsilon_ = ln_param.get('eps', 1e-5)
  batch, D = x.shape

  # step 1: mean of each row
  mean_b = np.sum(x, axis=1, keepdims=True) / D
  # step 2: subtract
  x_mu = x - mean_b
  # step 3: square
  sq = x_mu ** 2
  # step 4: variance of each row
  sample_var = np.sum(sq, axis=1, keepdims=True) / D
  # step 5: root
  sqrtvar = np.sqrt(sample_var + epsilon_)
  # step 6: invert
  istd = 1. / sqrtvar
  # step 7: normalize
  x_norm = x_mu * istd
  # step 8, 9
  gammax = gamma * x_norm
  out = gammax + beta

  cache = (x_norm, gamma, x_mu, istd, sqrtvar, sample_var, epsilon_)
  return out, cache


def layernorm_backward(dout, cache):
  dx, dgamma, dbeta = None, None, None
  x_norm, gamma, x_mu, istd, sqrtvar, sample_var, epsilon_ = cache
  batch, D = dout.shape

  # step 9
  dbeta = np.sum(dout, axis=0)
  dgammax = dout
  # step 8
  dgamma = np.sum(dgammax * x_norm, axis=0)
  d_x_norm = dgammax * gamma
  # step 7
  divar = np.sum(d_x_norm * x_mu, axis=1, keepdims=True)
  dxmu1 = d_x_norm * istd
  # step 6
  dsqrtvar = -1. / (sqrtvar ** 2) * divar
  # step 5
  d_variance = 0.5 * 1. / np.sqrt(sample_var + epsilon_) * dsqrtvar
  # step 4
  dsq = 1. / D * np.ones((batch, D)) * d_variance
  # step 3
  dxmu2 = 2 * x_mu * dsq
  # step 2
  dx1 = dxmu1 + dxmu2
  dmu = -1 * np.sum(dxmu1 + dxmu2, axis=1, keepdims=True)
  # step 1
  dx2 = 1. / D * np.ones((batch, D)) * dmu
  # step 0
  dx = dx1 + dx2
  return dx, dgamma, dbeta
