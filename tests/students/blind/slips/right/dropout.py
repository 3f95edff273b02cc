# -*- coding: utf-8 -*-
import numpy as np


def dropout_forward(x, dropout_param):
    # p est la probabilité de GARDER un neurone
    p, mode = dropout_param['p'], dropout_param['mode']
    if 'seed' in dropout_param:
        np.random.seed(dropout_param['seed'])

    mask = None
    out = None

    if mode == 'train':
        rnd = np.random.rand(*x.shape)
        keep = rnd < p
        mask = keep.astype(x.dtype)
        mask /= p
        out = mask * x
    elif mode == 'test':
        out = x

    cache = (dropout_param, mask)
    out = out.astype(x.dtype, copy=False)
    return out, cache


def dropout_backward(dout, cache):
    dropout_param, mask = cache
    mode = dropout_param['mode']

    dx = None
    if mode == 'train':
        # le masque contient déjà 1/p
        dx = np.multiply(dout, mask)
    elif mode == 'test':
        dx = dout
    return dx
