import numpy as np


def batchnorm_forward(x, gamma, beta, eps):
    # a circuit of small gates, left to right
    rows = len(x)
    mean = x.sum(axis=0) / rows
    dev = x - mean
    dev2 = dev * dev
    var = dev2.sum(axis=0) / rows
    root = np.sqrt(var + eps)
    inv = 1 / root
    hat = dev * inv
    scaled = hat * gamma
    shifted = scaled + beta
    return shifted, (dev, var, root, inv, hat, gamma, eps)


def batchnorm_backward(dout, cache):
    dev, var, root, inv, hat, gamma, eps = cache
    rows = len(dout)

    # the same gates from right to left
    dscaled, dbeta = dout, dout.sum(axis=0)
    dhat, dgamma = dscaled * gamma, (dscaled * hat).sum(axis=0)
    ddev, dinv = dhat * inv, (dhat * dev).sum(axis=0)
    droot = -dinv / root ** 2
    dvar = droot / 2 / np.sqrt(var + eps)
    ddev2 = np.tile(dvar / rows, (rows, 1))
    ddev = ddev + ddev2 * dev * 2
    dmean = -ddev.sum(axis=0)
    dx = ddev + np.tile(dmean / rows, (rows, 1))
    return dx, dgamma, dbeta
