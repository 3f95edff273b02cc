import numpy as np


def affine_forward(x, w, b):
  """
  Fully connected forward pass. x is (N, d_1, ..., d_k), w is (D, M), b is (M,).
  Returns (out, cache).
  """
  out = None
  N = x.shape[0]
  D = np.prod(x.shape[1:])
  out = np.dot(x.reshape((N, D)), w) + b
  cache = (x, w, b)
  return out, cache


def affine_backward(dout, cache):
  """
  Fully connected backward pass.
  """
  x, w, b = cache
  dx, dw, db = None, None, None
  N = x.shape[0]
  D = np.prod(x.shape[1:])
  dx = np.dot(dout, w.T).reshape(x.shape)
  dw = np.dot(x.reshape((N, D)).T, dout)
  db = np.sum(dout, axis=0)
  return dx, dw, db


def relu_forward(x):
  """
  ReLU forward pass.
  """
  out = None
  out = x * (x > 0)
  cache = x
  return out, cache


def relu_backward(dout, cache):
  """
  ReLU backward pass.
  """
  dx, x = None, cache
  dx = np.array(dout, copy=True)
  dx[x <= 0] = 0
  return dx


def batchnorm_forward(x, gamma, beta, bn_param):
  """
  Batch normalization forward. bn_param has mode, eps, momentum, running_mean, running_var.
  """
  mode = bn_param['mode']
  eps = bn_param.get('eps', 1e-5)
  momentum = bn_param.get('momentum', 0.9)

  N, D = x.shape
  running_mean = bn_param.get('running_mean', np.zeros(D, dtype=x.dtype))
  running_var = bn_param.get('running_var', np.zeros(D, dtype=x.dtype))

  out, cache = None, None
  if mode == 'train':
    mean = np.mean(x, axis=0)
    x_mu = x - mean
    var = np.mean(x_mu ** 2, axis=0)
    std = np.sqrt(var + eps)
    x_hat = x_mu / std
    out = gamma * x_hat + beta

    running_mean = momentum * running_mean + (1 - momentum) * mean
    running_var = momentum * running_var + (1 - momentum) * var
    cache = (x_mu, std, x_hat, gamma)
  elif mode == 'test':
    x_hat = (x - running_mean) / np.sqrt(running_var + eps)
    out = gamma * x_hat + beta
  else:
    raise ValueError('Invalid forward batchnorm mode "%s"' % mode)

  bn_param['running_mean'] = running_mean
  bn_param['running_var'] = running_var
  return out, cache


def batchnorm_backward(dout, cache):
  """
  Batch normalization backward.
  """
  dx, dgamma, dbeta = None, None, None
  x_mu, std, x_hat, gamma = cache
  N = dout.shape[0]
  dbeta = dout.sum(axis=0)
  dgamma = (dout * x_hat).sum(axis=0)
  dx_hat = dout * gamma
  dvar = np.sum(dx_hat * x_mu, axis=0) * -0.5 * std ** -3
  dmu = np.sum(-dx_hat / std, axis=0) + dvar * np.mean(-2 * x_mu, axis=0)
  dx = dx_hat / std + dvar * 2 * x_mu / N + dmu / N
  return dx, dgamma, dbeta


def dropout_forward(x, dropout_param):
  """
  Inverted dropout forward. dropout_param['p'] is the probability of dropping a unit.
  """
  p, mode = dropout_param['p'], dropout_param['mode']
  if 'seed' in dropout_param:
    np.random.seed(dropout_param['seed'])

  mask = None
  out = None
  if mode == 'train':
    mask = (np.random.rand(*x.shape) >= p) / (1.0 - p)
    out = x * mask
  elif mode == 'test':
    out = x

  cache = (dropout_param, mask)
  out = out.astype(x.dtype, copy=False)
  return out, cache


def dropout_backward(dout, cache):
  """
  Inverted dropout backward.
  """
  dropout_param, mask = cache
  mode = dropout_param['mode']
  if mode == 'train':
    dx = dout * mask
  elif mode == 'test':
    dx = dout
  return dx


def conv_forward_naive(x, w, b, conv_param):
  """
  Naive convolution forward.
  """
  out = None
  stride, pad = conv_param['stride'], conv_param['pad']
  N, C, H, W = x.shape
  F, C, HH, WW = w.shape
  Hout = 1 + (H + 2 * pad - HH) / stride
  Wout = 1 + (W + 2 * pad - WW) / stride
  out = np.zeros((N, F, Hout, Wout))
  xpad = np.pad(x, ((0, 0), (0, 0), (pad, pad), (pad, pad)), 'constant', constant_values=0)
  for n in xrange(N):
    for f in xrange(F):
      for h in xrange(Hout):
        for k in xrange(Wout):
          out[n, f, h, k] = np.sum(xpad[n, :, h * stride:h * stride + HH, k * stride:k * stride + WW] * w[f]) + b[f]
  cache = (x, w, b, conv_param)
  return out, cache


