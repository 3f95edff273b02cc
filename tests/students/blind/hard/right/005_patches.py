import numpy as np
try:
    from cs231n.fast_layers import conv_forward_fast
except ImportError:
    pass


def get_patch_index(shape, kh, kw, stride):
    N, C, H, W = shape
    oh = (H - kh) // stride + 1
    ow = (W - kw) // stride + 1
    rows0 = np.tile(np.repeat(np.arange(kh), kw), C)
    cols0 = np.tile(np.arange(kw), kh * C)
    rows1 = stride * np.repeat(np.arange(oh), ow)
    cols1 = stride * np.tile(np.arange(ow), oh)
    rows = rows0.reshape(-1, 1) + rows1.reshape(1, -1)
    cols = cols0.reshape(-1, 1) + cols1.reshape(1, -1)
    chan = np.repeat(np.arange(C), kh * kw).reshape(-1, 1)
    return chan, rows, cols, oh, ow


def unfold(xp, kh, kw, stride):
    """ -> (N, C*kh*kw, oh*ow) """
    chan, rows, cols, oh, ow = get_patch_index(xp.shape, kh, kw, stride)
    return xp[:, chan, rows, cols], oh, ow


def fold(patches, shape, kh, kw, stride):
    chan, rows, cols, oh, ow = get_patch_index(shape, kh, kw, stride)
    res = np.zeros(shape)
    np.add.at(res, (slice(None), chan, rows, cols), patches)
    return res


def affine_forward(x, w, b):
    X = x.reshape((x.shape[0], np.prod(x.shape[1:])))
    return np.matmul(X, w) + b[np.newaxis, :], (x, w, b)


def affine_backward(dout, cache):
    x, w, b = cache
    X = x.reshape((x.shape[0], np.prod(x.shape[1:])))
    db = np.matmul(np.ones(dout.shape[0]), dout)
    dw = np.matmul(X.T, dout)
    dx = np.matmul(dout, w.T).reshape(x.shape)
    return dx, dw, db


def relu_forward(x):
    out = (np.abs(x) + x) / 2
    return out, x


def relu_backward(dout, x):
    slope = (np.sign(x) + 1) // 2
    slope[x == 0] = 0
    return slope * dout


def conv_forward_naive(x, w, b, conv_param):
    stride, pad = conv_param['stride'], conv_param['pad']
    N, C, H, W = x.shape
    F, _, kh, kw = w.shape
    xp = np.pad(x, ((0,), (0,), (pad,), (pad,)), 'constant')
    patches, oh, ow = unfold(xp, kh, kw, stride)
    wrow = w.reshape(F, -1)
    res = np.matmul(wrow, patches) + b.reshape(1, F, 1)
    out = res.reshape(N, F, oh, ow)
    return out, (patches, xp.shape, w, b, conv_param)


def conv_backward_naive(dout, cache):
    patches, pshape, w, b, conv_param = cache
    stride, pad = conv_param['stride'], conv_param['pad']
    F, C, kh, kw = w.shape
    N, C, Hp, Wp = pshape
    d = dout.reshape(N, F, -1)
    db = d.sum(axis=2).sum(axis=0)
    dw = np.matmul(d, patches.transpose(0, 2, 1)).sum(axis=0).reshape(w.shape)
    dpatches = np.matmul(w.reshape(F, -1).T, d)
    dxp = fold(dpatches, pshape, kh, kw, stride)
    dx = dxp[:, :, pad:Hp - pad, pad:Wp - pad]
    return dx, dw, db


def max_pool_forward_naive(x, pool_param):
    kh, kw = pool_param['pool_height'], pool_param['pool_width']
    stride = pool_param['stride']
    N, C, H, W = x.shape
    xs = x.reshape(N * C, 1, H, W)
    patches, oh, ow = unfold(xs, kh, kw, stride)
    winners = np.argmax(patches, axis=1)
    out = np.max(patches, axis=1).reshape(N, C, oh, ow)
    return out, (x, winners, pool_param)


