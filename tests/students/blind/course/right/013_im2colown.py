from builtins import range
import numpy as np


def _out_size(n, k, pad, stride):
    return (n + 2 * pad - k) // stride + 1


def _im2col(x, kh, kw, pad, stride):
    N, C, H, W = x.shape
    oh, ow = _out_size(H, kh, pad, stride), _out_size(W, kw, pad, stride)
    xp = np.pad(x, ((0, 0), (0, 0), (pad, pad), (pad, pad)), mode='constant')
    cols = np.zeros((N, C, kh, kw, oh, ow))
    for a in range(kh):
        for b in range(kw):
            cols[:, :, a, b] = xp[:, :, a:a + stride * oh:stride, b:b + stride * ow:stride]
    return cols.transpose(0, 4, 5, 1, 2, 3).reshape(N * oh * ow, C * kh * kw)


def _col2im(cols, shape, kh, kw, pad, stride):
    N, C, H, W = shape
    oh, ow = _out_size(H, kh, pad, stride), _out_size(W, kw, pad, stride)
    cols = cols.reshape(N, oh, ow, C, kh, kw).transpose(0, 3, 4, 5, 1, 2)
    xp = np.zeros((N, C, H + 2 * pad, W + 2 * pad))
    for a in range(kh):
        for b in range(kw):
            xp[:, :, a:a + stride * oh:stride, b:b + stride * ow:stride] += cols[:, :, a, b]
    return xp[:, :, pad:pad + H, pad:pad + W]


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
    out = None
    out = np.tensordot(x.reshape(x.shape[0], -1), w, 1) + b
    cache = (x, w, b)
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
    dx = np.tensordot(dout, w, axes=(1, 1)).reshape(x.shape)
    dw = np.tensordot(x.reshape(x.shape[0], -1), dout, axes=(0, 0))
    db = dout.sum(axis=0)
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
    out = None
    out = np.maximum(x, 0)
    cache = x
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
    dx, x = None, cache
    dx = np.zeros_like(dout)
    dx[x > 0] = dout[x > 0]
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
    pad, stride = conv_param['pad'], conv_param['stride']
    N, _, H, W = x.shape
    F, C, kh, kw = w.shape
    cols = _im2col(x, kh, kw, pad, stride)
    oh, ow = _out_size(H, kh, pad, stride), _out_size(W, kw, pad, stride)
    out = cols.dot(w.reshape(F, -1).T) + b
    out = out.reshape(N, oh, ow, F).transpose(0, 3, 1, 2)
    ###########################################################################
    #                             END OF YOUR CODE                            #
    ###########################################################################
    cache = (x, w, b, conv_param, cols)
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
    x, w, b, conv_param, cols = cache
    pad, stride = conv_param['pad'], conv_param['stride']
    F, C, kh, kw = w.shape
    d = dout.transpose(0, 2, 3, 1).reshape(-1, F)
    db = d.sum(axis=0)
    dw = d.T.dot(cols).reshape(w.shape)
    dcols = d.dot(w.reshape(F, -1))
    dx = _col2im(dcols, x.shape, kh, kw, pad, stride)
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
    ph, pw, stride = pool_param['pool_height'], pool_param['pool_width'], pool_param['stride']
    N, C, H, W = x.shape
    oh, ow = _out_size(H, ph, 0, stride), _out_size(W, pw, 0, stride)
    cols = _im2col(x.reshape(N * C, 1, H, W), ph, pw, 0, stride)
    winner = np.argmax(cols, axis=1)
    out = cols[np.arange(cols.shape[0]), winner].reshape(N, C, oh, ow)
    ###########################################################################
    #                             END OF YOUR CODE                            #
    ###########################################################################
    cache = (x.shape, winner, cols.shape, pool_param)
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
    shape, winner, cshape, pool_param = cache
    ph, pw, stride = pool_param['pool_height'], pool_param['pool_width'], pool_param['stride']
    N, C, H, W = shape
    dcols = np.zeros(cshape)
    dcols[np.arange(cshape[0]), winner] = dout.ravel()
    dx = _col2im(dcols, (N * C, 1, H, W), ph, pw, 0, stride).reshape(shape)
    ###########################################################################
    #                             END OF YOUR CODE                            #
    ###########################################################################
    return dx


