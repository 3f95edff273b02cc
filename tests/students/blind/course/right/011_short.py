import numpy as np
try:
    from .im2col_cython import col2im_cython
except ImportError:
    pass


def affine_forward(x, w, b):
    """
    Fully connected layer, forward.
    """
    X = x.reshape((x.shape[0], -1))
    return np.dot(X, w) + b[None, :], (x, w, b)

def affine_backward(dout, cache):
    """
    Fully connected layer, backward.
    """
    x, w, b = cache
    X = x.reshape((x.shape[0], -1))
    return np.dot(dout, w.T).reshape(x.shape), np.dot(X.T, dout), np.sum(dout, 0)

def relu_forward(x):
    """
    Rectified linear units, forward.
    """
    return np.clip(x, 0, None), x

def relu_backward(dout, cache):
    """
    Rectified linear units, backward.
    """
    return (cache > 0) * dout

def batchnorm_forward(x, gamma, beta, bn_param):
    """
    Batch normalization, forward.
    """
    mode = bn_param['mode']
    eps = bn_param.get('eps', 1e-5)
    mom = bn_param.get('momentum', 0.9)
    D = x.shape[1]
    if 'running_mean' not in bn_param:
        bn_param['running_mean'] = np.zeros(D)
    if 'running_var' not in bn_param:
        bn_param['running_var'] = np.zeros(D)
    if mode == 'train':
        m, v = np.mean(x, 0), np.var(x, 0)
        bn_param['running_mean'] = mom * bn_param['running_mean'] + (1 - mom) * m
        bn_param['running_var'] = mom * bn_param['running_var'] + (1 - mom) * v
    elif mode == 'test':
        m, v = bn_param['running_mean'], bn_param['running_var']
    else:
        raise ValueError('mode?')
    xn = (x - m) / (v + eps) ** 0.5
    out = gamma * xn + beta
    return out, (x, xn, m, v, gamma, eps)

def batchnorm_backward(dout, cache):
    """
    Batch normalization, backward. Draw the graph and go back node by node.
    """
    x, xn, m, v, gamma, eps = cache
    N = len(x)
    dxn = dout * gamma
    dv = -0.5 * np.sum(dxn * (x - m), 0) * (v + eps) ** -1.5
    dm = -np.sum(dxn, 0) / np.sqrt(v + eps)
    dx = dxn / np.sqrt(v + eps) + 2.0 / N * dv * (x - m) + dm / N
    return dx, np.sum(dout * xn, 0), np.sum(dout, 0)

def layernorm_forward(x, gamma, beta, ln_param):
    """
    Layer normalization, forward. Statistics are per data point, so train and test agree.
    """
    eps = ln_param.get('eps', 1e-5)
    m, v = np.mean(x, 1, keepdims=True), np.var(x, 1, keepdims=True)
    xn = (x - m) / (v + eps) ** 0.5
    return gamma * xn + beta, (x, xn, m, v, gamma, eps)

def layernorm_backward(dout, cache):
    """
    Layer normalization, backward.
    """
    x, xn, m, v, gamma, eps = cache
    D = x.shape[1]
    dxn = dout * gamma
    dv = -0.5 * np.sum(dxn * (x - m), 1, keepdims=True) * (v + eps) ** -1.5
    dm = -np.sum(dxn, 1, keepdims=True) / np.sqrt(v + eps)
    dx = dxn / np.sqrt(v + eps) + 2.0 / D * dv * (x - m) + dm / D
    return dx, np.sum(dout * xn, 0), np.sum(dout, 0)

def dropout_forward(x, dropout_param):
    """
    Inverted dropout, forward.
    """
    p, mode = dropout_param['p'], dropout_param['mode']
    if 'seed' in dropout_param: np.random.seed(dropout_param['seed'])
    if mode == 'test': return x, (dropout_param, None)
    q = 1 - p
    mask = (np.random.rand(*x.shape) < q) / q
    return x * mask, (dropout_param, mask)

def dropout_backward(dout, cache):
    """
    Inverted dropout, backward.
    """
    dropout_param, mask = cache
    return dout if mask is None else dout * mask

