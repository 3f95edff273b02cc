import numpy as np
from cs231n.fast_layers import *


def affine_forward(x, w, b):
  dim = 1
  for s in x.shape[1:]:
    dim *= s
  z = x.reshape((x.shape[0], dim))
  out = np.dot(z, w) + b
  cache = (x, w, b)
  return out, cache


def affine_backward(dout, cache):
  x, w, b = cache
  z = x.reshape((x.shape[0], w.shape[0]))
  db = dout.sum(axis=0)
  dw = np.dot(z.T, dout)
  dx = np.dot(dout, w.T).reshape(x.shape)
  return dx, dw, db


def relu_forward(x):
  out = x * (x > 0)
  return out, x


def relu_backward(dout, cache):
  x = cache
  dx = np.where(x > 0, dout, 0)
  return dx


def batchnorm_forward(x, gamma, beta, bn_param):
  mode = bn_param['mode']
  eps = bn_param.get('eps', 1e-5)
  momentum = bn_param.get('momentum', 0.9)
  N, D = x.shape
  running_mean = bn_param.get('running_mean', np.zeros(D, dtype=x.dtype))
  running_var = bn_param.get('running_var', np.zeros(D, dtype=x.dtype))
  cache = None
  if mode == 'train':
    sample_mean = np.mean(x, axis=0)
    sample_var = np.var(x, axis=0)
    x_hat = (x - sample_mean) / np.sqrt(sample_var + eps)
    out = gamma * x_hat + beta
    running_mean = momentum * running_mean + (1 - momentum) * sample_mean
    running_var = momentum * running_var + (1 - momentum) * sample_var
    cache = (x, sample_mean, sample_var, eps, gamma, x_hat)
  elif mode == 'test':
    out = gamma * (x - running_mean) / np.sqrt(running_var + eps) + beta
  else:
    raise ValueError('Invalid forward batchnorm mode "%s"' % mode)
  bn_param['running_mean'] = running_mean
  bn_param['running_var'] = running_var
  return out, cache


def batchnorm_backward(dout, cache):
  x, mu, var, eps, gamma, x_hat = cache
  m = x.shape[0]
  dx_hat = dout * gamma
  dvar = np.sum(dx_hat * (x - mu) * -0.5 * (var + eps) ** -1.5, axis=0)
  dmu = np.sum(-dx_hat / np.sqrt(var + eps), axis=0) + dvar * np.sum(-2 * (x - mu), axis=0) / m
  dx = dx_hat / np.sqrt(var + eps) + dvar * 2 * (x - mu) / m + dmu / m
  dgamma = np.sum(dout * x_hat, axis=0)
  dbeta = np.sum(dout, axis=0)
  return dx, dgamma, dbeta


def dropout_forward(x, dropout_param):
  return None, None


def dropout_backward(dout, cache):
  dx = None
  return dx


def conv_forward_naive(x, w, b, conv_param):
  out = None
  # TODO: implement
  return out, (x, w, b, conv_param)


def svm_loss(x, y):
  N = x.shape[0]
  correct_class_scores = x[np.arange(N), y]
  margins = np.maximum(0, x - correct_class_scores[:, np.newaxis] + 1.0)
  margins[np.arange(N), y] = 0
  loss = np.sum(margins) / N
  num_pos = np.sum(margins > 0, axis=1)
  dx = np.zeros_like(x)
  dx[margins > 0] = 1
  dx[np.arange(N), y] -= num_pos
  dx /= N
  return loss, dx


def softmax_loss(x, y):
  shifted = x - np.max(x, axis=1, keepdims=True)
  Z = np.sum(np.exp(shifted), axis=1, keepdims=True)
  log_probs = shifted - np.log(Z)
  probs = np.exp(log_probs)
  N = x.shape[0]
  loss = -np.sum(log_probs[np.arange(N), y]) / N
  dx = probs.copy()
  dx[np.arange(N), y] -= 1
  dx /= N
  return loss, dx
