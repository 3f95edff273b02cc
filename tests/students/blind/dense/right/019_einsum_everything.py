import numpy as np
from numpy import einsum


def affine_forward(x, w, b):
    X = x.reshape(len(x), w.shape[0])
    return einsum('ij,jk->ik', X, w) + b[None, :], (x.shape, X, w)


def affine_backward(dout, cache):
    shape, X, w = cache
    dw = einsum('ij,ik->jk', X, dout)
    db = einsum('ik->k', dout)
    dx = einsum('ik,jk->ij', dout, w)
    return dx.reshape(shape), dw, db


def temporal_affine_forward(x, w, b):
    return einsum('ntd,dm->ntm', x, w) + b, (x, w)


def temporal_affine_backward(dout, cache):
    x, w = cache
    return (einsum('ntm,dm->ntd', dout, w),
            einsum('ntd,ntm->dm', x, dout),
            einsum('ntm->m', dout))


def rnn_step_forward(x, prev_h, Wx, Wh, b):
    next_h = np.tanh(einsum('nd,dh->nh', x, Wx) + einsum('ng,gh->nh', prev_h, Wh) + b)
    return next_h, (x, prev_h, Wx, Wh, next_h)


def rnn_step_backward(dnext_h, cache):
    x, prev_h, Wx, Wh, next_h = cache
    da = einsum('nh,nh->nh', dnext_h, 1 - next_h ** 2)
    return (einsum('nh,dh->nd', da, Wx),
            einsum('nh,gh->ng', da, Wh),
            einsum('nd,nh->dh', x, da),
            einsum('ng,nh->gh', prev_h, da),
            einsum('nh->h', da))
