import numpy as np
from numpy.lib.stride_tricks import as_strided


def affine_forward(x, w, b):
    """Fully connected layer, forward.

    Every example is flattened to a row of length D = d_1 * ... * d_k before the product.

    Args:
        x: data of shape (N, d_1, ..., d_k)
        w: weights, (D, M)
        b: biases, (M,)

    Returns:
        out: scores of shape (N, M)
        cache: (x, w, b)
    """
    flat = x.reshape(x.shape[0], w.shape[0])
    out = np.einsum('nd,dm->nm', flat, w) + b
    return out, (flat, w, x.shape)


def affine_backward(dout, cache):
    """Fully connected layer, backward.

    Args:
        dout: upstream gradient, (N, M)
        cache: what the forward pass kept

    Returns:
        dx: (N, d_1, ..., d_k)
        dw: (D, M)
        db: (M,)
    """
    flat, w, shape = cache
    dx = np.einsum('nm,dm->nd', dout, w).reshape(shape)
    dw = np.einsum('nd,nm->dm', flat, dout)
    db = np.einsum('nm->m', dout)
    return dx, dw, db


def relu_forward(x):
    """Rectified linear units, forward.

    Args:
        x: array of any shape

    Returns:
        out: same shape as x
        cache: x
    """
    mask = x > 0
    return x * mask, mask


def relu_backward(dout, cache):
    """Rectified linear units, backward.

    Args:
        dout: upstream gradient
        cache: the input x

    Returns:
        dx: gradient for x
    """
    return dout * cache


def batchnorm_forward(x, gamma, beta, bn_param):
    """Batch normalization, forward.

    In train mode mean and (biased) variance of the minibatch normalize the data and
    feed exponentially decaying running averages:

    running_mean = momentum * running_mean + (1 - momentum) * sample_mean
    running_var = momentum * running_var + (1 - momentum) * sample_var

    In test mode the running averages are used.

    Args:
        x: (N, D)
        gamma: scale (D,)
        beta: shift (D,)
        bn_param: dict with mode ('train' or 'test'), eps, momentum, running_mean, running_var

    Returns:
        out: (N, D)
        cache: for the backward pass
    """
    mode = bn_param["mode"]
    eps = bn_param.get("eps", 1e-5)
    momentum = bn_param.get("momentum", 0.9)
    N, D = x.shape
    running_mean = bn_param.get("running_mean", np.zeros(D))
    running_var = bn_param.get("running_var", np.zeros(D))

    out, cache = None, None
    if mode == "train":
        mu = np.einsum('nd->d', x) / N
        xc = x - mu
        var = np.einsum('nd,nd->d', xc, xc) / N
        sigma = np.sqrt(var + eps)
        z = xc / sigma
        out = z * gamma + beta
        running_mean = momentum * running_mean + (1 - momentum) * mu
        running_var = momentum * running_var + (1 - momentum) * var
        cache = z, sigma, gamma
    elif mode == "test":
        z = (x - running_mean) / np.sqrt(running_var + eps)
        out = z * gamma + beta
    else:
        raise ValueError("bad mode")

    bn_param["running_mean"] = running_mean
    bn_param["running_var"] = running_var
    return out, cache


def batchnorm_backward(dout, cache):
    """Batch normalization, backward. Draw the graph and go back node by node.

    Args:
        dout: (N, D)
        cache: from batchnorm_forward

    Returns:
        dx: (N, D)
        dgamma: (D,)
        dbeta: (D,)
    """
    z, sigma, gamma = cache
    N = z.shape[0]
    dbeta = np.einsum('nd->d', dout)
    dgamma = np.einsum('nd,nd->d', dout, z)
    dx = gamma / sigma * (dout - dbeta / N - z * dgamma / N)
    return dx, dgamma, dbeta


def layernorm_forward(x, gamma, beta, ln_param):
    """Layer normalization, forward. Statistics are per data point, so train and test agree.

    Args:
        x: (N, D)
        gamma: scale (D,)
        beta: shift (D,)
        ln_param: dict with eps

    Returns:
        out: (N, D)
        cache: for the backward pass
    """
    eps = ln_param.get("eps", 1e-5)
    N, D = x.shape
    mu = np.einsum('nd->n', x) / D
    xc = x - mu[:, None]
    var = np.einsum('nd,nd->n', xc, xc) / D
    sigma = np.sqrt(var + eps)[:, None]
    z = xc / sigma
    out = z * gamma + beta
    return out, (z, sigma, gamma)


def layernorm_backward(dout, cache):
    """Layer normalization, backward.

    Args:
        dout: (N, D)
        cache: from layernorm_forward

    Returns:
        dx: (N, D)
        dgamma: (D,)
        dbeta: (D,)
    """
    z, sigma, gamma = cache
    D = z.shape[1]
    dbeta = np.einsum('nd->d', dout)
    dgamma = np.einsum('nd,nd->d', dout, z)
    dz = dout * gamma
    s1 = np.einsum('nd->n', dz)[:, None]
    s2 = np.einsum('nd,nd->n', dz, z)[:, None]
    dx = (dz - s1 / D - z * s2 / D) / sigma
    return dx, dgamma, dbeta


