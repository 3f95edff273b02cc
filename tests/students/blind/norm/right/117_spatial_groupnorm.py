import numpy as np


class Cache(object):
    def __init__(self, **kw):
        self.__dict__.update(kw)


class GroupNormHelper(object):
    """splits the channels, normalises each group"""

    def __init__(self, shape, G):
        self.N, self.C, self.H, self.W = shape
        self.G = G
        self.count = self.C // G * self.H * self.W

    def split(self, t):
        return t.reshape(self.N, self.G, self.count)

    def join(self, t):
        return t.reshape(self.N, self.C, self.H, self.W)


def spatial_groupnorm_forward(x, gamma, beta, G, gn_param):
    eps = gn_param.get('eps', 1e-5)
    h = GroupNormHelper(x.shape, G)
    xs = h.split(x)
    mean = xs.mean(axis=2, keepdims=True)
    xc = xs - mean
    var = (xc ** 2).mean(axis=2, keepdims=True)
    ivar = (var + eps) ** (-0.5)
    x_hat = h.join(xc * ivar)
    out = x_hat * gamma + beta
    return out, Cache(h=h, xc=xc, ivar=ivar, x_hat=x_hat, gamma=gamma)


def spatial_groupnorm_backward(dout, cache):
    h = cache.h
    dbeta = dout.sum(axis=(0, 2, 3), keepdims=True)
    dgamma = (dout * cache.x_hat).sum(axis=(0, 2, 3), keepdims=True)
    dx_hat = h.split(dout * cache.gamma)
    divar = (dx_hat * cache.xc).sum(axis=2, keepdims=True)
    dvar = divar * -0.5 * cache.ivar ** 3
    dxc = dx_hat * cache.ivar + dvar * 2.0 / h.count * cache.xc
    dmean = -dxc.sum(axis=2, keepdims=True)
    dx = h.join(dxc + dmean / h.count)
    return dx, dgamma, dbeta
