from __future__ import print_function
from builtins import range
from builtins import object
import numpy as np
from .im2col import *
from .fast_layers import *


def affine_forward(x, w, b):
    """
    Fully connected layer, forward.

    Every example is flattened to a row of length D = d_1 * ... * d_k before the product.

    Inputs:
    - x: data of shape (N, d_1, ..., d_k)
    - w: weights, (D, M)
    - b: biases, (M,)

    Returns a tuple of:
    - out: scores of shape (N, M)
    - cache: (x, w, b)
    """
    out, cache = None, None
    ###########################################################################
    # TODO: Write the affine forward.                                         #
    # Keep in the cache whatever you need later.                              #
    ###########################################################################
    shape0 = x.shape
    x_vec = x.reshape(shape0[0], int(x.size / shape0[0]))
    score = x_vec.dot(w)
    out = score + np.tile(b, (shape0[0], 1))
    cache = (x, w, b)
    ###########################################################################
    #                             END OF YOUR CODE                            #
    ###########################################################################
    return out, cache


def affine_backward(dout, cache):
    """
    Fully connected layer, backward.

    Inputs:
    - dout: upstream gradient, (N, M)
    - cache: what the forward pass kept

    Returns a tuple of:
    - dx: (N, d_1, ..., d_k)
    - dw: (D, M)
    - db: (M,)
    """
    x, w, b = cache
    dx, dw, db = None, None, None
    ###########################################################################
    # TODO: Write the affine backward.                                        #
    # Put the gradients in the variables named above.                         #
    ###########################################################################
    x_vec = x.reshape(x.shape[0], int(x.size / x.shape[0]))
    dx_vec = dout.dot(w.T)
    dx = dx_vec.reshape(x.shape)
    dw = np.zeros(w.shape)
    for i in range(x.shape[0]):
        dw += np.outer(x_vec[i], dout[i])
    db = dout.sum(axis=0)
    ###########################################################################
    #                             END OF YOUR CODE                            #
    ###########################################################################
    return dx, dw, db


def relu_forward(x):
    """
    Rectified linear units, forward.

    Inputs:
    - x: array of any shape

    Returns a tuple of:
    - out: same shape as x
    - cache: x
    """
    out, cache = None, None
    ###########################################################################
    # TODO: Write the relu forward.                                           #
    # Keep in the cache whatever you need later.                              #
    ###########################################################################
    mask = np.zeros(x.shape, dtype=np.bool_)
    mask[x > 0] = True
    out = x * mask
    cache = mask
    ###########################################################################
    #                             END OF YOUR CODE                            #
    ###########################################################################
    return out, cache


def relu_backward(dout, cache):
    """
    Rectified linear units, backward.

    Inputs:
    - dout: upstream gradient
    - cache: the input x

    Returns a tuple of:
    - dx: gradient for x
    """
    dx = None
    ###########################################################################
    # TODO: Write the relu backward.                                          #
    # Put the gradients in the variables named above.                         #
    ###########################################################################
    dx = dout * cache
    ###########################################################################
    #                             END OF YOUR CODE                            #
    ###########################################################################
    return dx


