import numpy as np

# I like einsum.

def batchnorm_forward(x, gamma, beta, bn_param):
    eps = bn_param.get('eps', 1e-5)
    momentum = bn_param.get('momentum', 0.9)
    n, d = x.shape
    rm = bn_param.get('running_mean', np.zeros(d))
    rv = bn_param.get('running_var', np.zeros(d))
    if bn_param['mode'] == 'train':
        mu = np.einsum('nd->d', x) / n
        z = x - mu
        s2 = np.einsum('nd,nd->d', z, z) / n
        r = (s2 + eps) ** -0.5
        y = np.einsum('nd,d->nd', z, r)
        out = np.einsum('nd,d->nd', y, gamma) + beta
        rm = momentum * rm + (1 - momentum) * mu
        rv = momentum * rv + (1 - momentum) * s2
        cache = (y, r, gamma)
    else:
        out = np.einsum('nd,d->nd', x - rm, gamma / np.sqrt(rv + eps)) + beta
        cache = None
    bn_param.update(running_mean=rm, running_var=rv)
    return out, cache


def batchnorm_backward(dout, cache):
    y, r, gamma = cache
    n = y.shape[0]
    dbeta = np.einsum('nd->d', dout)
    dgamma = np.einsum('nd,nd->d', dout, y)
    dy = np.einsum('nd,d->nd', dout, gamma)
    proj = np.einsum('nd,nd->d', dy, y) / n
    dx = np.einsum('nd,d->nd', dy - np.einsum('nd->d', dy) / n - y * proj, r)
    return dx, dgamma, dbeta


def layernorm_forward(x, gamma, beta, ln_param):
    eps = ln_param.get('eps', 1e-5)
    d = x.shape[1]
    z = x - np.einsum('nd->n', x)[:, None] / d
    r = (np.einsum('nd,nd->n', z, z) / d + eps) ** -0.5
    y = np.einsum('nd,n->nd', z, r)
    return y * gamma + beta, (y, r, gamma)


def layernorm_backward(dout, cache):
    y, r, gamma = cache
    d = y.shape[1]
    dbeta = np.einsum('nd->d', dout)
    dgamma = np.einsum('nd,nd->d', dout, y)
    dy = np.einsum('nd,d->nd', dout, gamma)
    a = np.einsum('nd->n', dy) / d
    b = np.einsum('nd,nd->n', dy, y) / d
    dx = np.einsum('nd,n->nd', dy - a[:, None] - np.einsum('nd,n->nd', y, b), r)
    return dx, dgamma, dbeta
