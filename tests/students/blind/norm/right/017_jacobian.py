import numpy as np


def batchnorm_forward(x, gamma, beta, bn_param):
    eps = bn_param.get('eps', 1e-5)
    momentum = bn_param.get('momentum', 0.9)
    N, D = x.shape
    rmean = bn_param.get('running_mean', np.zeros(D))
    rvar = bn_param.get('running_var', np.zeros(D))
    if bn_param['mode'] == 'test':
        return gamma * ((x - rmean) / np.sqrt(rvar + eps)) + beta, ()
    # centering matrix: P x = x - mean(x)
    P = np.eye(N) - np.ones((N, N)) / N
    xc = P @ x
    var = np.diag(xc.T @ xc) / N
    s = np.sqrt(var + eps)
    xh = xc / s
    bn_param['running_mean'] = momentum * rmean + (1 - momentum) * np.ones(N) @ x / N
    bn_param['running_var'] = momentum * rvar + (1 - momentum) * var
    return gamma * xh + beta, (P, xh, s, gamma)


def batchnorm_backward(dout, cache):
    P, xh, s, gamma = cache
    N, D = dout.shape
    one = np.ones(N)
    dbeta = one @ dout
    dgamma = one @ (dout * xh)
    dxh = dout * gamma
    dx = np.zeros_like(dout)
    for k in range(D):
        h = xh[:, k]
        # d xh / d xc
        J = (np.eye(N) - np.outer(h, h) / N) / s[k]
        dx[:, k] = P.T @ (J.T @ dxh[:, k])
    return dx, dgamma, dbeta
