import numpy as np


def batchnorm_forward(x, gamma, beta, bn_param):
    eps = bn_param.get("eps", 1e-5)
    momentum = bn_param.get("momentum", 0.9)
    N, D = x.shape
    running_mean = bn_param.get("running_mean", np.zeros(D))
    running_var = bn_param.get("running_var", np.zeros(D))
    memo = {}
    if bn_param["mode"] == "train":
        mean_b = x.sum(axis=0) / N
        diff = x - mean_b
        var_b = (diff ** 2).sum(axis=0) / N
        inv = 1.0 / np.sqrt(var_b + eps)
        z = diff * inv
        out = z * gamma + beta
        running_mean = momentum * running_mean + (1 - momentum) * mean_b
        running_var = momentum * running_var + (1 - momentum) * var_b
        memo = {"z": z, "inv": inv, "diff": diff, "gamma": gamma}
    else:
        z = (x - running_mean) / np.sqrt(running_var + eps)
        out = z * gamma + beta
    bn_param["running_mean"] = running_mean
    bn_param["running_var"] = running_var
    return out, memo


def batchnorm_backward(dout, cache):
    z, inv = cache["z"], cache["inv"]
    diff, gamma = cache["diff"], cache["gamma"]
    N = dout.shape[0]
    dgamma = (dout * z).sum(axis=0)
    dbeta = dout.sum(axis=0)
    dz = dout * gamma
    dinv = (dz * diff).sum(axis=0)
    ddiff = dz * inv
    dvar = -0.5 * dinv * inv ** 3
    ddiff += 2.0 / N * diff * dvar
    dmean = -ddiff.sum(axis=0)
    dx = ddiff + dmean / N
    return dx, dgamma, dbeta