def conv_backward_naive(dout, cache):
  """
  Naive convolution backward.
  """
  dx, dw, db = None, None, None
  x, w, b, conv_param = cache
  stride, pad = conv_param['stride'], conv_param['pad']
  N, C, H, W = x.shape
  F, C, HH, WW = w.shape
  Hout = 1 + (H + 2 * pad - HH) / stride
  Wout = 1 + (W + 2 * pad - WW) / stride
  xpad = np.pad(x, ((0, 0), (0, 0), (pad, pad), (pad, pad)), 'constant', constant_values=0)
  dxpad = np.zeros(xpad.shape)
  dw = np.zeros(w.shape)
  db = np.zeros(b.shape)
  for n in xrange(N):
    for f in xrange(F):
      for h in xrange(Hout):
        for k in xrange(Wout):
          h1 = h * stride
          k1 = k * stride
          dxpad[n, :, h1:h1 + HH, k1:k1 + WW] += w[f] * dout[n, f, h, k]
          dw[f] += xpad[n, :, h1:h1 + HH, k1:k1 + WW] * dout[n, f, h, k]
          db[f] += dout[n, f, h, k]
  dx = dxpad[:, :, pad:pad + H, pad:pad + W]
  return dx, dw, db


def max_pool_forward_naive(x, pool_param):
  """
  Naive max pooling forward.
  """
  out = None
  ph, pw, stride = pool_param['pool_height'], pool_param['pool_width'], pool_param['stride']
  N, C, H, W = x.shape
  Hout = (H - ph) / stride + 1
  Wout = (W - pw) / stride + 1
  out = np.zeros((N, C, Hout, Wout))
  for n in xrange(N):
    for c in xrange(C):
      for h in xrange(Hout):
        for k in xrange(Wout):
          out[n, c, h, k] = np.max(x[n, c, h * stride:h * stride + ph, k * stride:k * stride + pw])
  cache = (x, pool_param)
  return out, cache


def max_pool_backward_naive(dout, cache):
  """
  Naive max pooling backward.
  """
  dx = None
  x, pool_param = cache
  ph, pw, stride = pool_param['pool_height'], pool_param['pool_width'], pool_param['stride']
  N, C, Hout, Wout = dout.shape
  dx = np.zeros(x.shape)
  for n in xrange(N):
    for c in xrange(C):
      for h in xrange(Hout):
        for k in xrange(Wout):
          win = x[n, c, h * stride:h * stride + ph, k * stride:k * stride + pw]
          r, q = np.unravel_index(np.argmax(win), win.shape)
          dx[n, c, h * stride + r, k * stride + q] += dout[n, c, h, k]
  return dx


def spatial_batchnorm_forward(x, gamma, beta, bn_param):
  """
  Spatial batch normalization forward, through the vanilla version.
  """
  out, cache = None, None
  N, C, H, W = x.shape
  x2 = x.transpose(0, 2, 3, 1).reshape((N * H * W, C))
  out2, cache = batchnorm_forward(x2, gamma, beta, bn_param)
  out = out2.reshape((N, H, W, C)).transpose(0, 3, 1, 2)
  return out, cache


def spatial_batchnorm_backward(dout, cache):
  """
  Spatial batch normalization backward.
  """
  dx, dgamma, dbeta = None, None, None
  N, C, H, W = dout.shape
  d2 = dout.transpose(0, 2, 3, 1).reshape((N * H * W, C))
  dx2, dgamma, dbeta = batchnorm_backward(d2, cache)
  dx = dx2.reshape((N, H, W, C)).transpose(0, 3, 1, 2)
  return dx, dgamma, dbeta


def svm_loss(x, y):
  """
  Multiclass SVM loss and gradient. x is (N, C), y is (N,).
  """
  N = x.shape[0]
  correct = x[np.arange(N), y]
  margins = np.maximum(0, x - correct[:, np.newaxis] + 1.0)
  margins[np.arange(N), y] = 0
  loss = np.sum(margins) / N
  num_pos = np.sum(margins > 0, axis=1)
  dx = np.zeros_like(x)
  dx[margins > 0] = 1
  dx[np.arange(N), y] -= num_pos
  dx /= N
  return loss, dx


def softmax_loss(x, y):
  """
  Softmax loss and gradient. x is (N, C), y is (N,).
  """
  probs = np.exp(x - np.max(x, axis=1, keepdims=True))
  probs /= np.sum(probs, axis=1, keepdims=True)
  N = x.shape[0]
  loss = -np.sum(np.log(probs[np.arange(N), y])) / N
  dx = probs.copy()
  dx[np.arange(N), y] -= 1
  dx /= N
  return loss, dx


if __name__ == '__main__':
  a = np.random.randn(4, 3)
  print 'relu', relu_forward(a)[0]
