from builtins import range
import numpy as np
DEBUG = False


def affine_forward(x, w, b):
    #############################################################################
    # TODO: Implement the affine forward pass.                                  #
    #############################################################################
    # out = np.dot(x, w) + b      <- does not work for images
    out = np.dot(x.reshape(x.shape[0], np.prod(x.shape[1:])), w) + b
    cache = (x, w, b)
    return out, cache


def affine_backward(dout, cache):
    x, w, b = cache
    dx, dw, db = None, None, None
    x2 = x.reshape(x.shape[0], np.prod(x.shape[1:]))
    dx = np.dot(dout, w.T)
    dx = dx.reshape(x.shape)
    dw = np.dot(x2.T, dout)
    db = np.dot(dout.T, np.ones(x.shape[0]))
    return dx, dw, db


def relu_forward(x):
    out = None
    out = x * (x > 0)
    cache = x
    return out, cache


def relu_backward(dout, cache):
    dx, x = None, cache
    # dx = dout; dx[x < 0] = 0
    dx = (x > 0) * dout
    return dx


def affine_relu_forward(x, w, b):
    a, fc_cache = affine_forward(x, w, b)
    out, relu_cache = relu_forward(a)
    cache = (fc_cache, relu_cache)
    return out, cache


def affine_relu_backward(dout, cache):
    fc_cache, relu_cache = cache
    da = relu_backward(dout, relu_cache)
    dx, dw, db = affine_backward(da, fc_cache)
    return dx, dw, db


def batchnorm_forward(x, gamma, beta, bn_param):
    mode = bn_param['mode']
    eps = bn_param.get('eps', 1e-5)
    momentum = bn_param.get('momentum', 0.9)
    layernorm = bn_param.get('layernorm', 0)

    N, D = x.shape
    running_mean = bn_param.get('running_mean', np.zeros(D, dtype=x.dtype))
    running_var = bn_param.get('running_var', np.zeros(D, dtype=x.dtype))

    out, cache = None, None
    if mode == 'train':
        sample_mean = np.mean(x, axis=0)
        sample_var = np.var(x, axis=0)
        if DEBUG:
            print(sample_mean.shape, sample_var.shape)
        std = np.sqrt(sample_var + eps)
        x_norm = (x - sample_mean) / std
        out = x_norm * gamma + beta

        if layernorm == 0:
            running_mean = momentum * running_mean + (1 - momentum) * sample_mean
            running_var = momentum * running_var + (1 - momentum) * sample_var

        cache = (x, gamma, beta, x_norm, sample_mean, sample_var, std, eps, layernorm)
    elif mode == 'test':
        x_norm = x - running_mean
        x_norm = x_norm / np.sqrt(running_var + eps)
        out = x_norm * gamma + beta
    else:
        raise ValueError('mode? ' + str(mode))

    # Store the updated running means back into bn_param
    bn_param['running_mean'] = running_mean
    bn_param['running_var'] = running_var

    return out, cache


def batchnorm_backward(dout, cache):
    dx, dgamma, dbeta = None, None, None
    x, gamma, beta, x_norm, sample_mean, sample_var, std, eps, layernorm = cache
    N = x.shape[0]

    dgamma = np.sum(dout * x_norm, axis=layernorm)
    dbeta = np.sum(dout, axis=layernorm)

    dx_norm = dout * gamma
    dx_mu1 = dx_norm / std
    dsample_var = np.sum(dx_norm * (x - sample_mean), axis=0) * -0.5 * (sample_var + eps) ** (-1.5)
    dx_mu2 = dsample_var * 2.0 * (x - sample_mean) / N
    dsample_mean = -1.0 * np.sum(dx_mu1 + dx_mu2, axis=0)
    dx = dx_mu1 + dx_mu2 + dsample_mean / N

    return dx, dgamma, dbeta


def batchnorm_backward_alt(dout, cache):
    dx, dgamma, dbeta = None, None, None
    x, gamma, beta, x_norm, sample_mean, sample_var, std, eps, layernorm = cache
    N = x.shape[0]
    dbeta = np.sum(dout, axis=layernorm)
    dgamma = np.sum(dout * x_norm, axis=layernorm)
    dx_norm = dout * gamma
    dx = N * dx_norm - np.sum(dx_norm, axis=0) - x_norm * np.sum(dx_norm * x_norm, axis=0)
    dx = dx / N / std
    # dx = 1 / N / std * (N * dx_norm - ...)
    return dx, dgamma, dbeta


