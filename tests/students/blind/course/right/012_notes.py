from builtins import range
import numpy as np

from cs231n.im2col import im2col_indices, col2im_indices


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
    out = None
    # TODO: affine forward
    x_flat = x.reshape((x.shape[0], -1))  # (N, D)
    out = x_flat @ w + b                  # (N, M)
    cache = (x, w, b)
    return out, cache


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
    x, w, b = cache
    dx, dw, db = None, None, None
    # TODO: affine backward
    x_flat = x.reshape((x.shape[0], -1))  # (N, D)
    dx_flat = dout @ w.T                  # (N, M) (M, D)
    dx = dx_flat.reshape(x.shape)
    dw = x_flat.T @ dout                  # (D, N) (N, M)
    db = np.sum(dout, axis=0)             # (M,)
    return dx, dw, db


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
    running_mean = bn_param.get("running_mean", np.zeros(D, dtype=x.dtype))
    running_var = bn_param.get("running_var", np.zeros(D, dtype=x.dtype))

    out, cache = None, None
    if mode == "train":
        # Forward in nodes:
        #   x -> mu -> x_centered -> x_centered^2 -> var -> std -> x_norm -> out
        mu = np.mean(x, axis=0)                          # (D,)
        x_centered = x - mu                              # (N, D)
        var = np.mean(np.square(x_centered), axis=0)     # (D,)
        std = np.sqrt(var + eps)                         # (D,)
        inv_std = 1.0 / std                              # (D,)
        x_norm = x_centered * inv_std                    # (N, D)
        out = gamma * x_norm + beta

        # exponential averages
        running_mean = running_mean * momentum
        running_mean += (1 - momentum) * mu
        running_var = running_var * momentum
        running_var += (1 - momentum) * var

        cache = (x_centered, std, inv_std, x_norm, gamma)
    elif mode == "test":
        x_norm = (x - running_mean) / np.sqrt(running_var + eps)
        out = gamma * x_norm + beta
    else:
        raise ValueError('Invalid forward batchnorm mode "%s"' % mode)

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
    x_centered, std, inv_std, x_norm, gamma = cache
    N, D = dout.shape
    # out = gamma * x_norm + beta
    dbeta = np.sum(dout, axis=0)
    dgamma = np.sum(dout * x_norm, axis=0)
    dx_norm = dout * gamma
    # x_norm = x_centered * inv_std
    dx_centered = dx_norm * inv_std
    dinv_std = np.sum(dx_norm * x_centered, axis=0)
    # inv_std = 1 / std
    dstd = -dinv_std * inv_std ** 2
    # std = sqrt(var + eps)
    dvar = dstd / (2 * std)
    # var = mean(x_centered ^ 2)
    dx_centered = dx_centered + dvar * 2 * x_centered / N
    # x_centered = x - mu
    dmu = -np.sum(dx_centered, axis=0)
    dx = dx_centered
    # mu = mean(x)
    dx = dx + dmu / N
    return dx, dgamma, dbeta


