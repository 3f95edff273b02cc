from builtins import range
import numpy as np
from .im2col import *


def affine_forward(x, w, b):
    """Fully connected layer, forward.

    Every example is flattened to a row of length D = d_1 * ... * d_k before the product.

    Input:
      - x: data of shape (N, d_1, ..., d_k)
      - w: weights, (D, M)
      - b: biases, (M,)

    Output:
      - out: scores of shape (N, M)
      - cache: (x, w, b)
    """
    out, cache = None, None
    #####################################################################
    # TODO: Write the affine forward.                                   #
    # Keep in the cache whatever you need later.                        #
    #####################################################################
    out = np.matmul(x.reshape(len(x), -1), w) + b
    cache = {'x': x, 'w': w, 'b': b}
    #####################################################################
    #                          END OF YOUR CODE                         #
    #####################################################################
    return out, cache


def affine_backward(dout, cache):
    """Fully connected layer, backward.

    Input:
      - dout: upstream gradient, (N, M)
      - cache: what the forward pass kept

    Output:
      - dx: (N, d_1, ..., d_k)
      - dw: (D, M)
      - db: (M,)
    """
    dx, dw, db = None, None, None
    #####################################################################
    # TODO: Write the affine backward.                                  #
    # Put the gradients in the variables named above.                   #
    #####################################################################
    x, w = cache['x'], cache['w']
    flat = x.reshape(len(x), -1)
    dx = np.matmul(dout, w.T).reshape(x.shape)
    dw = np.matmul(flat.T, dout)
    db = dout.sum(0)
    #####################################################################
    #                          END OF YOUR CODE                         #
    #####################################################################
    return dx, dw, db


def relu_forward(x):
    """Rectified linear units, forward.

    Input:
      - x: array of any shape

    Output:
      - out: same shape as x
      - cache: x
    """
    out, cache = None, None
    out = np.where(x > 0, x, 0)
    cache = x
    return out, cache


def relu_backward(dout, cache):
    """Rectified linear units, backward.

    Input:
      - dout: upstream gradient
      - cache: the input x

    Output:
      - dx: gradient for x
    """
    return np.where(cache > 0, dout, 0)


def softmax_loss(x, y):
    """Softmax cross-entropy and its gradient.

    Input:
      - x: scores (N, C)
      - y: labels (N,)

    Output:
      - loss: scalar
      - dx: (N, C)
    """
    loss, dx = None, None
    #####################################################################
    # TODO: Write the softmax loss.                                     #
    # Put the gradients in the variables named above.                   #
    #####################################################################
    N = len(y)
    z = x - x.max(axis=1, keepdims=True)
    logp = z - np.log(np.exp(z).sum(axis=1, keepdims=True))
    loss = -logp[np.arange(N), y].mean()
    dx = np.exp(logp)
    dx[np.arange(N), y] -= 1
    dx /= N
    #####################################################################
    #                          END OF YOUR CODE                         #
    #####################################################################
    return loss, dx


