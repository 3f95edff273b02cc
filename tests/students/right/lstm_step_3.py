import numpy as np

sigmoid = lambda z: 0.5 * (1 + np.tanh(0.5 * z))

def lstm_step_forward(x, prev_h, prev_c, Wx, Wh, b):
    N, H = prev_h.shape
    a = np.dot(x, Wx) + np.dot(prev_h, Wh) + b
    a = a.reshape(N, 4, H)
    i, f, o = [sigmoid(a[:, k]) for k in range(3)]
    g = np.tanh(a[:, 3])
    c = f * prev_c + i * g
    h = o * np.tanh(c)
    return h, c, dict(x=x, h0=prev_h, c0=prev_c, Wx=Wx, Wh=Wh, i=i, f=f, o=o, g=g, c=c)

def lstm_step_backward(dh, dc, cache):
    i, f, o, g = cache['i'], cache['f'], cache['o'], cache['g']
    tanh_c = np.tanh(cache['c'])
    N, H = dh.shape
    dc = dc + dh * o * (1 - tanh_c * tanh_c)
    di = dc * g * i * (1 - i)
    df = dc * cache['c0'] * f * (1 - f)
    do = dh * tanh_c * o * (1 - o)
    dg = dc * i * (1 - g * g)
    da = np.stack([di, df, do, dg], axis=1).reshape(N, 4 * H)
    dx = da.dot(cache['Wx'].T)
    dh0 = da.dot(cache['Wh'].T)
    dc0 = dc * f
    dWx = cache['x'].T.dot(da)
    dWh = cache['h0'].T.dot(da)
    db = da.sum(0)
    return dx, dh0, dc0, dWx, dWh, db
