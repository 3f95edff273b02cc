import numpy as np

def conv_forward_naive(x, w, b, conv_param):
    stride = conv_param['stride']
    pad = conv_param['pad']
    N, C, H, W = x.shape
    F, _, HH, WW = w.shape
    Hout = (H + 2 * pad - HH) // stride + 1
    Wout = (W + 2 * pad - WW) // stride + 1
    xpad = np.pad(x, ((0, 0), (0, 0), (pad, pad), (pad, pad)), 'constant')
    out = np.zeros((N, F, Hout, Wout))
    for n in range(N):
        for f in range(F):
            for i in range(Hout):
                for j in range(Wout):
                    # one channel after the other
                    for c in range(C):
                        patch = xpad[n, c, i * stride:i * stride + HH, j * stride:j * stride + WW]
                        out[n, f, i, j] += np.sum(patch * w[f, c])
                    out[n, f, i, j] += b[f]
    return out, (xpad, w, stride, pad)

def conv_backward_naive(dout, cache):
    xpad, w, stride, pad = cache
    N, F, Hout, Wout = dout.shape
    _, C, HH, WW = w.shape
    dw = np.zeros(w.shape)
    dxpad = np.zeros(xpad.shape)
    for n in range(N):
        for f in range(F):
            for i in range(Hout):
                for j in range(Wout):
                    for c in range(C):
                        a, e = i * stride, j * stride
                        dw[f, c] += xpad[n, c, a:a + HH, e:e + WW] * dout[n, f, i, j]
                        dxpad[n, c, a:a + HH, e:e + WW] += w[f, c] * dout[n, f, i, j]
    db = np.array([dout[:, f].sum() for f in range(F)])
    Hp, Wp = xpad.shape[2:]
    return dxpad[:, :, pad:Hp - pad, pad:Wp - pad], dw, db
