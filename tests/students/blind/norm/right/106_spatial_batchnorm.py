import numpy as np
from .im2col import *


def batchnorm_forward(x, gamma, beta, bn_param):
    mode = bn_param["mode"]
    eps = bn_param.get("eps", 1e-5)
    momentum = bn_param.get("momentum", 0.9)
    running_mean = bn_param.get("running_mean", np.zeros(x.shape[1]))
    running_var = bn_param.get("running_var", np.zeros(x.shape[1]))
    if mode == "train":
        batch_mean = x.mean(axis=0)
        batch_var = x.var(axis=0)
        x_normalized = (x - batch_mean) / np.sqrt(batch_var + eps)
        cache = (x, x_normalized, gamma, batch_mean, batch_var, eps)
        running_mean = momentum * running_mean + (1 - momentum) * batch_mean
        running_var = momentum * running_var + (1 - momentum) * batch_var
    elif mode == "test":
        x_normalized = (x - running_mean) / np.sqrt(running_var + eps)
        cache = None
    out = gamma * x_normalized + beta
    bn_param["running_mean"] = running_mean
    bn_param["running_var"] = running_var
    return out, cache


def batchnorm_backward(dout, cache):
    x, x_normalized, gamma, batch_mean, batch_var, eps = cache
    N = x.shape[0]
    dx_normalized = dout * gamma
    dsample_var = np.sum(-0.5 * dx_normalized * (x - batch_mean) / (batch_var + eps) ** 1.5, axis=0)
    dsample_mean = -np.sum(dx_normalized / np.sqrt(batch_var + eps), axis=0)
    dsample_mean += -2.0 * dsample_var * np.mean(x - batch_mean, axis=0)
    dx = dx_normalized / np.sqrt(batch_var + eps)
    dx += dsample_var * 2.0 * (x - batch_mean) / N
    dx += dsample_mean / N
    dgamma = np.sum(dout * x_normalized, axis=0)
    dbeta = np.sum(dout, axis=0)
    return dx, dgamma, dbeta


def spatial_batchnorm_forward(x, gamma, beta, bn_param):
    """
    Computes the forward pass for spatial batch normalization.
    """
    N, C, H, W = x.shape
    x_reshaped = np.transpose(x, (0, 2, 3, 1)).reshape(N * H * W, C)
    out_reshaped, cache = batchnorm_forward(x_reshaped, gamma, beta, bn_param)
    out = np.transpose(out_reshaped.reshape(N, H, W, C), (0, 3, 1, 2))
    return out, cache


def spatial_batchnorm_backward(dout, cache):
    N, C, H, W = dout.shape
    dout_reshaped = np.transpose(dout, (0, 2, 3, 1)).reshape(N * H * W, C)
    dx_reshaped, dgamma, dbeta = batchnorm_backward(dout_reshaped, cache)
    dx = np.transpose(dx_reshaped.reshape(N, H, W, C), (0, 3, 1, 2))
    return dx, dgamma, dbeta