def batchnorm_backward_alt(dout, cache):
    """Batch normalization, backward, simplified on paper first.

    Args:
        dout: (N, D)
        cache: from batchnorm_forward

    Returns:
        dx, dgamma, dbeta as in batchnorm_backward
    """
    _, _, inv_std, x_norm, gamma = cache
    dbeta = np.sum(dout, axis=0)
    dgamma = np.sum(dout * x_norm, axis=0)
    dx_norm = dout * gamma
    dx = inv_std * (
        dx_norm
        - np.mean(dx_norm, axis=0)
        - x_norm * np.mean(dx_norm * x_norm, axis=0)
    )
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
    # same graph, everything transposed: statistics per row
    xt = x.T                                           # (D, N)
    mu = np.mean(xt, axis=0)                           # (N,)
    x_centered = xt - mu                               # (D, N)
    var = np.mean(np.square(x_centered), axis=0)       # (N,)
    std = np.sqrt(var + eps)
    inv_std = 1.0 / std
    x_norm = x_centered * inv_std                      # (D, N)
    out = gamma * x_norm.T + beta                      # (N, D)
    cache = (x_centered, std, inv_std, x_norm, gamma)
    return out, cache


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
    x_centered, std, inv_std, x_norm, gamma = cache
    D, N = x_norm.shape
    dbeta = np.sum(dout, axis=0)
    dgamma = np.sum(dout * x_norm.T, axis=0)
    dx_norm = (dout * gamma).T                         # (D, N)
    dx_centered = dx_norm * inv_std
    dinv_std = np.sum(dx_norm * x_centered, axis=0)
    dstd = -dinv_std * inv_std ** 2
    dvar = dstd / (2 * std)
    dx_centered = dx_centered + dvar * 2 * x_centered / D
    dmu = -np.sum(dx_centered, axis=0)
    dx = (dx_centered + dmu / D).T
    return dx, dgamma, dbeta


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
    out, cache = None, None
    N, C, H, W = x.shape
    # channels last, then every pixel of every image is one sample
    x_rows = np.transpose(x, (0, 2, 3, 1)).reshape(N * H * W, C)
    out_rows, cache = batchnorm_forward(x_rows, gamma, beta, bn_param)
    out = np.transpose(out_rows.reshape(N, H, W, C), (0, 3, 1, 2))
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
    dx, dgamma, dbeta = None, None, None
    N, C, H, W = dout.shape
    dout_rows = np.transpose(dout, (0, 2, 3, 1)).reshape(N * H * W, C)
    dx_rows, dgamma, dbeta = batchnorm_backward_alt(dout_rows, cache)
    dx = np.transpose(dx_rows.reshape(N, H, W, C), (0, 3, 1, 2))
    return dx, dgamma, dbeta


def spatial_groupnorm_forward(x, gamma, beta, G, gn_param):
    """Group normalization, forward. Channels are split into G groups, each normalized per image.

    Args:
        x: (N, C, H, W)
        gamma, beta: (1, C, 1, 1)
        G: number of groups, divides C
        gn_param: dict with eps

    Returns:
        out: (N, C, H, W)
        cache
    """
    out, cache = None, None
    eps = gn_param.get("eps", 1e-5)
    N, C, H, W = x.shape
    # one row per (image, group)
    size = (N * G, C // G * H * W)
    xr = x.reshape(size)
    mu = xr.mean(axis=1, keepdims=True)
    x_centered = xr - mu
    var = (x_centered ** 2).mean(axis=1, keepdims=True)
    std = np.sqrt(var + eps)
    x_norm = (x_centered / std).reshape(N, C, H, W)
    out = gamma * x_norm + beta
    cache = (G, x_centered, std, x_norm, gamma, size)
    return out, cache


def spatial_groupnorm_backward(dout, cache):
    """Group normalization, backward.

    Args:
        dout: (N, C, H, W)
        cache

    Returns:
        dx: (N, C, H, W)
        dgamma, dbeta: (1, C, 1, 1)
    """
    dx, dgamma, dbeta = None, None, None
    G, x_centered, std, x_norm, gamma, size = cache
    N, C, H, W = dout.shape
    dbeta = np.sum(dout, axis=(0, 2, 3)).reshape(1, C, 1, 1)
    dgamma = np.sum(dout * x_norm, axis=(0, 2, 3)).reshape(1, C, 1, 1)
    dx_norm = (dout * gamma).reshape(size)
    M = size[1]
    dvar = np.sum(dx_norm * x_centered * -0.5 * std ** -3, axis=1, keepdims=True)
    dmu = np.sum(-dx_norm / std, axis=1, keepdims=True)
    dx = dx_norm / std + dvar * 2 * x_centered / M + dmu / M
    dx = dx.reshape(N, C, H, W)
    return dx, dgamma, dbeta