def batchnorm_forward(x, gamma, beta, bn_param):
    """
    Batch normalization, forward.

    In train mode mean and (biased) variance of the minibatch normalize the data and
    feed exponentially decaying running averages:

    running_mean = momentum * running_mean + (1 - momentum) * sample_mean
    running_var = momentum * running_var + (1 - momentum) * sample_var

    In test mode the running averages are used.

    Inputs:
    - x: (N, D)
    - gamma: scale (D,)
    - beta: shift (D,)
    - bn_param: dict with mode ('train' or 'test'), eps, momentum, running_mean, running_var

    Returns a tuple of:
    - out: (N, D)
    - cache: for the backward pass
    """
    mode = bn_param['mode']
    eps = bn_param.get('eps', 1e-5)
    momentum = bn_param.get('momentum', 0.9)

    N, D = x.shape
    running_mean = bn_param.get('running_mean', np.zeros(D, dtype=x.dtype))
    running_var = bn_param.get('running_var', np.zeros(D, dtype=x.dtype))

    out, cache = None, None
    if mode == 'train':
    ###########################################################################
    # TODO: Write the batchnorm forward.                                      #
    # Keep in the cache whatever you need later.                              #
    ###########################################################################
        x_1 = np.mean(x, axis=0)
        x_2 = x - x_1
        x_3 = x_2 ** 2
        x_4 = np.mean(x_3, axis=0)
        x_5 = np.sqrt(x_4 + eps)
        x_6 = 1 / x_5
        x_7 = x_2 * x_6
        x_8 = x_7 * gamma
        out = x_8 + beta
        cache = {}
        cache['x_2'] = x_2
        cache['x_5'] = x_5
        cache['x_6'] = x_6
        cache['x_7'] = x_7
        cache['gamma'] = gamma
        running_mean = momentum * running_mean + (1 - momentum) * x_1
        running_var = momentum * running_var + (1 - momentum) * x_4
    ###########################################################################
    #                             END OF YOUR CODE                            #
    ###########################################################################
    elif mode == 'test':
    ###########################################################################
    # TODO: Write the batchnorm forward.                                      #
    # Keep in the cache whatever you need later.                              #
    ###########################################################################
        x_7 = (x - running_mean) / np.sqrt(running_var + eps)
        out = x_7 * gamma + beta
    ###########################################################################
    #                             END OF YOUR CODE                            #
    ###########################################################################
    else:
        raise ValueError('Invalid forward batchnorm mode "%s"' % mode)

    # Store the updated running means back into bn_param
    bn_param['running_mean'] = running_mean
    bn_param['running_var'] = running_var

    return out, cache


def batchnorm_backward(dout, cache):
    """
    Batch normalization, backward. Draw the graph and go back node by node.

    Inputs:
    - dout: (N, D)
    - cache: from batchnorm_forward

    Returns a tuple of:
    - dx: (N, D)
    - dgamma: (D,)
    - dbeta: (D,)
    """
    dx, dgamma, dbeta = None, None, None
    ###########################################################################
    # TODO: Write the batchnorm backward.                                     #
    # Put the gradients in the variables named above.                         #
    ###########################################################################
    N, D = dout.shape
    dbeta = np.sum(dout, axis=0)
    dx_8 = dout
    dgamma = np.sum(dx_8 * cache['x_7'], axis=0)
    dx_7 = dx_8 * cache['gamma']
    dx_6 = np.sum(dx_7 * cache['x_2'], axis=0)
    dx_2_a = dx_7 * cache['x_6']
    dx_5 = -dx_6 / cache['x_5'] ** 2
    dx_4 = 0.5 * dx_5 / cache['x_5']
    dx_3 = np.ones((N, D)) * dx_4 / N
    dx_2_b = 2 * cache['x_2'] * dx_3
    dx_2 = dx_2_a + dx_2_b
    dx_1 = -np.sum(dx_2, axis=0)
    dx_a = dx_2
    dx_b = np.ones((N, D)) * dx_1 / N
    dx = dx_a + dx_b
    ###########################################################################
    #                             END OF YOUR CODE                            #
    ###########################################################################
    return dx, dgamma, dbeta


def layernorm_forward(x, gamma, beta, ln_param):
    """
    Layer normalization, forward. Statistics are per data point, so train and test agree.

    Inputs:
    - x: (N, D)
    - gamma: scale (D,)
    - beta: shift (D,)
    - ln_param: dict with eps

    Returns a tuple of:
    - out: (N, D)
    - cache: for the backward pass
    """
    out, cache = None, None
    eps = ln_param.get('eps', 1e-5)
    ###########################################################################
    # TODO: Write the layernorm forward.                                      #
    # Keep in the cache whatever you need later.                              #
    ###########################################################################
    # my batchnorm on the transpose; gamma and beta come afterwards
    params = {'mode': 'train', 'eps': eps}
    ones, zeros = np.ones(x.shape[0]), np.zeros(x.shape[0])
    xhat_t, bn_cache = batchnorm_forward(x.T, ones, zeros, params)
    xhat = xhat_t.T
    out = xhat * gamma + beta
    cache = (xhat, gamma, bn_cache)
    ###########################################################################
    #                             END OF YOUR CODE                            #
    ###########################################################################
    return out, cache


