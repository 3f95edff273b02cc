import numpy as np
def conv_forward_naive(x, w, b, conv_param):
    s, p = conv_param['stride'], conv_param['pad']
    n, c, h, wd = x.shape; f, _, a, e = w.shape
    X = np.pad(x, ((0,0),(0,0),(p,p),(p,p)), 'constant')
    ho, wo = (h+2*p-a)//s+1, (wd+2*p-e)//s+1
    out = np.zeros((n, f, ho, wo))
    for i in range(ho):
        for j in range(wo):
            P = X[:, :, i*s:i*s+a, j*s:j*s+e].reshape(n, -1)
            out[:, :, i, j] = P.dot(w.reshape(f, -1).T) + b
    return out, (X, w, s, p, h, wd)
def conv_backward_naive(dout, cache):
    X, w, s, p, h, wd = cache
    f, c, a, e = w.shape; n, _, ho, wo = dout.shape
    dX, dW = np.zeros_like(X), np.zeros((f, c*a*e))
    for i in range(ho):
        for j in range(wo):
            P = X[:, :, i*s:i*s+a, j*s:j*s+e].reshape(n, -1)
            D = dout[:, :, i, j]
            dW += D.T.dot(P)
            dX[:, :, i*s:i*s+a, j*s:j*s+e] += D.dot(w.reshape(f, -1)).reshape(n, c, a, e)
    db = dout.sum(axis=3).sum(axis=2).sum(axis=0)
    return dX[:, :, p:p+h, p:p+wd], dW.reshape(w.shape), db
