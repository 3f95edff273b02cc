from builtins import range
import numpy as np


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
    ###########################################################################
    # TODO: Write the affine forward.                                         #
    # Keep in the cache whatever you need later.                              #
    ###########################################################################
    N = x.shape[0]
    x_row = x.reshape(N, -1)
    out = x_row.dot(w) + b
    ###########################################################################
    #                             END OF YOUR CODE                            #
    ###########################################################################
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
    ###########################################################################
    # TODO: Write the affine backward.                                        #
    # Put the gradients in the variables named above.                         #
    ###########################################################################
    N = x.shape[0]
    x_row = x.reshape(N, -1)
    dx = dout.dot(w.T).reshape(x.shape)
    dw = x_row.T.dot(dout)
    db = np.sum(dout, axis=0)
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
    out = None
    ###########################################################################
    # TODO: Write the relu forward.                                           #
    # Keep in the cache whatever you need later.                              #
    ###########################################################################
    out = np.maximum(0, x)
    ###########################################################################
    #                             END OF YOUR CODE                            #
    ###########################################################################
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
    ###########################################################################
    # TODO: Write the relu backward.                                          #
    # Put the gradients in the variables named above.                         #
    ###########################################################################
    dx = dout * (x > 0)
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
    mode = bn_param["mode"]
    eps = bn_param.get("eps", 1e-5)
    momentum = bn_param.get("momentum", 0.9)

    N, D = x.shape
    running_mean = bn_param.get("running_mean", np.zeros(D, dtype=x.dtype))
    running_var = bn_param.get("running_var", np.zeros(D, dtype=x.dtype))

    out, cache = None, None
    if mode == "train":
    ###########################################################################
    # TODO: Write the batchnorm forward.                                      #
    # Keep in the cache whatever you need later.                              #
    ###########################################################################
        # step 1: mean
        mu = 1.0 / N * np.sum(x, axis=0)
        # step 2: subtract mean
        xmu = x - mu
        # step 3: squares
        sq = xmu ** 2
        # step 4: variance
        var = 1.0 / N * np.sum(sq, axis=0)
        # step 5: root
        sqrtvar = np.sqrt(var + eps)
        # step 6: invert
        ivar = 1.0 / sqrtvar
        # step 7: normalize
        xhat = xmu * ivar
        # step 8 and 9: scale and shift
        gammax = gamma * xhat
        out = gammax + beta

        running_mean = momentum * running_mean + (1 - momentum) * mu
        running_var = momentum * running_var + (1 - momentum) * var

        cache = (xhat, gamma, xmu, ivar, sqrtvar, var, eps)
    ###########################################################################
    #                             END OF YOUR CODE                            #
    ###########################################################################
    elif mode == "test":
        xhat = (x - running_mean) / np.sqrt(running_var + eps)
        out = gamma * xhat + beta
    else:
        raise ValueError('Invalid forward batchnorm mode "%s"' % mode)

    bn_param["running_mean"] = running_mean
    bn_param["running_var"] = running_var

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
    xhat, gamma, xmu, ivar, sqrtvar, var, eps = cache
    N, D = dout.shape
    # step 9
    dbeta = np.sum(dout, axis=0)
    dgammax = dout
    # step 8
    dgamma = np.sum(dgammax * xhat, axis=0)
    dxhat = dgammax * gamma
    # step 7
    divar = np.sum(dxhat * xmu, axis=0)
    dxmu1 = dxhat * ivar
    # step 6
    dsqrtvar = -1.0 / (sqrtvar ** 2) * divar
    # step 5
    dvar = 0.5 * 1.0 / np.sqrt(var + eps) * dsqrtvar
    # step 4
    dsq = 1.0 / N * np.ones((N, D)) * dvar
    # step 3
    dxmu2 = 2 * xmu * dsq
    # step 2
    dx1 = dxmu1 + dxmu2
    dmu = -1 * np.sum(dxmu1 + dxmu2, axis=0)
    # step 1
    dx2 = 1.0 / N * np.ones((N, D)) * dmu
    # step 0
    dx = dx1 + dx2
    ###########################################################################
    #                             END OF YOUR CODE                            #
    ###########################################################################
    return dx, dgamma, dbeta


