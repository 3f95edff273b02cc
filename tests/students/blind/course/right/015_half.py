import numpy as np


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
    out = None
    #####################################################################
    # TODO: Write the affine forward.                                   #
    # Keep in the cache whatever you need later.                        #
    #####################################################################
    sz = x.shape
    D = 1
    for s in sz[1:]:
        D *= s
    out = x.reshape(sz[0], D).dot(w) + b
    #####################################################################
    #                          END OF YOUR CODE                         #
    #####################################################################
    cache = (x, w, b)
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
    x, w, b = cache
    dx, dw, db = None, None, None
    #####################################################################
    # TODO: Write the affine backward.                                  #
    # Put the gradients in the variables named above.                   #
    #####################################################################
    sz = x.shape
    D = 1
    for s in sz[1:]:
        D *= s
    dx = dout.dot(w.transpose()).reshape(sz)
    dw = x.reshape(sz[0], D).transpose().dot(dout)
    db = np.sum(dout, axis=0)
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
    out = None
    #####################################################################
    # TODO: Write the relu forward.                                     #
    # Keep in the cache whatever you need later.                        #
    #####################################################################
    out = np.maximum(np.zeros(x.shape), x)
    #####################################################################
    #                          END OF YOUR CODE                         #
    #####################################################################
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
    dx, x = None, cache
    #####################################################################
    # TODO: Write the relu backward.                                    #
    # Put the gradients in the variables named above.                   #
    #####################################################################
    grad = (x > 0).astype(x.dtype)
    dx = np.multiply(dout, grad)
    #####################################################################
    #                          END OF YOUR CODE                         #
    #####################################################################
    return dx


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
    N = x.shape[0]
    scores = x - np.max(x, axis=1, keepdims=True)
    e = np.exp(scores)
    s = np.sum(e, axis=1)
    loss = np.sum(np.log(s)) - np.sum(scores[np.arange(N), y])
    loss = loss / N
    dx = e / s.reshape(-1, 1)
    dx[np.arange(N), y] = dx[np.arange(N), y] - 1
    dx = dx / N
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
    mode = bn_param["mode"]
    eps = bn_param.get("eps", 1e-5)
    momentum = bn_param.get("momentum", 0.9)

    N, D = x.shape
    running_mean = bn_param.get("running_mean", np.zeros(D, dtype=x.dtype))
    running_var = bn_param.get("running_var", np.zeros(D, dtype=x.dtype))

    out, cache = None, None
    if mode == "train":
    #####################################################################
    # TODO: Write the batchnorm forward.                                #
    # Keep in the cache whatever you need later.                        #
    #####################################################################
        sample_mean = np.mean(x, axis=0)
        sample_var = np.var(x, axis=0)
        x_hat = (x - sample_mean) / np.sqrt(sample_var + eps)
        out = gamma * x_hat + beta
        cache = (x, gamma, beta, x_hat, sample_mean, sample_var, eps)
        running_mean = momentum * running_mean + (1 - momentum) * sample_mean
        running_var = momentum * running_var + (1 - momentum) * sample_var
    #####################################################################
    #                          END OF YOUR CODE                         #
    #####################################################################
    elif mode == "test":
    #####################################################################
    # TODO: Write the batchnorm forward.                                #
    # Keep in the cache whatever you need later.                        #
    #####################################################################
        x_hat = x - running_mean
        x_hat = x_hat / np.sqrt(running_var + eps)
        out = gamma * x_hat
        out = out + beta
    #####################################################################
    #                          END OF YOUR CODE                         #
    #####################################################################
    else:
        raise ValueError('Invalid forward batchnorm mode "%s"' % mode)

    bn_param["running_mean"] = running_mean
    bn_param["running_var"] = running_var

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
    x, gamma, beta, x_hat, sample_mean, sample_var, eps = cache
    m = x.shape[0]
    dx_hat = dout * gamma
    dsample_var = np.sum(dx_hat * (x - sample_mean) * (-0.5) * np.power(sample_var + eps, -1.5), axis=0)
    dsample_mean = np.sum(dx_hat * (-1 / np.sqrt(sample_var + eps)), axis=0)
    dsample_mean += dsample_var * np.sum(-2 * (x - sample_mean), axis=0) / m
    dx1 = dx_hat * 1 / np.sqrt(sample_var + eps)
    dx2 = dsample_var * 2 * (x - sample_mean) / m
    dx3 = dsample_mean * 1 / m
    dx = dx1 + dx2 + dx3
    dgamma = np.sum(dout * x_hat, axis=0)
    dbeta = np.sum(dout, axis=0)
    #####################################################################
    #                          END OF YOUR CODE                         #
    #####################################################################
    return dx, dgamma, dbeta


