import numpy as np

def conv_forward_naive(x, w, b, conv_param):
    # get all the sizes
    N, C, H, W = np.shape(x)
    F, C, HH, WW = np.shape(w)
    P = conv_param['pad']
    S = conv_param['stride']

    # pad every channel of every image
    xpad = np.zeros((N, C, H + P * 2, W + P * 2))
    for m in range(N):
        for c in range(C):
            xpad[m, c] = np.pad(x[m, c], ((P, P), (P, P)), 'constant')

    Hn = 1 + (H + 2 * P - HH) // S
    Wn = 1 + (W + 2 * P - WW) // S
    out = np.zeros([N, F, Hn, Wn])

    for m in range(N):
        for f in range(F):
            y = 0
            for i in range(Hn):
                z = 0
                for j in range(Wn):
                    out[m, f, i, j] = np.sum(xpad[m, :, y:y + HH, z:z + WW] * w[f]) + b[f]
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

    for f in range(F):
        db[f] = np.sum(dout[:, f, :, :])

    for m in range(N):
        for f in range(F):
            y = 0
            for i in range(Hn):
                z = 0
                for j in range(Wn):
                    dw[f] += dout[m, f, i, j] * xpad[m, :, y:y + HH, z:z + WW]
                    dxpad[m, :, y:y + HH, z:z + WW] += dout[m, f, i, j] * w[f]
                    z += S
                y += S

    hi, wi = dxpad.shape[2] - P, dxpad.shape[3] - P
    dx = dxpad[:, :, P:hi, P:wi]
    return dx, dw, db
