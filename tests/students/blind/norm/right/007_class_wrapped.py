import numpy as np


class BatchNorm(object):
    """Batch normalization layer; the course functions below only call it."""

    def __init__(self, gamma, beta, eps=1e-5, momentum=0.9):
        self.gamma, self.beta = gamma, beta
        self.eps = eps
        self.momentum = momentum
        self.running_mean = np.zeros(gamma.shape)
        self.running_var = np.zeros(gamma.shape)

    def forward(self, x, train=True):
        if train:
            self.mean = x.mean(axis=0)
            self.var = x.var(axis=0)
            self.running_mean = self.momentum * self.running_mean + (1 - self.momentum) * self.mean
            self.running_var = self.momentum * self.running_var + (1 - self.momentum) * self.var
            self.x_centered = x - self.mean
            self.std = np.sqrt(self.var + self.eps)
            self.x_hat = self.x_centered / self.std
        else:
            self.x_hat = (x - self.running_mean) / np.sqrt(self.running_var + self.eps)
        return self.x_hat * self.gamma + self.beta

    def backward(self, dout):
        n = dout.shape[0]
        self.dgamma = np.sum(dout * self.x_hat, axis=0)
        self.dbeta = np.sum(dout, axis=0)
        dx_hat = dout * self.gamma
        dstd = -np.sum(dx_hat * self.x_centered, axis=0) / self.std ** 2
        dvar = 0.5 * dstd / self.std
        dx_centered = dx_hat / self.std + 2.0 / n * self.x_centered * dvar
        dmean = np.sum(dx_centered, axis=0)
        return dx_centered - dmean / n


def batchnorm_forward(x, gamma, beta, bn_param):
    layer = BatchNorm(gamma, beta, bn_param.get('eps', 1e-5), bn_param.get('momentum', 0.9))
    if 'running_mean' in bn_param:
        layer.running_mean = bn_param['running_mean']
        layer.running_var = bn_param['running_var']
    out = layer.forward(x, bn_param['mode'] == 'train')
    bn_param['running_mean'] = layer.running_mean
    bn_param['running_var'] = layer.running_var
    return out, layer


def batchnorm_backward(dout, cache):
    dx = cache.backward(dout)
    return dx, cache.dgamma, cache.dbeta