def layernorm_backward(dout, cache):
    """
    Layer normalization, backward.

    Inputs:
    - dout: (N, D)
    - cache: from layernorm_forward

    Returns a tuple of:
    - dx: (N, D)
    - dgamma: (D,)
    - dbeta: (D,)
    """
    dx, dgamma, dbeta = None, None, None
    ###########################################################################
    # TODO: Write the layernorm backward.                                     #
    # Put the gradients in the variables named above.                         #
    ###########################################################################
    xhat, gamma, bn_cache = cache
    dgamma = np.sum(dout * xhat, axis=0)
    dbeta = np.sum(dout, axis=0)
    dx_t, _, _ = batchnorm_backward((dout * gamma).T, bn_cache)
    dx = dx_t.T
    ###########################################################################
    #                             END OF YOUR CODE                            #
    ###########################################################################
    return dx, dgamma, dbeta


def dropout_forward(x, dropout_param):
    """
    Inverted dropout, forward.

    Inputs:
    - x: any shape
    - dropout_param: dict with p (probability of keeping a unit), mode, and optionally seed

    Returns a tuple of:
    - out: same shape as x
    - cache: (dropout_param, mask)
    """
    p, mode = dropout_param['p'], dropout_param['mode']
    if 'seed' in dropout_param:
        np.random.seed(dropout_param['seed'])

    mask = None
    out = None

    if mode == 'train':
    ###########################################################################
    # TODO: Write the dropout forward.                                        #
    # Keep in the cache whatever you need later.                              #
    ###########################################################################
        mask = np.random.rand(*x.shape)
        mask = mask < p
        out = x * mask
        out = out / p
    ###########################################################################
    #                             END OF YOUR CODE                            #
    ###########################################################################
    elif mode == 'test':
    ###########################################################################
    # TODO: Write the dropout forward.                                        #
    # Keep in the cache whatever you need later.                              #
    ###########################################################################
        out = x
    ###########################################################################
    #                             END OF YOUR CODE                            #
    ###########################################################################

    cache = (dropout_param, mask)
    out = out.astype(x.dtype, copy=False)

    return out, cache


def dropout_backward(dout, cache):
    """
    Inverted dropout, backward.

    Inputs:
    - dout: any shape
    - cache: (dropout_param, mask)

    Returns a tuple of:
    - dx
    """
    dropout_param, mask = cache
    mode = dropout_param['mode']

    dx = None
    if mode == 'train':
    ###########################################################################
    # TODO: Write the dropout backward.                                       #
    # Put the gradients in the variables named above.                         #
    ###########################################################################
        dx = dout / dropout_param['p']
        dx = dx * mask
    ###########################################################################
    #                             END OF YOUR CODE                            #
    ###########################################################################
    elif mode == 'test':
        dx = dout
    return dx


def conv_forward_naive(x, w, b, conv_param):
    """
    Convolution, slow and obvious, forward.

    N images with C channels are filtered with F filters over all C channels.

    Inputs:
    - x: (N, C, H, W)
    - w: (F, C, HH, WW)
    - b: (F,)
    - conv_param: dict with stride and pad (zeros on each side)

    Returns a tuple of:
    - out: (N, F, H', W'), H' = 1 + (H + 2 * pad - HH) / stride, W' alike
    - cache: (x, w, b, conv_param)
    """
    out = None
    ###########################################################################
    # TODO: Write the conv forward.                                           #
    # Keep in the cache whatever you need later.                              #
    ###########################################################################
    pad = conv_param.get('pad')
    stride = conv_param.get('stride')
    (n_x, c_x, h_x, w_x) = x.shape
    (n_w, c_w, h_w, w_w) = w.shape
    h_out = int((h_x + 2 * pad - h_w) / stride) + 1
    w_out = int((w_x + 2 * pad - w_w) / stride) + 1
    x_p = np.pad(x, ((0, 0), (0, 0), (pad, pad), (pad, pad)), 'constant')
    out = np.zeros((n_x, n_w, h_out, w_out))
    for img in range(n_x):
        for flt in range(n_w):
            for r in range(h_out):
                for c in range(w_out):
                    rs = r * stride
                    cs = c * stride
                    out[img, flt, r, c] = np.sum(x_p[img, :, rs:rs + h_w, cs:cs + w_w] * w[flt, :, :, :]) + b[flt]
    ###########################################################################
    #                             END OF YOUR CODE                            #
    ###########################################################################
    cache = (x, w, b, conv_param)
    return out, cache


