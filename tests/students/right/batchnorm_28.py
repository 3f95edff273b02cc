import numpy as np

class_note = "assignment 2, normalization part"


def batchnorm_forward(x, gamma, beta, bn_param):
    mode = bn_param['mode']
    eps = bn_param.get('eps', 1e-5)
    momentum = bn_param.get('momentum', 0.9)
    N, D = x.shape
    running_mean = bn_param.get('running_mean', np.zeros(D, dtype=x.dtype))
    running_var = bn_param.get('running_var', np.zeros(D, dtype=x.dtype))

    sample_mean = np.mean(x, axis=0)
    sample_var = np.var(x, axis=0)
    out, cache = None, None
    if mode == 'train':
        running_mean = momentum * running_mean + (1 - momentum) * sample_mean
        running_var = momentum * running_var + (1 - momentum) * sample_var
        x_centered = x - sample_mean
        std = np.sqrt(sample_var + eps)
        x_norm = x_centered / std
        out = gamma * x_norm + beta
        cache = (gamma, x_norm, x_centered, std)
        bn_param['running_mean'] = running_mean
        bn_param['running_var'] = running_var
    elif mode == 'test':
        x_norm = (x - running_mean) / np.sqrt(running_var + eps)
        out = gamma * x_norm + beta
    return out, cache


def batchnorm_backward(dout, cache):
    gamma, x_norm, x_centered, std = cache
    N, D = dout.shape
    dgamma = np.sum(dout * x_norm, axis=0)
    dbeta = np.sum(dout, axis=0)
    dx_norm = dout * gamma
    # through the division
    dx_centered = dx_norm / std
    dstd = -np.sum(dx_norm * x_centered, axis=0) / std ** 2
    # through the root and the mean of squares
    dvar = dstd / (2 * std)
    dx_centered = dx_centered + 2 * x_centered * dvar / N
    # through x - mean
    dmean = -np.sum(dx_centered, axis=0)
    dx = dx_centered + np.ones((N, D)) * dmean / N
    return dx, dgamma, dbeta