def batchnorm_forward(x, gamma, beta, bn_param):
    """Batch normalization, forward.

    In train mode mean and (biased) variance of the minibatch normalize the data and
    feed exponentially decaying running averages:

    running_mean = momentum * running_mean + (1 - momentum) * sample_mean
    running_var = momentum * running_var + (1 - momentum) * sample_var

    In test mode the running averages are used.

    Input:
      - x: (N, D)
      - gamma: scale (D,)
      - beta: shift (D,)
      - bn_param: dict with mode ('train' or 'test'), eps, momentum, running_mean, running_var

    Output:
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
    #####################################################################
    # TODO: Write the batchnorm forward.                                #
    # Keep in the cache whatever you need later.                        #
    #####################################################################
        sample_mean = x.mean(axis=0)
        sample_var = x.var(axis=0)
        inv_std = 1 / np.sqrt(sample_var + eps)
        x_norm = (x - sample_mean) * inv_std
        out = x_norm * gamma + beta
        cache = {'x_norm': x_norm, 'inv_std': inv_std, 'gamma': gamma}
        running_mean = momentum * running_mean + (1 - momentum) * sample_mean
        running_var = momentum * running_var + (1 - momentum) * sample_var
    #####################################################################
    #                          END OF YOUR CODE                         #
    #####################################################################
    elif mode == 'test':
        out = (x - running_mean) / np.sqrt(running_var + eps) * gamma + beta
    else:
        raise ValueError("mode must be train or test, not '%s'" % mode)

    bn_param['running_mean'] = running_mean
    bn_param['running_var'] = running_var
    return out, cache


def batchnorm_backward(dout, cache):
    """Batch normalization, backward. Draw the graph and go back node by node.

    Input:
      - dout: (N, D)
      - cache: from batchnorm_forward

    Output:
      - dx: (N, D)
      - dgamma: (D,)
      - dbeta: (D,)
    """
    dx, dgamma, dbeta = None, None, None
    #####################################################################
    # TODO: Write the batchnorm backward.                               #
    # Put the gradients in the variables named above.                   #
    #####################################################################
    x_norm, inv_std, gamma = cache['x_norm'], cache['inv_std'], cache['gamma']
    dbeta = dout.sum(axis=0)
    dgamma = (dout * x_norm).sum(axis=0)
    dx_norm = dout * gamma
    dx = inv_std * (dx_norm - dx_norm.mean(axis=0) - x_norm * (dx_norm * x_norm).mean(axis=0))
    #####################################################################
    #                          END OF YOUR CODE                         #
    #####################################################################
    return dx, dgamma, dbeta


def layernorm_forward(x, gamma, beta, ln_param):
    """Layer normalization, forward. Statistics are per data point, so train and test agree.

    Input:
      - x: (N, D)
      - gamma: scale (D,)
      - beta: shift (D,)
      - ln_param: dict with eps

    Output:
      - out: (N, D)
      - cache: for the backward pass
    """
    out, cache = None, None
    eps = ln_param.get('eps', 1e-5)
    #####################################################################
    # TODO: Write the layernorm forward.                                #
    # Keep in the cache whatever you need later.                        #
    #####################################################################
    mean = x.mean(axis=1, keepdims=True)
    var = x.var(axis=1, keepdims=True)
    inv_std = 1 / np.sqrt(var + eps)
    x_norm = (x - mean) * inv_std
    out = x_norm * gamma + beta
    cache = {'x_norm': x_norm, 'inv_std': inv_std, 'gamma': gamma}
    #####################################################################
    #                          END OF YOUR CODE                         #
    #####################################################################
    return out, cache


def layernorm_backward(dout, cache):
    """Layer normalization, backward.

    Input:
      - dout: (N, D)
      - cache: from layernorm_forward

    Output:
      - dx: (N, D)
      - dgamma: (D,)
      - dbeta: (D,)
    """
    dx, dgamma, dbeta = None, None, None
    #####################################################################
    # TODO: Write the layernorm backward.                               #
    # Put the gradients in the variables named above.                   #
    #####################################################################
    x_norm, inv_std, gamma = cache['x_norm'], cache['inv_std'], cache['gamma']
    dbeta = dout.sum(axis=0)
    dgamma = (dout * x_norm).sum(axis=0)
    dx_norm = dout * gamma
    dx = inv_std * (dx_norm - dx_norm.mean(axis=1, keepdims=True)
                    - x_norm * (dx_norm * x_norm).mean(axis=1, keepdims=True))
    #####################################################################
    #                          END OF YOUR CODE                         #
    #####################################################################
    return dx, dgamma, dbeta


def dropout_forward(x, dropout_param):
    """Inverted dropout, forward.

    Input:
      - x: any shape
      - dropout_param: dict with p (probability of keeping a unit), mode, and optionally seed

    Output:
      - out: same shape as x
      - cache: (dropout_param, mask)
    """
    p, mode = dropout_param['p'], dropout_param['mode']
    if 'seed' in dropout_param:
        np.random.seed(dropout_param['seed'])
    mask = None
    out = None
    if mode == 'train':
        keep = np.random.random_sample(x.shape) < p
        mask = keep.astype(x.dtype) / p
        out = mask * x
    else:
        out = x.copy()
    cache = (dropout_param, mask)
    return out, cache


def dropout_backward(dout, cache):
    """Inverted dropout, backward.

    Input:
      - dout: any shape
      - cache: (dropout_param, mask)

    Output:
      - dx
    """
    dropout_param, mask = cache
    if dropout_param['mode'] == 'train':
        return mask * dout
    return dout


def conv_forward_naive(x, w, b, conv_param):
    """Convolution, slow and obvious, forward.

    N images with C channels are filtered with F filters over all C channels.

    Input:
      - x: (N, C, H, W)
      - w: (F, C, HH, WW)
      - b: (F,)
      - conv_param: dict with stride and pad (zeros on each side)

    Output:
      - out: (N, F, H', W'), H' = 1 + (H + 2 * pad - HH) / stride, W' alike
      - cache: (x, w, b, conv_param)
    """
    out, cache = None, None
    #####################################################################
    # TODO: Write the conv forward.                                     #
    # Keep in the cache whatever you need later.                        #
    #####################################################################
    s, p = conv_param['stride'], conv_param['pad']
    N, C, H, W = x.shape
    F, C, HH, WW = w.shape
    Hn = (H + 2 * p - HH) // s + 1
    Wn = (W + 2 * p - WW) // s + 1
    xp = np.pad(x, [(0, 0), (0, 0), (p, p), (p, p)], 'constant')
    out = np.empty((N, F, Hn, Wn))
    for i in range(Hn):
        for j in range(Wn):
            patch = xp[:, :, i * s:i * s + HH, j * s:j * s + WW]
            out[:, :, i, j] = np.tensordot(patch, w, axes=([1, 2, 3], [1, 2, 3])) + b
    cache = {'x': x, 'xp': xp, 'w': w, 'b': b, 's': s, 'p': p}
    #####################################################################
    #                          END OF YOUR CODE                         #
    #####################################################################
    return out, cache


def conv_backward_naive(dout, cache):
    """Convolution, slow and obvious, backward.

    Input:
      - dout: upstream gradient
      - cache: from conv_forward_naive

    Output:
      - dx
      - dw
      - db
    """
    dx, dw, db = None, None, None
    #####################################################################
    # TODO: Write the conv backward.                                    #
    # Put the gradients in the variables named above.                   #
    #####################################################################
    x, xp, w, s, p = cache['x'], cache['xp'], cache['w'], cache['s'], cache['p']
    F, C, HH, WW = w.shape
    N, F, Hn, Wn = dout.shape
    dxp = np.zeros(xp.shape)
    dw = np.zeros(w.shape)
    for i in range(Hn):
        for j in range(Wn):
            patch = xp[:, :, i * s:i * s + HH, j * s:j * s + WW]
            d = dout[:, :, i, j]
            dw += np.tensordot(d, patch, axes=(0, 0))
            dxp[:, :, i * s:i * s + HH, j * s:j * s + WW] += np.tensordot(d, w, axes=(1, 0))
    db = dout.sum(axis=(0, 2, 3))
    dx = dxp[:, :, p:p + x.shape[2], p:p + x.shape[3]]
    #####################################################################
    #                          END OF YOUR CODE                         #
    #####################################################################
    return dx, dw, db


def spatial_groupnorm_forward(x, gamma, beta, G, gn_param):
    """Group normalization, forward. Channels are split into G groups, each normalized per image.

    Input:
      - x: (N, C, H, W)
      - gamma, beta: (1, C, 1, 1)
      - G: number of groups, divides C
      - gn_param: dict with eps

    Output:
      - out: (N, C, H, W)
      - cache
    """
    out, cache = None, None
    eps = gn_param.get('eps', 1e-5)
    #####################################################################
    # TODO: Write the spatial groupnorm forward.                        #
    # Keep in the cache whatever you need later.                        #
    #####################################################################
    N, C, H, W = x.shape
    xg = x.reshape(N, G, C // G, H, W)
    mean = xg.mean(axis=(2, 3, 4), keepdims=True)
    var = xg.var(axis=(2, 3, 4), keepdims=True)
    inv_std = 1 / np.sqrt(var + eps)
    xg_norm = (xg - mean) * inv_std
    x_norm = xg_norm.reshape(x.shape)
    out = gamma * x_norm + beta
    cache = {'x_norm': x_norm, 'inv_std': inv_std, 'gamma': gamma, 'G': G}
    #####################################################################
    #                          END OF YOUR CODE                         #
    #####################################################################
    return out, cache


def spatial_groupnorm_backward(dout, cache):
    """Group normalization, backward.

    Input:
      - dout: (N, C, H, W)
      - cache

    Output:
      - dx: (N, C, H, W)
      - dgamma, dbeta: (1, C, 1, 1)
    """
    dx, dgamma, dbeta = None, None, None
    #####################################################################
    # TODO: Write the spatial groupnorm backward.                       #
    # Put the gradients in the variables named above.                   #
    #####################################################################
    x_norm, inv_std, gamma, G = cache['x_norm'], cache['inv_std'], cache['gamma'], cache['G']
    N, C, H, W = dout.shape
    dbeta = dout.sum(axis=(0, 2, 3), keepdims=True)
    dgamma = (dout * x_norm).sum(axis=(0, 2, 3), keepdims=True)
    dxn = (dout * gamma).reshape(N, G, C // G, H, W)
    xn = x_norm.reshape(N, G, C // G, H, W)
    dxg = inv_std * (dxn - dxn.mean(axis=(2, 3, 4), keepdims=True)
                     - xn * (dxn * xn).mean(axis=(2, 3, 4), keepdims=True))
    dx = dxg.reshape(N, C, H, W)
    #####################################################################
    #                          END OF YOUR CODE                         #
    #####################################################################
    return dx, dgamma, dbeta
