import numpy as np

def conv_forward_naive(x, w, b, conv_param):
    # get all the sizes
    N, C, H, W = np.shape(x)
    F, C, HH, WW = np.shape(w)
    P = conv_param['pad']
    S = conv_param['stride']

    # pad every channel of every image
    xpad = np.zeros((N, C, H + P * 2, W + P * 2))
    for n in range(N):
        for c in range(C):
            xpad[n, c] = np.pad(x[n, c], ((P, P), (P, P)), 'constant')

    Hn = 1 + (H + 2 * P - HH) // S
    Wn = 1 + (W + 2 * P - WW) // S
    out = np.zeros([N, F, Hn, Wn])

    for n in range(N):
        for k in range(F):
            y = 0
            for i in range(Hn):
                z = 0
                for j in range(Wn):
                    out[n, k, i, j] = np.sum(xpad[n, :, y:y + HH, z:z + WW] * w[k]) + b[k]
                    z += S
                y += S
    cache = (x, w, b, conv_param)
    return out, cache

def conv_backward_naive(dout, cache):
    x, w, b, conv_param = cache
    N, C, H, W = np.shape(x)
    F, C, HH, WW = np.shape(w)
    P = conv_param['pad']
    S = conv_param['stride']
    Hn, Wn = dout.shape[2], dout.shape[3]

    xpad = np.pad(x, ((0, 0), (0, 0), (P, P), (P, P)), 'constant')
    dxpad = np.zeros(xpad.shape)
    dw = np.zeros(w.shape)
    db = np.zeros(b.shape)

    for k in range(F):
        db[k] = np.sum(dout[:, k, :, :])

    for n in range(N):
        for k in range(F):
            y = 0
            for i in range(Hn):
                z = 0
                for j in range(Wn):
                    dw[k] += dout[n, k, i, j] * xpad[n, :, y:y + HH, z:z + WW]
                    dxpad[n, :, y:y + HH, z:z + WW] += dout[n, k, i, j] * w[k]
                    z += S
                y += S

    hi, wi = dxpad.shape[2] - P, dxpad.shape[3] - P
    dx = dxpad[:, :, P:hi, P:wi]
    return dx, dw, db
