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
        sample_mean = np.mean(x, axis=0)
        sample_var = np.var(x, axis=0)
        x_normalized = (x - sample_mean) / np.sqrt(sample_var + eps)
        out = gamma * x_normalized + beta
        running_mean = momentum * running_mean + (1 - momentum) * sample_mean
        running_var = momentum * running_var + (1 - momentum) * sample_var
        cache = (x, x_normalized, sample_mean, sample_var, gamma, beta, eps)
    elif mode == 'test':
        x_normalized = (x - running_mean) / np.sqrt(running_var + eps)
        out = gamma * x_normalized + beta

    bn_param['running_mean'] = running_mean
    bn_param['running_var'] = running_var
    return out, cache


def batchnorm_backward(dout, cache):
    (x, x_normalized, sample_mean, sample_var, gamma, beta, eps) = cache
    N = x.shape[0]
    dx_normalized = dout * gamma
    x_minus_mean = x - sample_mean
    dsample_var = np.sum(dx_normalized * x_minus_mean
                         * -0.5 * (sample_var + eps) ** (-1.5), axis=0)
    dsample_mean = np.sum(dx_normalized * -1.0 / np.sqrt(sample_var + eps), axis=0) + \
        dsample_var * np.sum(-2.0 * x_minus_mean, axis=0) / N
    dx = dx_normalized / np.sqrt(sample_var + eps) + \
        dsample_var * 2.0 * x_minus_mean / N + dsample_mean / N
    dgamma = np.sum(dout * x_normalized, axis=0)
    dbeta = np.sum(dout, axis=0)
    return dx, dgamma, dbeta
