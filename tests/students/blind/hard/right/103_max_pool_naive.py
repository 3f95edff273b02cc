import numpy as np


def affine_forward(x, w, b):
    out = x.reshape(x.shape[0], -1) @ w + b
    return out, (x, w, b)


def affine_backward(dout, cache):
    x, w, b = cache
    dx = (dout @ w.T).reshape(x.shape)
    dw = x.reshape(x.shape[0], -1).T @ dout
    return dx, dw, dout.sum(0)


def relu_forward(x):
    return np.maximum(x, 0), x


def relu_backward(dout, cache):
    return dout * (cache > 0)


def batchnorm_forward(x, gamma, beta, bn_param):
    mode, eps, momentum = bn_param['mode'], bn_param.get('eps', 1e-5), bn_param.get('momentum', 0.9)
    N, D = x.shape
    run_mean = bn_param.get('running_mean', np.zeros(D))
    run_var = bn_param.get('running_var', np.zeros(D))
    cache = None
    if mode == 'train':
        mu, var = x.mean(0), x.var(0)
        s = np.sqrt(var + eps)
        xn = (x - mu) / s
        out = gamma * xn + beta
        run_mean = momentum * run_mean + (1 - momentum) * mu
        run_var = momentum * run_var + (1 - momentum) * var
        cache = (xn, gamma, s)
    elif mode == 'test':
        out = gamma * (x - run_mean) / np.sqrt(run_var + eps) + beta
    else:
        raise ValueError('bad mode ' + mode)
    bn_param['running_mean'], bn_param['running_var'] = run_mean, run_var
    return out, cache


def batchnorm_backward(dout, cache):
    xn, gamma, s = cache
    N = dout.shape[0]
    dbeta = dout.sum(0)
    dgamma = (dout * xn).sum(0)
    dx = gamma / (N * s) * (N * dout - dbeta - xn * dgamma)
    return dx, dgamma, dbeta


def batchnorm_backward_alt(dout, cache):
    xn, gamma, s = cache
    g = dout * gamma
    dx = (g - g.mean(0) - xn * (g * xn).mean(0)) / s
    return dx, (dout * xn).sum(0), dout.sum(0)


def dropout_forward(x, dropout_param):
    p, mode = dropout_param['p'], dropout_param['mode']
    if 'seed' in dropout_param:
        np.random.seed(dropout_param['seed'])
    mask = None
    out = x
    if mode == 'train':
        mask = (np.random.rand(*x.shape) < p) / p
        out = x * mask
    return out.astype(x.dtype, copy=False), (dropout_param, mask)


def dropout_backward(dout, cache):
    prm, mask = cache
    return dout * mask if prm['mode'] == 'train' else dout


def conv_forward_naive(x, w, b, conv_param):
    s, p = conv_param['stride'], conv_param['pad']
    (N, C, H, W), (F, _, HH, WW) = x.shape, w.shape
    Ho, Wo = 1 + (H + 2 * p - HH) // s, 1 + (W + 2 * p - WW) // s
    xp = np.pad(x, ((0, 0), (0, 0), (p, p), (p, p)))
    out = np.zeros((N, F, Ho, Wo))
    for i in range(Ho):
        for j in range(Wo):
            win = xp[:, :, i * s:i * s + HH, j * s:j * s + WW]
            out[:, :, i, j] = np.tensordot(win, w, ([1, 2, 3], [1, 2, 3])) + b
    return out, (x, w, b, conv_param)


def conv_backward_naive(dout, cache):
    x, w, b, conv_param = cache
    s, p = conv_param['stride'], conv_param['pad']
    (N, C, H, W), (F, _, HH, WW) = x.shape, w.shape
    xp = np.pad(x, ((0, 0), (0, 0), (p, p), (p, p)))
    dxp, dw = np.zeros_like(xp), np.zeros_like(w)
    for i in range(dout.shape[2]):
        for j in range(dout.shape[3]):
            d = dout[:, :, i, j]
            dw += np.tensordot(d, xp[:, :, i * s:i * s + HH, j * s:j * s + WW], (0, 0))
            dxp[:, :, i * s:i * s + HH, j * s:j * s + WW] += np.tensordot(d, w, (1, 0))
    return dxp[:, :, p:p + H, p:p + W], dw, dout.sum((0, 2, 3))


def max_pool_forward_naive(x, pool_param):
    ph, pw, s = pool_param['pool_height'], pool_param['pool_width'], pool_param['stride']
    N, C, H, W = x.shape
    Ho, Wo = 1 + (H - ph) // s, 1 + (W - pw) // s
    out = np.zeros((N, C, Ho, Wo))
    for i in range(Ho):
        for j in range(Wo):
            out[:, :, i, j] = x[:, :, i * s:i * s + ph, j * s:j * s + pw].max((2, 3))
    return out, (x, pool_param)


def max_pool_backward_naive(dout, cache):
    x, pool_param = cache
    ph, pw, s = pool_param['pool_height'], pool_param['pool_width'], pool_param['stride']
    dx = np.zeros_like(x)
    for i in range(dout.shape[2]):
        for j in range(dout.shape[3]):
            win = x[:, :, i * s:i * s + ph, j * s:j * s + pw]
            m = win == win.max((2, 3), keepdims=True)
            dx[:, :, i * s:i * s + ph, j * s:j * s + pw] += m * dout[:, :, i, j][:, :, None, None]
    return dx


def svm_loss(x, y):
    N = len(x)
    r = np.arange(N)
    m = np.maximum(0, x - x[r, y][:, None] + 1)
    m[r, y] = 0
    dx = (m > 0).astype(float)
    dx[r, y] -= dx.sum(1)
    return m.sum() / N, dx / N


def softmax_loss(x, y):
    N = len(x)
    r = np.arange(N)
    z = x - x.max(1, keepdims=True)
    lp = z - np.log(np.exp(z).sum(1, keepdims=True))
    dx = np.exp(lp)
    dx[r, y] -= 1
    return -lp[r, y].mean(), dx / N