def conv_forward_naive(x, w, b, conv_param):
    """Convolution, slow and obvious, forward.

    N images with C channels are filtered with F filters over all C channels.

    Args:
        x: (N, C, H, W)
        w: (F, C, HH, WW)
        b: (F,)
        conv_param: dict with stride and pad (zeros on each side)

    Returns:
        out: (N, F, H', W'), H' = 1 + (H + 2 * pad - HH) / stride, W' alike
        cache: (x, w, b, conv_param)
    """
    stride, pad = conv_param["stride"], conv_param["pad"]
    N, C, H, W = x.shape
    F, _, HH, WW = w.shape
    Ho = (H + 2 * pad - HH) // stride + 1
    Wo = (W + 2 * pad - WW) // stride + 1
    xp = np.pad(x, ((0, 0), (0, 0), (pad, pad), (pad, pad)))
    sn, sc, sh, sw = xp.strides
    win = as_strided(xp, (N, C, Ho, Wo, HH, WW), (sn, sc, sh * stride, sw * stride, sh, sw))
    out = np.einsum('nchwij,fcij->nfhw', win, w) + b[None, :, None, None]
    return out, (x.shape, win, w, conv_param)


def conv_backward_naive(dout, cache):
    """Convolution, slow and obvious, backward.

    Args:
        dout: upstream gradient
        cache: from conv_forward_naive

    Returns:
        dx
        dw
        db
    """
    shape, win, w, conv_param = cache
    stride, pad = conv_param["stride"], conv_param["pad"]
    N, C, H, W = shape
    F, _, HH, WW = w.shape
    Ho, Wo = dout.shape[2:]
    db = np.einsum('nfhw->f', dout)
    dw = np.einsum('nfhw,nchwij->fcij', dout, win)
    dxp = np.zeros((N, C, H + 2 * pad, W + 2 * pad))
    for i in range(HH):
        for j in range(WW):
            dxp[:, :, i:i + stride * Ho:stride, j:j + stride * Wo:stride] += np.einsum('nfhw,fc->nchw', dout, w[:, :, i, j])
    dx = dxp[:, :, pad:H + pad, pad:W + pad]
    return dx, dw, db


def max_pool_forward_naive(x, pool_param):
    """Max pooling, forward.

    Args:
        x: (N, C, H, W)
        pool_param: dict with pool_height, pool_width, stride

    Returns:
        out: (N, C, H', W')
        cache: (x, pool_param)
    """
    ph, pw, stride = (pool_param[k] for k in ("pool_height", "pool_width", "stride"))
    N, C, H, W = x.shape
    Ho = (H - ph) // stride + 1
    Wo = (W - pw) // stride + 1
    sn, sc, sh, sw = x.strides
    win = as_strided(x, (N, C, Ho, Wo, ph, pw), (sn, sc, sh * stride, sw * stride, sh, sw))
    flat = win.reshape(N, C, Ho, Wo, ph * pw)
    arg = flat.argmax(axis=-1)
    out = flat.max(axis=-1)
    return out, (x.shape, arg, pool_param)


def max_pool_backward_naive(dout, cache):
    """Max pooling, backward.

    Args:
        dout: upstream gradient
        cache: from the forward pass

    Returns:
        dx
    """
    shape, arg, pool_param = cache
    pw, stride = pool_param["pool_width"], pool_param["stride"]
    n, c, h, k = np.indices(dout.shape)
    rows = h * stride + arg // pw
    cols = k * stride + arg % pw
    dx = np.zeros(shape)
    np.add.at(dx, (n, c, rows, cols), dout)
    return dx


def spatial_batchnorm_forward(x, gamma, beta, bn_param):
    """Batch normalization per channel, forward.

    Args:
        x: (N, C, H, W)
        gamma, beta: (C,)
        bn_param: as for batchnorm_forward

    Returns:
        out: (N, C, H, W)
        cache
    """
    N, C, H, W = x.shape
    y, cache = batchnorm_forward(np.einsum('nchw->nhwc', x).reshape(-1, C), gamma, beta, bn_param)
    out = np.einsum('nhwc->nchw', y.reshape(N, H, W, C))
    return out, cache


def spatial_batchnorm_backward(dout, cache):
    """Batch normalization per channel, backward.

    Args:
        dout: (N, C, H, W)
        cache

    Returns:
        dx: (N, C, H, W)
        dgamma, dbeta: (C,)
    """
    N, C, H, W = dout.shape
    dy, dgamma, dbeta = batchnorm_backward(np.einsum('nchw->nhwc', dout).reshape(-1, C), cache)
    dx = np.einsum('nhwc->nchw', dy.reshape(N, H, W, C))
    return dx, dgamma, dbeta


def softmax_loss(x, y):
    """Softmax cross-entropy and its gradient.

    Args:
        x: scores (N, C)
        y: labels (N,)

    Returns:
        loss: scalar
        dx: (N, C)
    """
    N, C = x.shape
    e = np.exp(x - x.max(axis=1)[:, None])
    p = e / np.einsum('nc->n', e)[:, None]
    onehot = np.zeros((N, C))
    onehot[np.arange(N), y] = 1
    lse = np.log(np.einsum('nc->n', e)) + x.max(axis=1)
    loss = np.sum(lse - np.einsum('nc,nc->n', x, onehot)) / N
    dx = (p - onehot) / N
    return loss, dx
