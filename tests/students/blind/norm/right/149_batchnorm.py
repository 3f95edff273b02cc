import numpy as np
from .im2col import *


def batchnorm_forward(x, gamma, beta, bn_param):
    phase = bn_param["mode"]
    eps = bn_param.get("eps", 1e-5)
    momentum = bn_param.get("momentum", 0.9)
    run_mean = bn_param.get("running_mean", np.zeros(x.shape[1]))
    run_var = bn_param.get("running_var", np.zeros(x.shape[1]))
    if phase == "train":
        batch_mean = x.mean(axis=0)
        batch_var = x.var(axis=0)
        xnz = (x - batch_mean) / np.sqrt(batch_var + eps)
        cache = (x, xnz, gamma, batch_mean, batch_var, eps)
        run_mean = momentum * run_mean + (1 - momentum) * batch_mean
        run_var = momentum * run_var + (1 - momentum) * batch_var
    elif phase == "test":
        xnz = (x - run_mean) / np.sqrt(run_var + eps)
        cache = None
    out = gamma * xnz + beta
    bn_param["running_mean"] = run_mean
    bn_param["running_var"] = run_var
    return out, cache


def batchnorm_backward(dout, cache):
    x, xnz, gamma, batch_mean, batch_var, eps = cache
    m = x.shape[0]
    dx_normalized = dout * gamma
    dsample_var = np.sum(-0.5 * dx_normalized * (x - batch_mean) / (batch_var + eps) ** 1.5, axis=0)
    dsample_mean = -np.sum(dx_normalized / np.sqrt(batch_var + eps), axis=0)
    dsample_mean += -2.0 * dsample_var * np.mean(x - batch_mean, axis=0)
    dx = dx_normalized / np.sqrt(batch_var + eps)
    dx += dsample_var * 2.0 * (x - batch_mean) / m
    dx += dsample_mean / m
    dgamma = np.sum(dout * xnz, axis=0)
    dbeta = np.sum(dout, axis=0)
    return dx, dgamma, dbeta


def batchnorm_backward_alt(dout, cache):
    dx, dgamma, dbeta = None, None, None
    pass
    return dx, dgamma, dbeta


def layernorm_forward(x, gamma, beta, ln_param):
    out, cache = None, None
    pass
    return out, cache


def layernorm_backward(dout, cache):
    dx, dgamma, dbeta = None, None, None
    pass
    return dx, dgamma, dbeta
