from builtins import range
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
    num_train = x.shape[0]
    num_dim = w.shape[0]
    reshaped_x = np.reshape(x, (num_train, num_dim))
    out = np.dot(reshaped_x, w) + b
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
    num_train = x.shape[0]
    num_dim = w.shape[0]
    reshaped_x = np.reshape(x, (num_train, num_dim))
    db = np.zeros(b.shape)
    for i in range(num_train):
        db += dout[i]
    dw = np.dot(reshaped_x.T, dout)
    dx = np.dot(dout, w.T)
    dx = np.reshape(dx, x.shape)
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
    out = np.array(x)
    out[x < 0] = 0.0
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
    dx = np.ones(x.shape)
    dx[x < 0] = 0.0
    dx = dx * dout
    #####################################################################
    #                          END OF YOUR CODE                         #
    #####################################################################
    return dx


def svm_loss(x, y):
    """Multiclass hinge loss and its gradient.

    Input:
      - x: scores (N, C)
      - y: labels (N,)

    Output:
      - loss: scalar
      - dx: (N, C)
    """
    num_train = x.shape[0]
    num_class = x.shape[1]
    loss = 0.0
    dx = np.zeros(x.shape)
    for i in range(num_train):
        for j in range(num_class):
            if j == y[i]:
                continue
            margin = x[i, j] - x[i, y[i]] + 1
            if margin > 0:
                loss += margin
                dx[i, j] += 1
                dx[i, y[i]] -= 1
    loss /= num_train
    dx /= num_train
    return loss, dx


def softmax_loss(x, y):
    """Softmax cross-entropy and its gradient.

    Input:
      - x: scores (N, C)
      - y: labels (N,)

    Output:
      - loss: scalar
      - dx: (N, C)
    """
    num_train = x.shape[0]
    loss = 0.0
    dx = np.zeros(x.shape)
    for i in range(num_train):
        scores = x[i] - np.max(x[i])
        exp_scores = np.exp(scores)
        total = np.sum(exp_scores)
        loss += -scores[y[i]] + np.log(total)
        dx[i] = exp_scores / total
        dx[i, y[i]] -= 1
    loss = loss / num_train
    dx = dx / num_train
    return loss, dx


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
    #####################################################################
    # TODO: Write the dropout forward.                                  #
    # Keep in the cache whatever you need later.                        #
    #####################################################################
        rand_matrix = np.random.rand(*x.shape)
        mask = np.zeros(x.shape)
        mask[rand_matrix < p] = 1
        mask = mask / p
        out = x * mask
    #####################################################################
    #                          END OF YOUR CODE                         #
    #####################################################################
    elif mode == 'test':
        out = x

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
    mode = dropout_param['mode']
    dx = None
    if mode == 'train':
        dx = dout * mask
    elif mode == 'test':
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
    num_data, num_channel, height, width = x.shape
    num_filter, _, filter_height, filter_width = w.shape
    stride = conv_param['stride']
    pad = conv_param['pad']
    padded_x = np.zeros((num_data, num_channel, height + 2 * pad, width + 2 * pad))
    padded_x[:, :, pad:pad + height, pad:pad + width] = x
    out_height = 1 + (height + 2 * pad - filter_height) // stride
    out_width = 1 + (width + 2 * pad - filter_width) // stride
    out = np.zeros((num_data, num_filter, out_height, out_width))
    for n in range(num_data):
        for f in range(num_filter):
            for row in range(out_height):
                for col in range(out_width):
                    top = row * stride
                    left = col * stride
                    bottom = top + filter_height
                    right = left + filter_width
                    out[n, f, row, col] = np.sum(padded_x[n, :, top:bottom, left:right] * w[f]) + b[f]
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
    x, w, b, conv_param = cache
    num_data, num_channel, height, width = x.shape
    num_filter, _, filter_height, filter_width = w.shape
    stride = conv_param['stride']
    pad = conv_param['pad']
    padded_x = np.zeros((num_data, num_channel, height + 2 * pad, width + 2 * pad))
    padded_x[:, :, pad:pad + height, pad:pad + width] = x
    padded_dx = np.zeros(padded_x.shape)
    dw = np.zeros(w.shape)
    db = np.zeros(b.shape)
    out_height = dout.shape[2]
    out_width = dout.shape[3]
    for n in range(num_data):
        for f in range(num_filter):
            for row in range(out_height):
                for col in range(out_width):
                    top = row * stride
                    left = col * stride
                    for i in range(filter_height):
                        for j in range(filter_width):
                            for c in range(num_channel):
                                dw[f, c, i, j] += dout[n, f, row, col] * padded_x[n, c, top + i, left + j]
                                padded_dx[n, c, top + i, left + j] += dout[n, f, row, col] * w[f, c, i, j]
                    db[f] += dout[n, f, row, col]
    dx = padded_dx[:, :, pad:pad + height, pad:pad + width]
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
    num_data, num_channel, height, width = x.shape
    pool_height = pool_param['pool_height']
    pool_width = pool_param['pool_width']
    stride = pool_param['stride']
    out_height = 1 + (height - pool_height) // stride
    out_width = 1 + (width - pool_width) // stride
    out = np.zeros((num_data, num_channel, out_height, out_width))
    for n in range(num_data):
        for c in range(num_channel):
            for row in range(out_height):
                for col in range(out_width):
                    top = row * stride
                    left = col * stride
                    out[n, c, row, col] = np.max(x[n, c, top:top + pool_height, left:left + pool_width])
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
    #####################################################################
    # TODO: Write the max pool backward.                                #
    # Put the gradients in the variables named above.                   #
    #####################################################################
    x, pool_param = cache
    num_data, num_channel, height, width = x.shape
    pool_height = pool_param['pool_height']
    pool_width = pool_param['pool_width']
    stride = pool_param['stride']
    out_height = 1 + (height - pool_height) // stride
    out_width = 1 + (width - pool_width) // stride
    dx = np.zeros(x.shape)
    for n in range(num_data):
        for c in range(num_channel):
            for row in range(out_height):
                for col in range(out_width):
                    top = row * stride
                    left = col * stride
                    best = -np.inf
                    best_i = best_j = 0
                    for i in range(top, top + pool_height):
                        for j in range(left, left + pool_width):
                            if x[n, c, i, j] > best:
                                best = x[n, c, i, j]
                                best_i = i
                                best_j = j
                    dx[n, c, best_i, best_j] += dout[n, c, row, col]
    #####################################################################
    #                          END OF YOUR CODE                         #
    #####################################################################
    return dx
