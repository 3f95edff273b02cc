import numpy as np


def conv_forward_naive(x, w, b, conv_param):
    out = None

    N, C, H, W = x.shape
    F, _, HH, WW = w.shape
    stride, pad = conv_param['stride'], conv_param['pad']
    down = 1 + (H + 2 * pad - HH) // stride
    across = 1 + (W + 2 * pad - WW) // stride
    out = np.zeros((N, F, down, across))

    for n in range(N):
        image = x[n]

        # an empty frame
        framed = np.zeros((C, H + 2 * pad, W + 2 * pad))

        # with the image in it
        framed[:, pad:pad+H, pad:pad+W] = image

        _, framed_H, framed_W = framed.shape

        for f in range(F):
            _kernel = w[f]
            for i in range(0, framed_H-HH+1, stride):
                for j in range(0, framed_W-WW+1, stride):
                    # what lies under the kernel
                    part = framed[:, i:i+HH, j:j+WW]

                    # how well it fits
                    out[n][f][i//stride][j//stride] = np.sum(part * _kernel) + b[f]

    cache = (x, w, b, conv_param)

    print(out)

    return out, cache


def relu_forward(x):
    out = None

    out = np.maximum(0, x)

    cache = x
    return out, cache


def max_pool_forward_naive(x, pool_param):
    N, C, H, W = x.shape
    pool_height, pool_width, stride = pool_param['pool_height'], pool_param['pool_width'], pool_param['stride']
    down = 1 + (H - pool_height) // stride
    across = 1 + (W - pool_width) // stride

    out = np.zeros((N, C, down, across))

    for n in range(N):
        for c in range(C):
            for i in range(down):
                for j in range(across):
                    top = i * stride
                    left = j * stride
                    bottom = top + pool_height
                    right = left + pool_width

                    # those that compete
                    part = x[n, c, top:bottom, left:right]

                    # the winner
                    out[n, c, i, j] = np.max(part)

    cache = (x, pool_param)
    return out, cache


def affine_forward(x, w, b):
    out = None

    out = x.reshape(len(x), -1) @ w + b

    cache = (x, w, b)
    return out, cache


def softmax_loss(x, y):
    loss, dx = None, None

    N = len(y) # as many examples

    P = np.exp(x - x.max(axis=1, keepdims=True)) # no exponential overflows
    P /= P.sum(axis=1, keepdims=True)            # rows that sum to 1

    loss = -np.log(P[range(N), y]).sum() / N     # of the right class alone

    P[range(N), y] -= 1
    dx = P / N

    return loss, dx


def batchnorm_forward(x, gamma, beta, bn_param):
    mode = bn_param["mode"]
    eps = bn_param.get("eps", 1e-5)
    momentum = bn_param.get("momentum", 0.9)

    N, D = x.shape
    running_mean = bn_param.get("running_mean", np.zeros(D, dtype=x.dtype))
    running_var = bn_param.get("running_var", np.zeros(D, dtype=x.dtype))

    out, cache = None, None
    if mode == "train":
        mean = x.mean(axis=0)
        spread = x.var(axis=0)
        root = np.sqrt(spread + eps)
        normal = (x - mean) / root
        out = gamma * normal + beta

        shape = bn_param.get('shape', (N, D))                # for the way back
        axis = bn_param.get('axis', 0)                       # what is summed there
        cache = x, mean, spread, root, gamma, normal, shape, axis

        if axis == 0:                                        # nobody else keeps averages
            running_mean = momentum * running_mean + (1 - momentum) * mean
            running_var = momentum * running_var + (1 - momentum) * spread

    elif mode == "test":
        normal = (x - running_mean) / np.sqrt(running_var + eps)
        out = gamma * normal + beta

    else:
        raise ValueError('There is no mode "%s"' % mode)

    # for the next batch
    bn_param["running_mean"] = running_mean
    bn_param["running_var"] = running_var

    return out, cache


def layernorm_forward(x, gamma, beta, ln_param):
    out, cache = None, None
    eps = ln_param.get("eps", 1e-5)

    bn_param = {"mode": "train", "axis": 1, **ln_param} # the same, seen from the side
    [gamma, beta] = np.atleast_2d(gamma, beta)          # rows, which can be turned

    out, cache = batchnorm_forward(x.T, gamma.T, beta.T, bn_param) # turned there
    out = out.T                                                    # and back

    return out, cache