def max_pool_backward_naive(dout, cache):
    x, winners, pool_param = cache
    kh, kw = pool_param['pool_height'], pool_param['pool_width']
    stride = pool_param['stride']
    N, C, H, W = x.shape
    d = dout.reshape(N * C, -1)
    dpatches = np.zeros((N * C, kh * kw, d.shape[1]))
    k = np.arange(N * C).reshape(-1, 1)
    pos = np.arange(d.shape[1]).reshape(1, -1)
    dpatches[k, winners, pos] = d
    dx = fold(dpatches, (N * C, 1, H, W), kh, kw, stride)
    return dx.reshape(x.shape)


def conv_relu_forward(x, w, b, conv_param):
    a, c1 = conv_forward_naive(x, w, b, conv_param)
    out, c2 = relu_forward(a)
    return out, (c1, c2)


def conv_relu_backward(dout, cache):
    c1, c2 = cache
    da = relu_backward(dout, c2)
    return conv_backward_naive(da, c1)


def batchnorm_forward(x, gamma, beta, bn_param):
    eps = bn_param.get('eps', 1e-5)
    momentum = bn_param.get('momentum', 0.9)
    D = x.shape[1]
    running_mean = bn_param.get('running_mean', np.zeros(D))
    running_var = bn_param.get('running_var', np.zeros(D))
    if bn_param['mode'] == 'train':
        mean = np.mean(x, axis=0)
        var = np.var(x, axis=0)
        running_mean = momentum * running_mean + (1 - momentum) * mean
        running_var = momentum * running_var + (1 - momentum) * var
    else:
        mean, var = running_mean, running_var
    std = np.sqrt(var + eps)
    x_norm = (x - mean) / std
    out = x_norm * gamma + beta
    bn_param['running_mean'] = running_mean
    bn_param['running_var'] = running_var
    return out, (x, mean, std, x_norm, gamma)


def batchnorm_backward(dout, cache):
    x, mean, std, x_norm, gamma = cache
    N = x.shape[0]
    dbeta = np.sum(dout, axis=0)
    dgamma = np.sum(x_norm * dout, axis=0)
    dx_norm = dout * gamma
    dx_centered = dx_norm / std
    dstd = np.sum(dx_norm * (x - mean) * (-1 / std ** 2), axis=0)
    dvar = dstd / (2 * std)
    dx_centered = dx_centered + 2 * (x - mean) * dvar / N
    dmean = -np.sum(dx_centered, axis=0)
    dx = dx_centered + dmean / N
    return dx, dgamma, dbeta


def spatial_batchnorm_forward(x, gamma, beta, bn_param):
    N, C, H, W = x.shape
    flat = np.moveaxis(x, 1, -1).reshape(-1, C)
    y, cache = batchnorm_forward(flat, gamma, beta, bn_param)
    return np.moveaxis(y.reshape(N, H, W, C), -1, 1), cache


def spatial_batchnorm_backward(dout, cache):
    N, C, H, W = dout.shape
    flat = np.moveaxis(dout, 1, -1).reshape(-1, C)
    dx, dgamma, dbeta = batchnorm_backward(flat, cache)
    return np.moveaxis(dx.reshape(N, H, W, C), -1, 1), dgamma, dbeta


def dropout_forward(x, dropout_param):
    # p = probability to DROP a unit
    p, mode = dropout_param['p'], dropout_param['mode']
    if 'seed' in dropout_param:
        np.random.seed(dropout_param['seed'])
    mask = None
    if mode == 'train':
        mask = np.random.rand(*x.shape) >= p
        out = x * mask / (1 - p)
    else:
        out = x
    return out, (dropout_param, mask)


def dropout_backward(dout, cache):
    dropout_param, mask = cache
    p = dropout_param['p']
    if dropout_param['mode'] == 'train':
        dx = dout * mask / (1 - p)
    else:
        dx = dout
    return dx
