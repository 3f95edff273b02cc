import numpy as np

def batchnorm_forward(x, gamma, beta, bn_param):
    mode = bn_param['mode']
    eps = bn_param.get('eps', 1e-5)
    momentum = bn_param.get('momentum', 0.9)
    N, D = x.shape
    r_mean = bn_param.get('running_mean', np.zeros(D))
    r_var = bn_param.get('running_var', np.zeros(D))

    if mode == 'train':
        a = np.mean(x, axis=0)
        b = x - a
        c = b ** 2
        d = np.mean(c, axis=0)
        e = np.sqrt(d + eps)
        f = 1.0 / e
        g = b * f
        h = gamma * g
        out = h + beta
        cache = (b, e, f, g, gamma)
        bn_param['running_mean'] = momentum * r_mean + (1 - momentum) * a
        bn_param['running_var'] = momentum * r_var + (1 - momentum) * d
    else:
        out = gamma * (x - r_mean) / np.sqrt(r_var + eps) + beta
        cache = None
    return out, cache

def batchnorm_backward(dout, cache):
    b, e, f, g, gamma = cache
    N, D = dout.shape
    # out = h + beta
    dh = dout
    dbeta = dout.sum(axis=0)
    # h = gamma * g
    dg = dh * gamma
    dgamma = (dh * g).sum(axis=0)
    # g = b * f
    db_1 = dg * f
    df = (dg * b).sum(axis=0)
    # f = 1 / e
    de = -df / e ** 2
    # e = sqrt(d + eps)
    dd = de / (2 * e)
    # d = mean(c)
    dc = dd / N * np.ones_like(dout)
    # c = b ** 2
    db_2 = 2 * b * dc
    # b = x - a
    db = db_1 + db_2
    da = -db.sum(axis=0)
    # a = mean(x)
    dx = db + da / N
    return dx, dgamma, dbeta
