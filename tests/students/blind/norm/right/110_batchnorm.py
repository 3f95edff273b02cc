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
        batch_mean = np.mean(x, 0)
        batch_var = np.var(x, 0)
        mean_mat = np.tile(batch_mean, (N, 1))
        std_mat = np.tile(np.sqrt(batch_var + eps), (N, 1))
        x_hat = (x - mean_mat) / std_mat
        out = np.tile(gamma, (N, 1)) * x_hat + np.tile(beta, (N, 1))
        running_mean = momentum * running_mean + (1 - momentum) * batch_mean
        running_var = momentum * running_var + (1 - momentum) * batch_var
        cache = (x, x_hat, mean_mat, std_mat, gamma)
    elif mode == 'test':
        mean_mat = np.tile(running_mean, (N, 1))
        std_mat = np.tile(np.sqrt(running_var + eps), (N, 1))
        out = gamma * ((x - mean_mat) / std_mat) + beta
    else:
        raise ValueError('Invalid forward batchnorm mode "%s"' % mode)
    bn_param['running_mean'] = running_mean
    bn_param['running_var'] = running_var
    return out, cache


def batchnorm_backward(dout, cache):
    x, x_hat, mean_mat, std_mat, gamma = cache
    N, D = x.shape
    d_gamma = np.sum(dout * x_hat, 0)
    d_beta = np.sum(dout, 0)
    d_xhat = dout * np.tile(gamma, (N, 1))
    d_stdmat = -d_xhat * (x - mean_mat) / std_mat ** 2
    d_std = np.sum(d_stdmat, 0)
    d_var = d_std / (2 * std_mat[0])
    d_xminus = d_xhat / std_mat
    d_xminus += np.tile(2.0 * d_var / N, (N, 1)) * (x - mean_mat)
    d_meanmat = -d_xminus
    d_mean = np.sum(d_meanmat, 0)
    d_x = d_xminus + np.tile(d_mean / N, (N, 1))
    return d_x, d_gamma, d_beta
