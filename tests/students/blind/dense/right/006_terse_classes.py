import numpy as np

class Linear:
  def __init__(s, i, o): s.W, s.b = np.random.randn(i, o)/i**.5, np.zeros(o)
  def forward(s, x): s.x = x; return x@s.W + s.b
  def backward(s, g):
    s.dW = s.x.T @ g
    s.db = g.sum(0)
    return g @ s.W.T

class ReLU:
  def forward(s, x): s.m = (x > 0).astype(x.dtype); return x*s.m
  def backward(s, g): return g*s.m

class Sigmoid:
  def forward(s, x): s.y = .5*(1 + np.tanh(.5*x)); return s.y
  def backward(s, g): return g*s.y*(1 - s.y)

class Tanh:
  def forward(s, x): s.y = np.tanh(x); return s.y
  def backward(s, g): return g - g*s.y**2

class SoftmaxCrossEntropy:
  def forward(s, x, y):
    z = x - x.max(1)[:, None]; e = np.exp(z)
    s.p, s.y = e/e.sum(1)[:, None], y
    return (np.log(e.sum(1)) - z[np.arange(len(y)), y]).mean()
  def backward(s, g=1.):
    d = s.p.copy()
    d[np.arange(len(d)), s.y] -= 1.
    return g*d/len(d)