def conv_backward_naive(dout, cache):
    """
    Convolution, slow and obvious, backward.

    Inputs:
    - dout: upstream gradient
    - cache: from conv_forward_naive

    Returns a tuple of:
    - dx
    - dw
    - db
    """
    dx, dw, db = None, None, None
    ###########################################################################
    # TODO: Write the conv backward.                                          #
    # Put the gradients in the variables named above.                         #
    ###########################################################################
    (x, w, b, conv_param) = cache
    pad = conv_param.get('pad')
    stride = conv_param.get('stride')
    (n_x, c_x, h_x, w_x) = x.shape
    (n_w, c_w, h_w, w_w) = w.shape
    (_, _, h_out, w_out) = dout.shape
    x_p = np.pad(x, ((0, 0), (0, 0), (pad, pad), (pad, pad)), 'constant')
    dx = np.zeros(x.shape)
    dw = np.zeros(w.shape)
    db = np.zeros(b.shape)
    for flt in range(n_w):
        db[flt] = np.sum(dout[:, flt, :, :])
    for img in range(n_x):
        dx_p = np.zeros((c_x, h_x + 2 * pad, w_x + 2 * pad))
        for flt in range(n_w):
            for r in range(h_out):
                for c in range(w_out):
                    rs = r * stride
                    cs = c * stride
                    dw[flt] += x_p[img, :, rs:rs + h_w, cs:cs + w_w] * dout[img, flt, r, c]
                    dx_p[:, rs:rs + h_w, cs:cs + w_w] += w[flt] * dout[img, flt, r, c]
        dx[img] = dx_p[:, pad:h_x + pad, pad:w_x + pad]
    ###########################################################################
    #                             END OF YOUR CODE                            #
    ###########################################################################
    return dx, dw, db


def max_pool_forward_naive(x, pool_param):
    """
    Max pooling, forward.

    Inputs:
    - x: (N, C, H, W)
    - pool_param: dict with pool_height, pool_width, stride

    Returns a tuple of:
    - out: (N, C, H', W')
    - cache: (x, pool_param)
    """
    out = None
    ###########################################################################
    # TODO: Write the max pool forward.                                       #
    # Keep in the cache whatever you need later.                              #
    ###########################################################################
    h_p, w_p, stride = pool_param['pool_height'], pool_param['pool_width'], pool_param['stride']
    (n_x, c_x, h_x, w_x) = x.shape
    h_out = int((h_x - h_p) / stride) + 1
    w_out = int((w_x - w_p) / stride) + 1
    out = np.zeros((n_x, c_x, h_out, w_out))
    for img in range(n_x):
        for r in range(h_out):
            for c in range(w_out):
                rs, cs = r * stride, c * stride
                out[img, :, r, c] = np.amax(x[img, :, rs:rs + h_p, cs:cs + w_p], axis=(1, 2))
    ###########################################################################
    #                             END OF YOUR CODE                            #
    ###########################################################################
    cache = (x, pool_param)
    return out, cache


def max_pool_backward_naive(dout, cache):
    """
    Max pooling, backward.

    Inputs:
    - dout: upstream gradient
    - cache: from the forward pass

    Returns a tuple of:
    - dx
    """
    dx = None
    ###########################################################################
    # TODO: Write the max pool backward.                                      #
    # Put the gradients in the variables named above.                         #
    ###########################################################################
    (x, pool_param) = cache
    h_p, w_p, stride = pool_param['pool_height'], pool_param['pool_width'], pool_param['stride']
    (n_x, c_x, h_out, w_out) = dout.shape
    dx = np.zeros_like(x)
    for img in range(n_x):
        for ch in range(c_x):
            for r in range(h_out):
                for c in range(w_out):
                    rs, cs = r * stride, c * stride
                    win = x[img, ch, rs:rs + h_p, cs:cs + w_p]
                    pos = np.where(win == np.max(win))
                    dx[img, ch, rs + pos[0][0], cs + pos[1][0]] += dout[img, ch, r, c]
    ###########################################################################
    #                             END OF YOUR CODE                            #
    ###########################################################################
    return dx
