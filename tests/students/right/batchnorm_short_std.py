import numpy as np


def batchnorm_forward(x, gamma, beta, bn_param):
    mode = bn_param["mode"]
    eps = bn_param.get("eps", 1e-5)
    momentum = bn_param.get("momentum", 0.9)
    D = x.shape[1]
    running_mean = bn_param.get("running_mean", np.zeros(D))
    running_var = bn_param.get("running_var", np.zeros(D))
    if mode == "train":
        mean = x.mean(0)
        var = x.var(0)
        std = np.sqrt(var + eps)
        z = (x - mean) / std
        out = z * gamma + beta
        running_mean = momentum * running_mean + (1 - momentum) * mean
        running_var = momentum * running_var + (1 - momentum) * var
        bn_param["running_mean"] = running_mean
        bn_param["running_var"] = running_var
        cache = (z, std, gamma)
    else:
        std = np.sqrt(running_var + eps)
        out = gamma * ((x - running_mean) / std) + beta
        cache = None
    return out, cache


def batchnorm_backward(dout, cache):
    z, std, gamma = cache
    n = dout.shape[0]
    dgamma = (dout * z).sum(0)
    dbeta = dout.sum(0)
    dz = dout * gamma
    dx = (n * dz - dz.sum(0) - z * (dz * z).sum(0)) / (n * std)
    return dx, dgamma, dbeta


def batchnorm_backward_alt(dout, cache):
    z, std, gamma = cache
    dgamma = np.sum(dout * z, axis=0)
    dbeta = np.sum(dout, axis=0)
    dx = gamma / std * (dout - np.mean(dout, axis=0) - z * np.mean(dout * z, axis=0))
    return dx, dgamma, dbeta
