import numpy as np
from builtins import range


def batchnorm_forward(x, gamma, beta, bn_param):
    """ Normalizes each column of x. Train uses the minibatch, test the running averages. """
    mode = bn_param["mode"]
    eps = bn_param.get("eps", 1e-5)
    momentum = bn_param.get("momentum", 0.9)

    N, D = x.shape
    running_mean = bn_param.get("running_mean", np.zeros(D, dtype=x.dtype))
    running_var = bn_param.get("running_var", np.zeros(D, dtype=x.dtype))

    out, cache = None, None
    if mode == "train":
        mu = x.mean(axis=0)
        var = x.var(axis=0)
        xmu = x - mu
        ivar = 1.0 / np.sqrt(var + eps)
        xhat = xmu * ivar
        out = gamma * xhat + beta

        running_mean = momentum * running_mean + (1 - momentum) * mu
        running_var = momentum * running_var + (1 - momentum) * var

        cache = (xmu, ivar, xhat, gamma)
    elif mode == "test":
        xmu = x - running_mean
        xhat = xmu / np.sqrt(running_var + eps)
        out = gamma * xhat + beta
    else:
        raise ValueError("mode?")

    bn_param["running_mean"] = running_mean
    bn_param["running_var"] = running_var
    return out, cache


def batchnorm_backward(dout, cache):
    xmu, ivar, xhat, gamma = cache
    N, D = dout.shape

    dbeta = np.sum(dout, axis=0)
    dgamma = np.sum(dout * xhat, axis=0)
    dxhat = dout * gamma

    dxmu = dxhat * ivar
    divar = np.sum(dxhat * xmu, axis=0)
    dvar = divar * -0.5 * ivar ** 3
    dxmu += 2.0 / N * xmu * dvar
    dmu = -np.sum(dxmu, axis=0)
    dx = dxmu + dmu / N
    return dx, dgamma, dbeta
