import numpy as np


def affine_forward(x, w, b):
    flat = x.reshape(x.shape[0], -1)
    mul = flat @ w                      # step 1
    out = mul + b                       # step 2
    return out, {'x': x, 'w': w}


def affine_backward(dout, cache):
    x, w = cache['x'], cache['w']
    # step 2
    dmul = dout
    db = 1 * dout
    db = db.sum(axis=0)
    # step 1
    dflat = dmul @ w.T
    dw = x.reshape(x.shape[0], -1).T @ dmul
    # step 0
    dx = dflat.reshape(x.shape)
    return dx, dw, db


def relu_forward(x):
    out = np.fmax(x, 0)
    return out, {'out': out}


def relu_backward(dout, cache):
    alive = cache['out'] > 0
    return alive * dout


def batchnorm_forward(x, gamma, beta, bn_param):
    eps = bn_param.get('eps', 1e-5)
    momentum = bn_param.get('momentum', 0.9)
    D = x.shape[1]
    bn_param.setdefault('running_mean', np.zeros(D))
    bn_param.setdefault('running_var', np.zeros(D))
    if bn_param['mode'] == 'test':
        z = (x - bn_param['running_mean']) / np.sqrt(bn_param['running_var'] + eps)
        return gamma * z + beta, None
    mu = x.mean(axis=0)                 # 1
    xmu = x - mu                        # 2
    sq = xmu ** 2                       # 3
    var = sq.mean(axis=0)               # 4
    sqrtvar = np.sqrt(var + eps)        # 5
    ivar = 1. / sqrtvar                 # 6
    xhat = xmu * ivar                   # 7
    out = gamma * xhat + beta           # 8, 9
    bn_param['running_mean'] = momentum * bn_param['running_mean'] + (1 - momentum) * mu
    bn_param['running_var'] = momentum * bn_param['running_var'] + (1 - momentum) * var
    cache = {'xmu': xmu, 'sqrtvar': sqrtvar, 'ivar': ivar, 'xhat': xhat, 'gamma': gamma}
    return out, cache


def batchnorm_backward(dout, cache):
    N, D = dout.shape
    # 9
    dbeta = np.sum(dout, axis=0)
    # 8
    dgamma = np.sum(dout * cache['xhat'], axis=0)
    dxhat = dout * cache['gamma']
    # 7
    divar = np.sum(dxhat * cache['xmu'], axis=0)
    dxmu1 = dxhat * cache['ivar']
    # 6
    dsqrtvar = -1. / (cache['sqrtvar'] ** 2) * divar
    # 5
    dvar = 0.5 * cache['ivar'] * dsqrtvar
    # 4
    dsq = np.ones((N, D)) * dvar / N
    # 3
    dxmu2 = 2 * cache['xmu'] * dsq
    # 2
    dx1 = dxmu1 + dxmu2
    dmu = -np.sum(dxmu1 + dxmu2, axis=0)
    # 1
    dx2 = np.ones((N, D)) * dmu / N
    # 0
    dx = dx1 + dx2
    return dx, dgamma, dbeta


def affine_relu_forward(x, w, b):
    mid, c_aff = affine_forward(x, w, b)
    out, c_relu = relu_forward(mid)
    return out, {'affine': c_aff, 'relu': c_relu}


def affine_relu_backward(dout, cache):
    dmid = relu_backward(dout, cache['relu'])
    return affine_backward(dmid, cache['affine'])


def affine_bn_relu_forward(x, w, b, gamma, beta, bn_param):
    cache = {}
    h, cache['affine'] = affine_forward(x, w, b)
    h, cache['bn'] = batchnorm_forward(h, gamma, beta, bn_param)
    h, cache['relu'] = relu_forward(h)
    return h, cache


def affine_bn_relu_backward(dout, cache):
    d = relu_backward(dout, cache['relu'])
    d, dgamma, dbeta = batchnorm_backward(d, cache['bn'])
    d, dw, db = affine_backward(d, cache['affine'])
    return d, dw, db, dgamma, dbeta