def batchnorm_backward_alt(dout, cache):
    """Batch normalization, backward, simplified on paper first.

    Input:
      - dout: (N, D)
      - cache: from batchnorm_forward

    Output:
      - dx, dgamma, dbeta as in batchnorm_backward
    """
    dx, dgamma, dbeta = None, None, None
    #####################################################################
    # TODO: Write the batchnorm backward alt.                           #
    # Put the gradients in the variables named above.                   #
    #####################################################################
    pass
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
    eps = ln_param.get("eps", 1e-5)
    #####################################################################
    # TODO: Write the layernorm forward.                                #
    # Keep in the cache whatever you need later.                        #
    #####################################################################
    x = x.T
    sample_mean = np.mean(x, axis=0)
    sample_var = np.var(x, axis=0)
    x_hat = (x - sample_mean) / np.sqrt(sample_var + eps)
    x_hat = x_hat.T
    out = gamma * x_hat + beta
    cache = (x, gamma, beta, x_hat, sample_mean, sample_var, eps)
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
    x, gamma, beta, x_hat, sample_mean, sample_var, eps = cache
    m = x.shape[0]
    dgamma = np.sum(dout * x_hat, axis=0)
    dbeta = np.sum(dout, axis=0)
    dx_hat = (dout * gamma).T
    dsample_var = np.sum(dx_hat * (x - sample_mean) * (-0.5) * np.power(sample_var + eps, -1.5), axis=0)
    dsample_mean = np.sum(dx_hat * (-1 / np.sqrt(sample_var + eps)), axis=0)
    dsample_mean += dsample_var * np.sum(-2 * (x - sample_mean), axis=0) / m
    dx1 = dx_hat * 1 / np.sqrt(sample_var + eps)
    dx2 = dsample_var * 2 * (x - sample_mean) / m
    dx3 = dsample_mean * 1 / m
    dx = (dx1 + dx2 + dx3).T
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
    p, mode = dropout_param["p"], dropout_param["mode"]
    if "seed" in dropout_param:
        np.random.seed(dropout_param["seed"])

    mask = None
    out = None

    if mode == "train":
    #####################################################################
    # TODO: Write the dropout forward.                                  #
    # Keep in the cache whatever you need later.                        #
    #####################################################################
        U = np.random.rand(*x.shape)
        mask = np.where(U < p, 1.0 / p, 0.0)
        out = np.multiply(x, mask)
    #####################################################################
    #                          END OF YOUR CODE                         #
    #####################################################################
    elif mode == "test":
    #####################################################################
    # TODO: Write the dropout forward.                                  #
    # Keep in the cache whatever you need later.                        #
    #####################################################################
        out = x
    #####################################################################
    #                          END OF YOUR CODE                         #
    #####################################################################

    cache = (dropout_param, mask)
    out = out.astype(x.dtype, copy=False)

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
    mode = dropout_param["mode"]

    dx = None
    if mode == "train":
    #####################################################################
    # TODO: Write the dropout backward.                                 #
    # Put the gradients in the variables named above.                   #
    #####################################################################
        dx = np.multiply(dout, mask)
    #####################################################################
    #                          END OF YOUR CODE                         #
    #####################################################################
    elif mode == "test":
        dx = dout
    return dx


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
    out = None
    #####################################################################
    # TODO: Write the conv forward.                                     #
    # Keep in the cache whatever you need later.                        #
    #####################################################################
    stride = conv_param['stride']
    pad = conv_param['pad']
    N, C, H, W = x.shape
    F, C, HH, WW = w.shape
    x_padded = np.pad(x, ((0, 0), (0, 0), (pad, pad), (pad, pad)), 'constant')
    H_new = 1 + (H + 2 * pad - HH) // stride
    W_new = 1 + (W + 2 * pad - WW) // stride
    out = np.zeros((N, F, H_new, W_new))
    for i in range(N):
        img = x_padded[i]
        for j in range(F):
            for k in range(H_new):
                for l in range(W_new):
                    hs = k * stride
                    ws = l * stride
                    block = img[:, hs:hs + HH, ws:ws + WW]
                    out[i, j, k, l] = np.sum(block * w[j]) + b[j]
    #####################################################################
    #                          END OF YOUR CODE                         #
    #####################################################################
    cache = (x, w, b, conv_param)
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
    pass
    #####################################################################
    #                          END OF YOUR CODE                         #
    #####################################################################
    return dx, dw, db


def max_pool_forward_naive(x, pool_param):
    """Max pooling, forward.

    Input:
      - x: (N, C, H, W)
      - pool_param: dict with pool_height, pool_width, stride

    Output:
      - out: (N, C, H', W')
      - cache: (x, pool_param)
    """
    out = None
    #####################################################################
    # TODO: Write the max pool forward.                                 #
    # Keep in the cache whatever you need later.                        #
    #####################################################################
    pass
    #####################################################################
    #                          END OF YOUR CODE                         #
    #####################################################################
    cache = (x, pool_param)
    return out, cache


def max_pool_backward_naive(dout, cache):
    """Max pooling, backward.

    Input:
      - dout: upstream gradient
      - cache: from the forward pass

    Output:
      - dx
    """
    dx = None
    return dx