def conv_forward_naive(x, w, b, conv_param):
    """
    Convolution, slow and obvious, forward.
    """
    S, P = conv_param['stride'], conv_param['pad']
    N, C, H, W = x.shape
    F, C, R, Q = w.shape
    Ho, Wo = (H + 2*P - R) // S + 1, (W + 2*P - Q) // S + 1
    X = np.pad(x, ((0,0), (0,0), (P,P), (P,P)), 'constant')
    out = np.zeros((N, F, Ho, Wo))
    for f in range(F):
        for i in range(Ho):
            for j in range(Wo):
                out[:, f, i, j] = np.sum(X[:, :, i*S:i*S+R, j*S:j*S+Q] * w[f], axis=(1,2,3)) + b[f]
    return out, (x, w, b, conv_param)

def conv_backward_naive(dout, cache):
    """
    Convolution, slow and obvious, backward.
    """
    x, w, b, conv_param = cache
    S, P = conv_param['stride'], conv_param['pad']
    N, C, H, W = x.shape
    F, C, R, Q = w.shape
    X = np.pad(x, ((0,0), (0,0), (P,P), (P,P)), 'constant')
    dX, dw = np.zeros(X.shape), np.zeros(w.shape)
    db = np.sum(dout, axis=(0, 2, 3))
    for f in range(F):
        for i in range(dout.shape[2]):
            for j in range(dout.shape[3]):
                g = dout[:, f, i, j].reshape(N, 1, 1, 1)
                dw[f] += np.sum(X[:, :, i*S:i*S+R, j*S:j*S+Q] * g, axis=0)
                dX[:, :, i*S:i*S+R, j*S:j*S+Q] += w[f] * g
    dx = dX[:, :, P:-P, P:-P] if P > 0 else dX
    return dx, dw, db

def max_pool_forward_naive(x, pool_param):
    """
    Max pooling, forward.
    """
    R, Q, S = pool_param['pool_height'], pool_param['pool_width'], pool_param['stride']
    N, C, H, W = x.shape
    Ho, Wo = (H - R) // S + 1, (W - Q) // S + 1
    out = np.zeros((N, C, Ho, Wo))
    for i in range(Ho):
        for j in range(Wo):
            out[:, :, i, j] = x[:, :, i*S:i*S+R, j*S:j*S+Q].reshape(N, C, -1).max(2)
    return out, (x, pool_param)

def max_pool_backward_naive(dout, cache):
    """
    Max pooling, backward.
    """
    x, pool_param = cache
    R, Q, S = pool_param['pool_height'], pool_param['pool_width'], pool_param['stride']
    N, C, Ho, Wo = dout.shape
    dx = np.zeros(x.shape)
    for i in range(Ho):
        for j in range(Wo):
            k = x[:, :, i*S:i*S+R, j*S:j*S+Q].reshape(N, C, -1).argmax(2)
            for n in range(N):
                for c in range(C):
                    a, b = divmod(k[n, c], Q)
                    dx[n, c, i*S+a, j*S+b] += dout[n, c, i, j]
    return dx

def spatial_batchnorm_forward(x, gamma, beta, bn_param):
    """
    Batch normalization per channel, forward.
    """
    N, C, H, W = x.shape
    o, cache = batchnorm_forward(x.transpose((0, 2, 3, 1)).reshape(-1, C), gamma, beta, bn_param)
    return o.reshape(N, H, W, C).transpose(0, 3, 1, 2), cache

def spatial_batchnorm_backward(dout, cache):
    """
    Batch normalization per channel, backward.
    """
    N, C, H, W = dout.shape
    d, dgamma, dbeta = batchnorm_backward(dout.transpose((0, 2, 3, 1)).reshape(-1, C), cache)
    return d.reshape(N, H, W, C).transpose(0, 3, 1, 2), dgamma, dbeta

def svm_loss(x, y):
    """
    Multiclass hinge loss and its gradient.
    """
    N = len(y)
    r = np.arange(N)
    m = np.maximum(0, x - x[r, y][:, None] + 1)
    m[r, y] = 0
    k = (m > 0).astype(x.dtype)
    k[r, y] = -k.sum(1)
    return m.sum() / N, k / N

def softmax_loss(x, y):
    """
    Softmax cross-entropy and its gradient.
    """
    N = len(y)
    r = np.arange(N)
    z = x - x.max(1, keepdims=True)
    lp = z - np.log(np.exp(z).sum(1, keepdims=True))
    loss, p = -np.mean(lp[r, y]), np.exp(lp)
    p[r, y] -= 1
    return loss, p / N
