import numpy as np

def layernorm_forward(x, gamma, beta, ln_param):
  epsilon_ = ln_param.get('eps', 1e-5)
  sample_mean = np.mean(x, axis=1, keepdims=True)
  sample_var = np.var(x, axis=1, keepdims=True)
  normalized_x = (x - sample_mean) / np.sqrt(sample_var + epsilon_)
  out = normalized_x * gamma + beta
  cache = (x, normalized_x, sample_mean, sample_var, gamma, beta, epsilon_)
  return out, cache

def layernorm_backward(dout, cache):
  x, normalized_x, sample_mean, sample_var, gamma, beta, epsilon_ = cache
  D = x.shape[1]
  dx_norm = dout * gamma
  dsample_var = np.sum(dx_norm * (x - sample_mean) * (-1.0 / 2) * (sample_var + epsilon_) ** (-3.0 / 2), axis=1, keepdims=True)
  dsample_mean = np.sum(dx_norm * (-1.0 / np.sqrt(sample_var + epsilon_)), axis=1, keepdims=True) + 1.0 / D * dsample_var * np.sum(-2 * (x - sample_mean), axis=1, keepdims=True)
  dx = dx_norm * (1.0 / np.sqrt(sample_var + epsilon_)) + dsample_var * 2 / D * (x - sample_mean) + 1.0 / D * dsample_mean
  dgamma = np.sum(dout * normalized_x, axis=0)
  dbeta = np.sum(dout, axis=0)
  return dx, dgamma, dbeta
