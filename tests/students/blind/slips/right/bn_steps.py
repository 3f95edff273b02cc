import numpy as np


def batchnorm_forward(x, gamma, beta, bn_param):
    mode = bn_param['mode']
    eps = bn_param.get('eps', 1e-5)
    momentum = bn_param.get('momentum', 0.9)

    N, D = x.shape
    running_mean = bn_param.get('running_mean', np.zeros(D, dtype=x.dtype))
    running_var = bn_param.get('running_var', np.zeros(D, dtype=x.dtype))

    out, cache = None, None
    if mode == 'train':
        # 第一步: 均值
        mu = 1.0 / N * np.sum(x, axis=0)
        # 第二步
        x_mu = x - mu
        # 第三步
        carre = x_mu ** 2
        # 第四步: 方差
        var = 1.0 / N * np.sum(carre, axis=0)
        # 第五步
        sqrt_var = np.sqrt(var + eps)
        inv = 1.0 / sqrt_var
        x_hat = x_mu * inv
        out = gamma * x_hat + beta
        running_mean = momentum * running_mean + (1 - momentum) * mu
        running_var = momentum * running_var + (1 - momentum) * var
        cache = (x_mu, inv, sqrt_var, x_hat, gamma, var, eps)
    elif mode == 'test':
        x_hat = (x - running_mean) / np.sqrt(running_var + eps)
        out = gamma * x_hat + beta
    else:
        raise ValueError('Invalid forward batchnorm mode "%s"' % mode)

    bn_param['running_mean'] = running_mean
    bn_param['running_var'] = running_var
    return out, cache


def batchnorm_backward(dout, cache):
    x_mu, inv, sqrt_var, x_hat, gamma, var, eps = cache
    N, D = dout.shape
    dbeta = np.sum(dout, axis=0)
    dgamma = np.sum(dout * x_hat, axis=0)
    dx_hat = dout * gamma
    # 从后往前
    dinv = np.sum(dx_hat * x_mu, axis=0)
    dx_mu1 = dx_hat * inv
    dsqrt_var = -1.0 / (sqrt_var ** 2) * dinv
    dvar = 0.5 * 1.0 / np.sqrt(var + eps) * dsqrt_var
    dcarre = 1.0 / N * np.ones((N, D)) * dvar
    dx_mu2 = 2 * x_mu * dcarre
    dx1 = dx_mu1 + dx_mu2
    dmu = -1 * np.sum(dx_mu1 + dx_mu2, axis=0)
    dx2 = 1.0 / N * np.ones((N, D)) * dmu
    dx = dx1 + dx2
    return dx, dgamma, dbeta
