import numpy as np
from numpy.lib.stride_tricks import sliding_window_view as swv


class Memo(object):
    """small box for what the backward pass needs"""
    def __init__(self, **kw):
        self.__dict__.update(kw)


def affine_forward(x, w, b):
    ones = np.ones((x.shape[0], 1))
    X1 = np.hstack([x.reshape(x.shape[0], -1), ones])
    W1 = np.vstack([w, b])
    return X1.dot(W1), Memo(X1=X1, W1=W1, shape=x.shape)


def affine_backward(dout, memo):
    dW1 = memo.X1.T.dot(dout)
    dX1 = dout.dot(memo.W1.T)
    dx = dX1[:, :-1].reshape(memo.shape)
    return dx, dW1[:-1], dW1[-1]


def relu_forward(x):
    memo = Memo(off=x <= 0)
    out = x.copy()
    out[memo.off] = 0.0
    return out, memo


def relu_backward(dout, memo):
    dx = dout.copy()
    dx[memo.off] = 0.0
    return dx


def conv_forward_naive(x, w, b, conv_param):
    S, P = conv_param['stride'], conv_param['pad']
    F, C, KH, KW = w.shape
    padded = np.pad(x, ((0, 0), (0, 0), (P, P), (P, P)), 'constant')
    win = swv(padded, (KH, KW), axis=(2, 3))[:, :, ::S, ::S]
    out = np.tensordot(win, w, axes=([1, 4, 5], [1, 2, 3]))       # N, OH, OW, F
    out = out.transpose(0, 3, 1, 2) + b.reshape(F, 1, 1)
    return out, Memo(win=win, w=w, S=S, P=P, xshape=x.shape)


def conv_backward_naive(dout, memo):
    F, C, KH, KW = memo.w.shape
    N, _, H, W = memo.xshape
    S, P = memo.S, memo.P
    OH, OW = dout.shape[2:]
    db = dout.sum(axis=(0, 2, 3))
    dw = np.tensordot(dout, memo.win, axes=([0, 2, 3], [0, 2, 3]))
    # transposed convolution: dilated out, pad, turn the kernel around
    HP, WP = H + 2 * P, W + 2 * P
    dilated = np.zeros((N, F, HP + KH - 1, WP + KW - 1))
    dilated[:, :, KH - 1:KH - 1 + S * OH:S, KW - 1:KW - 1 + S * OW:S] = dout
    flipped = memo.w[:, :, ::-1, ::-1]
    views = swv(dilated, (KH, KW), axis=(2, 3))
    dpadded = np.tensordot(views, flipped, axes=([1, 4, 5], [0, 2, 3])).transpose(0, 3, 1, 2)
    return dpadded[:, :, P:P + H, P:P + W], dw, db


def max_pool_forward_naive(x, pool_param):
    PH, PW, S = pool_param['pool_height'], pool_param['pool_width'], pool_param['stride']
    win = swv(x, (PH, PW), axis=(2, 3))[:, :, ::S, ::S]
    out = win.max(axis=(-2, -1))
    return out, Memo(x=x, out=out, PH=PH, PW=PW, S=S)


def max_pool_backward_naive(dout, memo):
    x, S = memo.x, memo.S
    OH, OW = dout.shape[2:]
    dx = np.zeros_like(x)
    for a in range(memo.PH):
        for b in range(memo.PW):
            rows, cols = slice(a, a + S * OH, S), slice(b, b + S * OW, S)
            # only S * (OH - 1) + 1 rows are really taken
            hit = x[:, :, rows, cols][:, :, :OH, :OW] == memo.out
            dx[:, :, rows, cols] += hit * dout
    return dx


def conv_relu_pool_forward(x, w, b, conv_param, pool_param):
    a, m1 = conv_forward_naive(x, w, b, conv_param)
    r, m2 = relu_forward(a)
    out, m3 = max_pool_forward_naive(r, pool_param)
    return out, (m1, m2, m3)


def conv_relu_pool_backward(dout, memo):
    m1, m2, m3 = memo
    return conv_backward_naive(relu_backward(max_pool_backward_naive(dout, m3), m2), m1)


def batchnorm_forward(x, gamma, beta, bn_param):
    eps = bn_param.get('eps', 1e-5)
    mom = bn_param.get('momentum', 0.9)
    N, D = x.shape
    rmean = bn_param.get('running_mean', np.zeros(D))
    rvar = bn_param.get('running_var', np.zeros(D))
    if bn_param['mode'] == 'train':
        # centring as a matrix
        center = np.eye(N) - np.ones((N, N)) / N
        xc = center.dot(x)
        var = np.square(xc).sum(axis=0) / N
        power = -0.5
        istd = (var + eps) ** power
        xhat = xc * istd
        out = xhat * gamma + beta
        rmean = mom * rmean + (1 - mom) * x.mean(axis=0)
        rvar = mom * rvar + (1 - mom) * var
        memo = Memo(center=center, xc=xc, istd=istd, xhat=xhat, gamma=gamma)
    else:
        memo = None
        out = (x - rmean) * gamma * (rvar + eps) ** -0.5 + beta
    bn_param.update(running_mean=rmean, running_var=rvar)
    return out, memo


def batchnorm_backward(dout, memo):
    N = len(dout)
    dgamma = np.diag(dout.T.dot(memo.xhat)).copy()
    dbeta = np.ones(N).dot(dout)
    dxhat = dout * memo.gamma
    dxc = dxhat * memo.istd
    distd = np.sum(dxhat * memo.xc, axis=0)
    dvar = distd * -0.5 * memo.istd ** 3
    dxc = dxc + memo.xc * (2.0 / N) * dvar
    dx = memo.center.T.dot(dxc)
    return dx, dgamma, dbeta