def layernorm_forward(x, gamma, beta, ln_param):
    out, cache = None, None
    # batchnorm of the transpose
    ln_param['mode'] = 'train'
    ln_param['layernorm'] = 1
    out, cache = batchnorm_forward(x.T, gamma.reshape(-1, 1), beta.reshape(-1, 1), ln_param)
    out = out.T
    return out, cache


def layernorm_backward(dout, cache):
    dx, dgamma, dbeta = None, None, None
    dx, dgamma, dbeta = batchnorm_backward(dout.T, cache)
    dx = dx.T
    return dx, dgamma, dbeta


def dropout_forward(x, dropout_param):
    p, mode = dropout_param['p'], dropout_param['mode']
    if 'seed' in dropout_param:
        np.random.seed(dropout_param['seed'])
    mask = None
    out = None
    if mode == 'train':
        mask = (np.random.rand(*x.shape) < p) / p
        out = x * mask
    elif mode == 'test':
        out = x
    cache = (dropout_param, mask)
    out = out.astype(x.dtype, copy=False)
    return out, cache


def dropout_backward(dout, cache):
    dropout_param, mask = cache
    mode = dropout_param['mode']
    dx = None
    if mode == 'train':
        dx = dout * mask
    elif mode == 'test':
        dx = dout
    return dx


def spatial_batchnorm_forward(x, gamma, beta, bn_param):
    out, cache = None, None
    N, C, H, W = x.shape
    x2 = np.swapaxes(x, 1, 3).reshape(N * W * H, C)
    out2, cache = batchnorm_forward(x2, gamma, beta, bn_param)
    out = np.swapaxes(out2.reshape(N, W, H, C), 1, 3)
    return out, cache


def spatial_batchnorm_backward(dout, cache):
    dx, dgamma, dbeta = None, None, None
    N, C, H, W = dout.shape
    dout2 = np.swapaxes(dout, 1, 3).reshape(N * W * H, C)
    dx2, dgamma, dbeta = batchnorm_backward(dout2, cache)
    dx = np.swapaxes(dx2.reshape(N, W, H, C), 1, 3)
    return dx, dgamma, dbeta


def spatial_groupnorm_forward(x, gamma, beta, G, gn_param):
    out, cache = None, None
    eps = gn_param.get('eps', 1e-5)
    N, C, H, W = x.shape
    # copied from above, columns are (image, group)
    x2 = x.reshape(N * G, C // G * H * W).T
    sample_mean = np.mean(x2, axis=0)
    sample_var = np.var(x2, axis=0)
    std = np.sqrt(sample_var + eps)
    x_norm = (x2 - sample_mean) / std
    x_norm = x_norm.T.reshape(N, C, H, W)
    out = x_norm * gamma + beta
    cache = (G, gamma, x2, x_norm, sample_mean, sample_var, std, eps)
    return out, cache


def spatial_groupnorm_backward(dout, cache):
    dx, dgamma, dbeta = None, None, None
    G, gamma, x2, x_norm, sample_mean, sample_var, std, eps = cache
    N, C, H, W = dout.shape
    M = x2.shape[0]
    dgamma = np.sum(dout * x_norm, axis=(0, 2, 3), keepdims=True)
    dbeta = np.sum(dout, axis=(0, 2, 3), keepdims=True)
    dx_norm = (dout * gamma).reshape(N * G, C // G * H * W).T
    dx_mu1 = dx_norm / std
    dsample_var = np.sum(dx_norm * (x2 - sample_mean), axis=0) * -0.5 * (sample_var + eps) ** (-1.5)
    dx_mu2 = dsample_var * 2.0 * (x2 - sample_mean) / M
    dsample_mean = -1.0 * np.sum(dx_mu1 + dx_mu2, axis=0)
    dx = dx_mu1 + dx_mu2 + dsample_mean / M
    dx = dx.T.reshape(N, C, H, W)
    return dx, dgamma, dbeta
