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
        # 1. mean
        sample_mean = 1.0 / N * np.sum(x, axis=0)
        # 2. center
        x_centered = x - sample_mean
        # 3. squares
        sq = x_centered ** 2
        # 4. variance
        sample_var = 1.0 / N * np.sum(sq, axis=0)
        # 5. root
        sqrtvar = np.sqrt(sample_var + eps)
        # 6. invert
        ivar = 1.0 / sqrtvar
        # 7. normalize
        x_hat = x_centered * ivar
        # 8. scale and shift
        gammax = gamma * x_hat
        out = gammax + beta
        cache = {'x_hat': x_hat, 'gamma': gamma, 'x_centered': x_centered, 'ivar': ivar,
                 'sqrtvar': sqrtvar, 'var': sample_var, 'eps': eps}
        running_mean = momentum * running_mean + (1 - momentum) * sample_mean
        running_var = momentum * running_var + (1 - momentum) * sample_var
    elif mode == 'test':
        x_hat = (x - running_mean) / np.sqrt(running_var + eps)
        out = gamma * x_hat + beta
    else:
        raise ValueError('Invalid forward batchnorm mode "%s"' % mode)

    bn_param['running_mean'] = running_mean
    bn_param['running_var'] = running_var
    return out, cache


def batchnorm_backward(dout, cache):
    x_hat, gamma, x_centered = cache['x_hat'], cache['gamma'], cache['x_centered']
    ivar, sqrtvar, var, eps = cache['ivar'], cache['sqrtvar'], cache['var'], cache['eps']
    N, D = dout.shape

    dbeta = np.sum(dout, axis=0)
    dgammax = dout
    dgamma = np.sum(dgammax * x_hat, axis=0)
    dx_hat = dgammax * gamma

    divar = np.sum(dx_hat * x_centered, axis=0)
    dxmu1 = dx_hat * ivar

    dsqrtvar = -1.0 / (sqrtvar ** 2) * divar
    dvar = 0.5 * 1.0 / np.sqrt(var + eps) * dsqrtvar
    dsq = 1.0 / N * np.ones((N, D)) * dvar
    dxmu2 = 2 * x_centered * dsq

    dx1 = dxmu1 + dxmu2
    dmu = -1 * np.sum(dxmu1 + dxmu2, axis=0)
    dx2 = 1.0 / N * np.ones((N, D)) * dmu
    dx = dx1 + dx2
    return dx, dgamma, dbeta
