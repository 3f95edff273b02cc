import numpy as np
try:
    from cs231n.fast_layers import conv_forward_fast
except ImportError:
    print('run: python setup.py build_ext --inplace')


def batchnorm_forward(x, gamma, beta, bn_param):
    mode = bn_param['mode']
    eps = bn_param.get('eps', 1e-5)
    momentum = bn_param.get('momentum', 0.9)
    N, D = x.shape
    running_mean = np.array(bn_param.get('running_mean', np.zeros(D)))
    running_var = np.array(bn_param.get('running_var', np.zeros(D)))
    out = np.zeros_like(x)
    x_hat = np.zeros_like(x)
    stds = np.zeros(D)
    if mode == 'train':
        for j in xrange(D):
            col = x[:, j]
            m = col.mean()
            v = ((col - m) ** 2).mean()
            stds[j] = np.sqrt(v + eps)
            x_hat[:, j] = (col - m) / stds[j]
            out[:, j] = gamma[j] * x_hat[:, j] + beta[j]
            running_mean[j] = momentum * running_mean[j] + (1 - momentum) * m
            running_var[j] = momentum * running_var[j] + (1 - momentum) * v
    elif mode == 'test':
        for j in xrange(D):
            x_hat[:, j] = (x[:, j] - running_mean[j]) / np.sqrt(running_var[j] + eps)
            out[:, j] = gamma[j] * x_hat[:, j] + beta[j]
    else:
        raise ValueError('Invalid forward batchnorm mode "%s"' % mode)
    bn_param['running_mean'] = running_mean
    bn_param['running_var'] = running_var
    cache = (x_hat, stds, gamma)
    return out, cache


def batchnorm_backward(dout, cache):
    x_hat, stds, gamma = cache
    N, D = dout.shape
    dx = np.zeros((N, D))
    dgamma = np.zeros(D)
    dbeta = np.zeros(D)
    for j in xrange(D):
        for i in xrange(N):
            dgamma[j] += dout[i, j] * x_hat[i, j]
            dbeta[j] += dout[i, j]
    for j in xrange(D):
        g = dout[:, j] * gamma[j]
        s1 = 0.0
        s2 = 0.0
        for i in xrange(N):
            s1 += g[i]
            s2 += g[i] * x_hat[i, j]
        for i in xrange(N):
            dx[i, j] = (g[i] - s1 / N - x_hat[i, j] * s2 / N) / stds[j]
    return dx, dgamma, dbeta
