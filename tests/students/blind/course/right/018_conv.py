import numpy as np


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
    stride = conv_param['stride']
    pad = conv_param['pad']
    N, C, H, W = x.shape
    F, _, HH, WW = w.shape
    H_prime = int(np.floor((H + 2 * pad - HH) / stride)) + 1
    W_prime = int(np.floor((W + 2 * pad - WW) / stride)) + 1
    npad = ((0, 0), (0, 0), (pad, pad), (pad, pad))
    padded = np.pad(x, pad_width=npad, mode='constant', constant_values=0)
    w_row = w.reshape(F, C * HH * WW)
    out = np.zeros((N, F, H_prime, W_prime))
    for n in range(N):
        x_col = np.zeros((C * HH * WW, H_prime * W_prime))
        neuron = 0
        for i in range(0, H_prime * stride, stride):
            for j in range(0, W_prime * stride, stride):
                x_col[:, neuron] = padded[n, :, i:i + HH, j:j + WW].reshape(C * HH * WW)
                neuron += 1
        out[n] = (w_row.dot(x_col) + b.reshape(F, 1)).reshape(F, H_prime, W_prime)
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
    stride = conv_param['stride']
    pad = conv_param['pad']
    N, C, H, W = x.shape
    F, _, HH, WW = w.shape
    _, _, H_prime, W_prime = dout.shape
    npad = ((0, 0), (0, 0), (pad, pad), (pad, pad))
    padded = np.pad(x, pad_width=npad, mode='constant', constant_values=0)
    w_row = w.reshape(F, C * HH * WW)
    dw = np.zeros((F, C * HH * WW))
    dpadded = np.zeros(padded.shape)
    for n in range(N):
        x_col = np.zeros((C * HH * WW, H_prime * W_prime))
        neuron = 0
        for i in range(0, H_prime * stride, stride):
            for j in range(0, W_prime * stride, stride):
                x_col[:, neuron] = padded[n, :, i:i + HH, j:j + WW].reshape(C * HH * WW)
                neuron += 1
        d = dout[n].reshape(F, H_prime * W_prime)
        dw += d.dot(x_col.T)
        dx_col = w_row.T.dot(d)
        neuron = 0
        for i in range(0, H_prime * stride, stride):
            for j in range(0, W_prime * stride, stride):
                dpadded[n, :, i:i + HH, j:j + WW] += dx_col[:, neuron].reshape(C, HH, WW)
                neuron += 1
    dw = dw.reshape(w.shape)
    db = np.sum(np.sum(np.sum(dout, axis=3), axis=2), axis=0)
    dx = dpadded[:, :, pad:pad + H, pad:pad + W]
    ###########################################################################
    #                             END OF YOUR CODE                            #
    ###########################################################################
    return dx, dw, db