def batchnorm_backward_alt(dout, cache):
    """
    Batch normalization, backward, simplified on paper first.

    Inputs:
    - dout: (N, D)
    - cache: from batchnorm_forward

    Returns a tuple of:
    - dx, dgamma, dbeta as in batchnorm_backward
    """
    dx, dgamma, dbeta = None, None, None
    ###########################################################################
    # TODO: Write the batchnorm backward alt.                                 #
    # Put the gradients in the variables named above.                         #
    ###########################################################################
    xhat, gamma, xmu, ivar, sqrtvar, var, eps = cache
    N, D = dout.shape
    dbeta = np.sum(dout, axis=0)
    dgamma = np.sum(dout * xhat, axis=0)
    dx = (gamma * ivar / N) * (N * dout - xhat * dgamma - dbeta)
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
    eps = ln_param.get("eps", 1e-5)
    ###########################################################################
    # TODO: Write the layernorm forward.                                      #
    # Keep in the cache whatever you need later.                              #
    ###########################################################################
    N, D = x.shape
    mu = 1.0 / D * np.sum(x, axis=1, keepdims=True)
    xmu = x - mu
    sq = xmu ** 2
    var = 1.0 / D * np.sum(sq, axis=1, keepdims=True)
    sqrtvar = np.sqrt(var + eps)
    ivar = 1.0 / sqrtvar
    xhat = xmu * ivar
    out = gamma * xhat + beta
    cache = (xhat, gamma, xmu, ivar, sqrtvar, var, eps)
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
    xhat, gamma, xmu, ivar, sqrtvar, var, eps = cache
    N, D = dout.shape
    dbeta = np.sum(dout, axis=0)
    dgamma = np.sum(dout * xhat, axis=0)
    dxhat = dout * gamma
    divar = np.sum(dxhat * xmu, axis=1, keepdims=True)
    dxmu1 = dxhat * ivar
    dsqrtvar = -1.0 / (sqrtvar ** 2) * divar
    dvar = 0.5 * 1.0 / np.sqrt(var + eps) * dsqrtvar
    dsq = 1.0 / D * np.ones((N, D)) * dvar
    dxmu2 = 2 * xmu * dsq
    dx1 = dxmu1 + dxmu2
    dmu = -1 * np.sum(dxmu1 + dxmu2, axis=1, keepdims=True)
    dx2 = 1.0 / D * np.ones((N, D)) * dmu
    dx = dx1 + dx2
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
    p, mode = dropout_param["p"], dropout_param["mode"]
    if "seed" in dropout_param:
        np.random.seed(dropout_param["seed"])

    mask = None
    out = None

    if mode == "train":
        mask = (np.random.rand(*x.shape) < p) / p
        out = x * mask
    elif mode == "test":
        out = x

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
    mode = dropout_param["mode"]

    dx = None
    if mode == "train":
        dx = dout * mask
    elif mode == "test":
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
    pad = conv_param["pad"]
    stride = conv_param["stride"]
    N, C, H, W = x.shape
    F, _, HH, WW = w.shape
    H_out = 1 + (H + 2 * pad - HH) // stride
    W_out = 1 + (W + 2 * pad - WW) // stride
    x_pad = np.pad(x, ((0, 0), (0, 0), (pad, pad), (pad, pad)), mode="constant")
    out = np.zeros((N, F, H_out, W_out))
    for n in range(N):
        for f in range(F):
            for i in range(H_out):
                for j in range(W_out):
                    window = x_pad[n, :, i * stride:i * stride + HH, j * stride:j * stride + WW]
                    out[n, f, i, j] = np.sum(window * w[f]) + b[f]
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
    x, w, b, conv_param = cache
    pad = conv_param["pad"]
    stride = conv_param["stride"]
    N, C, H, W = x.shape
    F, _, HH, WW = w.shape
    _, _, H_out, W_out = dout.shape
    x_pad = np.pad(x, ((0, 0), (0, 0), (pad, pad), (pad, pad)), mode="constant")
    dx_pad = np.zeros_like(x_pad)
    dw = np.zeros_like(w)
    db = np.zeros_like(b)
    for n in range(N):
        for f in range(F):
            db[f] += np.sum(dout[n, f])
            for i in range(H_out):
                for j in range(W_out):
                    window = x_pad[n, :, i * stride:i * stride + HH, j * stride:j * stride + WW]
                    dw[f] += window * dout[n, f, i, j]
                    dx_pad[n, :, i * stride:i * stride + HH, j * stride:j * stride + WW] += w[f] * dout[n, f, i, j]
    dx = dx_pad[:, :, pad:pad + H, pad:pad + W]
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
    HH = pool_param["pool_height"]
    WW = pool_param["pool_width"]
    stride = pool_param["stride"]
    N, C, H, W = x.shape
    H_out = 1 + (H - HH) // stride
    W_out = 1 + (W - WW) // stride
    out = np.zeros((N, C, H_out, W_out))
    for i in range(H_out):
        for j in range(W_out):
            out[:, :, i, j] = np.max(x[:, :, i * stride:i * stride + HH, j * stride:j * stride + WW], axis=(2, 3))
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
    x, pool_param = cache
    HH = pool_param["pool_height"]
    WW = pool_param["pool_width"]
    stride = pool_param["stride"]
    N, C, H_out, W_out = dout.shape
    dx = np.zeros_like(x)
    for n in range(N):
        for c in range(C):
            for i in range(H_out):
                for j in range(W_out):
                    window = x[n, c, i * stride:i * stride + HH, j * stride:j * stride + WW]
                    mask = window == np.max(window)
                    dx[n, c, i * stride:i * stride + HH, j * stride:j * stride + WW] += mask * dout[n, c, i, j]
    ###########################################################################
    #                             END OF YOUR CODE                            #
    ###########################################################################
    return dx