def spatial_groupnorm_forward(x, gamma, beta, G, gn_param):
    """
    Group normalization, forward. Channels are split into G groups, each normalized per image.

    Inputs:
    - x: (N, C, H, W)
    - gamma, beta: (1, C, 1, 1)
    - G: number of groups, divides C
    - gn_param: dict with eps

    Returns a tuple of:
    - out: (N, C, H, W)
    - cache
    """
    out, cache = None, None
    eps = gn_param.get('eps', 1e-5)
    ###########################################################################
    # TODO: Write the spatial groupnorm forward.                              #
    # Keep in the cache whatever you need later.                              #
    ###########################################################################
    N, C, H, W = x.shape
    x_group = np.reshape(x, (N, G, C // G, H, W))
    mean = np.mean(x_group, axis=(2, 3, 4), keepdims=True)
    var = np.var(x_group, axis=(2, 3, 4), keepdims=True)
    x_groupnorm = (x_group - mean) / np.sqrt(var + eps)
    x_norm = np.reshape(x_groupnorm, (N, C, H, W))
    out = x_norm * gamma + beta
    cache = (G, x, x_norm, mean, var, beta, gamma, eps)
    ###########################################################################
    #                             END OF YOUR CODE                            #
    ###########################################################################
    return out, cache


def spatial_groupnorm_backward(dout, cache):
    """
    Group normalization, backward.

    Inputs:
    - dout: (N, C, H, W)
    - cache

    Returns a tuple of:
    - dx: (N, C, H, W)
    - dgamma, dbeta: (1, C, 1, 1)
    """
    dx, dgamma, dbeta = None, None, None
    ###########################################################################
    # TODO: Write the spatial groupnorm backward.                             #
    # Put the gradients in the variables named above.                         #
    ###########################################################################
    N, C, H, W = dout.shape
    G, x, x_norm, mean, var, beta, gamma, eps = cache
    dbeta = np.sum(dout, axis=(0, 2, 3), keepdims=True)
    dgamma = np.sum(dout * x_norm, axis=(0, 2, 3), keepdims=True)
    dx_norm = dout * gamma
    dx_groupnorm = dx_norm.reshape((N, G, C // G, H, W))
    x_group = x.reshape((N, G, C // G, H, W))
    dvar = np.sum(dx_groupnorm * -0.5 * (x_group - mean) * (var + eps) ** -1.5, axis=(2, 3, 4), keepdims=True)
    n_group = C // G * H * W
    dmean1 = np.sum(dx_groupnorm * -1.0 / np.sqrt(var + eps), axis=(2, 3, 4), keepdims=True)
    dmean2 = dvar * np.sum(-2.0 * (x_group - mean), axis=(2, 3, 4), keepdims=True) / n_group
    dmean = dmean1 + dmean2
    dx_group1 = dx_groupnorm * (1.0 / np.sqrt(var + eps))
    dx_group2 = dmean / n_group
    dx_group3 = dvar * 2.0 * (x_group - mean) / n_group
    dx_group = dx_group1 + dx_group2 + dx_group3
    dx = dx_group.reshape((N, C, H, W))
    ###########################################################################
    #                             END OF YOUR CODE                            #
    ###########################################################################
    return dx, dgamma, dbeta


def softmax_loss(x, y):
    """
    Softmax cross-entropy and its gradient.

    Inputs:
    - x: scores (N, C)
    - y: labels (N,)

    Returns a tuple of:
    - loss: scalar
    - dx: (N, C)
    """
    N = x.shape[0]
    shifted = x - np.amax(x, axis=1, keepdims=True)
    logZ = np.log(np.sum(np.exp(shifted), axis=1, keepdims=True))
    logp = shifted - logZ
    loss = -1.0 / N * np.sum(logp[np.arange(N), y])
    dx = np.exp(logp)
    dx[np.arange(N), y] += -1
    dx *= 1.0 / N
    return loss, dx
