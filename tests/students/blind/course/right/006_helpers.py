import numpy as np
from cs231n.fast_layers import conv_forward_fast, conv_backward_fast


# ---- little helpers so I don't write batchnorm three times ----

def _normalize(x, eps):
    # normalizes every column
    mu = np.mean(x, axis=0)
    xmu = x - mu
    var = np.mean(xmu ** 2, axis=0)
    istd = 1.0 / np.sqrt(var + eps)
    return xmu * istd, mu, var, istd


def _normalize_back(dxhat, xhat, istd):
    m = xhat.shape[0]
    t = dxhat.sum(axis=0) + xhat * (dxhat * xhat).sum(axis=0)
    return istd * (dxhat - t / m)


def affine_forward(x, w, b):
    """
    Fully connected layer, forward.
    """
    out = x.reshape(x.shape[0], -1) @ w + b
    return out, (x, w, b)


def affine_backward(dout, cache):
    """
    Fully connected layer, backward.
    """
    x, w, _ = cache
    dx = (dout @ w.T).reshape(*x.shape)
    dw = x.reshape(x.shape[0], -1).T @ dout
    db = dout.sum(axis=0)
    return dx, dw, db


def relu_forward(x):
    """
    Rectified linear units, forward.
    """
    out = x.copy()
    out[out < 0] = 0
    return out, x


def relu_backward(dout, cache):
    """
    Rectified linear units, backward.
    """
    dx = dout.copy()
    dx[cache < 0] = 0
    return dx


def batchnorm_forward(x, gamma, beta, bn_param):
    """
    Batch normalization, forward.
    """
    mode = bn_param['mode']
    eps = bn_param.get('eps', 1e-5)
    momentum = bn_param.get('momentum', 0.9)
    N, D = x.shape
    running_mean = bn_param.get('running_mean', np.zeros(D, dtype=x.dtype))
    running_var = bn_param.get('running_var', np.zeros(D, dtype=x.dtype))
    cache = None
    if mode == 'train':
        xhat, mu, var, istd = _normalize(x, eps)
        running_mean = momentum * running_mean + (1 - momentum) * mu
        running_var = momentum * running_var + (1 - momentum) * var
        cache = (xhat, istd, gamma)
    elif mode == 'test':
        xhat = (x - running_mean) / np.sqrt(running_var + eps)
    else:
        raise ValueError('Invalid forward batchnorm mode "%s"' % mode)
    out = gamma * xhat + beta
    bn_param['running_mean'] = running_mean
    bn_param['running_var'] = running_var
    return out, cache


def batchnorm_backward(dout, cache):
    """
    Batch normalization, backward. Draw the graph and go back node by node.
    """
    xhat, istd, gamma = cache
    dgamma = (dout * xhat).sum(axis=0)
    dbeta = dout.sum(axis=0)
    dx = _normalize_back(dout * gamma, xhat, istd)
    return dx, dgamma, dbeta


def layernorm_forward(x, gamma, beta, ln_param):
    """
    Layer normalization, forward. Statistics are per data point, so train and test agree.
    """
    eps = ln_param.get('eps', 1e-5)
    xhat_t, _, _, istd = _normalize(x.T, eps)
    xhat = xhat_t.T
    out = gamma * xhat + beta
    cache = (xhat, istd, gamma)
    return out, cache


def layernorm_backward(dout, cache):
    """
    Layer normalization, backward.
    """
    xhat, istd, gamma = cache
    dgamma = (dout * xhat).sum(axis=0)
    dbeta = dout.sum(axis=0)
    dxhat = dout * gamma
    dx = _normalize_back(dxhat.T, xhat.T, istd).T
    return dx, dgamma, dbeta


def dropout_forward(x, dropout_param):
    """
    Inverted dropout, forward.
    """
    p, mode = dropout_param['p'], dropout_param['mode']
    if 'seed' in dropout_param:
        np.random.seed(dropout_param['seed'])
    mask, out = None, None
    if mode == 'train':
        mask = np.random.binomial(1, p, size=x.shape) / p
        out = x * mask
    elif mode == 'test':
        out = x
    cache = (dropout_param, mask)
    return out, cache


def dropout_backward(dout, cache):
    """
    Inverted dropout, backward.
    """
    dropout_param, mask = cache
    mode = dropout_param['mode']
    if mode == 'train':
        return dout * mask
    elif mode == 'test':
        return dout


def conv_forward_naive(x, w, b, conv_param):
    """
    Convolution, slow and obvious, forward.
    """
    # not finished, I used the fast one
    out = None
    cache = (x, w, b, conv_param)
    return out, cache


def conv_backward_naive(dout, cache):
    """
    Convolution, slow and obvious, backward.
    """
    dx, dw, db = None, None, None
    return dx, dw, db


def spatial_batchnorm_forward(x, gamma, beta, bn_param):
    """
    Batch normalization per channel, forward.
    """
    N, C, H, W = x.shape
    flat = np.moveaxis(x, 1, -1).reshape(-1, C)
    out, cache = batchnorm_forward(flat, gamma, beta, bn_param)
    out = np.moveaxis(out.reshape(N, H, W, C), -1, 1)
    return out, cache


def spatial_batchnorm_backward(dout, cache):
    """
    Batch normalization per channel, backward.
    """
    N, C, H, W = dout.shape
    flat = np.moveaxis(dout, 1, -1).reshape(-1, C)
    dx, dgamma, dbeta = batchnorm_backward(flat, cache)
    dx = np.moveaxis(dx.reshape(N, H, W, C), -1, 1)
    return dx, dgamma, dbeta


def spatial_groupnorm_forward(x, gamma, beta, G, gn_param):
    """
    Group normalization, forward. Channels are split into G groups, each normalized per image.
    """
    eps = gn_param.get('eps', 1e-5)
    N, C, H, W = x.shape
    rows = x.reshape(N * G, -1)
    xhat_t, _, _, istd = _normalize(rows.T, eps)
    xhat = xhat_t.T.reshape(N, C, H, W)
    out = gamma.reshape(1, C, 1, 1) * xhat + beta.reshape(1, C, 1, 1)
    cache = (xhat, istd, gamma, G)
    return out, cache


def spatial_groupnorm_backward(dout, cache):
    """
    Group normalization, backward.
    """
    xhat, istd, gamma, G = cache
    N, C, H, W = dout.shape
    dgamma = (dout * xhat).sum(axis=(0, 2, 3), keepdims=True)
    dbeta = dout.sum(axis=(0, 2, 3), keepdims=True)
    dxhat = (dout * gamma.reshape(1, C, 1, 1)).reshape(N * G, -1)
    dx = _normalize_back(dxhat.T, xhat.reshape(N * G, -1).T, istd)
    dx = dx.T.reshape(N, C, H, W)
    return dx, dgamma, dbeta


def softmax_loss(x, y):
    """
    Softmax cross-entropy and its gradient.
    """
    s = x - np.max(x, axis=1)[:, None]
    Z = np.sum(np.exp(s), axis=1)[:, None]
    log_probs = s - np.log(Z)
    probs = np.exp(log_probs)
    N = x.shape[0]
    loss = -np.sum(log_probs[range(N), y]) / N
    dx = probs
    dx[range(N), y] -= 1
    dx = dx / N
    return loss, dx
