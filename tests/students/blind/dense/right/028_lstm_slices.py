import numpy as np

def sigmoid(z): return 0.5 * (np.tanh(0.5 * z) + 1)

def lstm_step_forward(x, prev_h, prev_c, Wx, Wh, b):
  N, H = prev_h.shape
  act = np.zeros((N, 4*H))
  act += np.dot(x, Wx)
  act += np.dot(prev_h, Wh)
  act += b
  gates = np.zeros((N, 4*H))
  gates[:, 0:3*H] = sigmoid(act[:, 0:3*H])     # i, f, o
  gates[:, 3*H:4*H] = np.tanh(act[:, 3*H:4*H]) # g
  i = gates[:, 0*H:1*H]
  f = gates[:, 1*H:2*H]
  o = gates[:, 2*H:3*H]
  g = gates[:, 3*H:4*H]
  next_c = prev_c * f + g * i
  next_h = o * np.tanh(next_c)
  cache = (x, prev_h, prev_c, Wx, Wh, b, gates, next_c)
  return next_h, next_c, cache

def lstm_step_backward(dnext_h, dnext_c, cache):
  x, prev_h, prev_c, Wx, Wh, b, gates, next_c = cache
  N, H = prev_h.shape
  i = gates[:, 0*H:1*H]
  f = gates[:, 1*H:2*H]
  o = gates[:, 2*H:3*H]
  g = gates[:, 3*H:4*H]
  tc = np.tanh(next_c)

  dgates = np.zeros_like(gates)
  dtc = dnext_h * o
  dgates[:, 2*H:3*H] = dnext_h * tc
  dcell = dtc * (1 - tc*tc)
  dcell += dnext_c
  dprev_c = dcell * f
  dgates[:, 1*H:2*H] = dcell * prev_c
  dgates[:, 3*H:4*H] = dcell * i
  dgates[:, 0*H:1*H] = dcell * g

  dact = np.zeros_like(gates)
  sig = gates[:, :3*H]
  dact[:, :3*H] = dgates[:, :3*H] * sig * (1 - sig)
  dact[:, 3*H:] = dgates[:, 3*H:] * (1 - g*g)

  db = np.sum(dact, 0)
  dWh = np.dot(prev_h.T, dact)
  dWx = np.dot(x.T, dact)
  dprev_h = np.dot(dact, Wh.T)
  dx = np.dot(dact, Wx.T)
  return dx, dprev_h, dprev_c, dWx, dWh, db
