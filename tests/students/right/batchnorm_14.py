import numpy as np

def batchnorm_forward(x, gamma, beta, bn_param):
    mode = bn_param['mode']
    eps = bn_param.get('eps', 1e-5)
    momentum = bn_param.get('momentum', 0.9)
    _, D = x.shape
    rm = bn_param.get('running_mean', np.zeros(D))
    rv = bn_param.get('running_var', np.zeros(D))

    if mode == 'test':
        return gamma * (x - rm) / np.sqrt(rv + eps) + beta, None

    mean = x.mean(0)
    var = x.var(0)
    inv_std = (var + eps) ** -0.5
    xhat = (x - mean) * inv_std
    bn_param['running_mean'] = momentum * rm + (1 - momentum) * mean
    bn_param['running_var'] = momentum * rv + (1 - momentum) * var
    return gamma * xhat + beta, (xhat, inv_std, gamma)

def batchnorm_backward(dout, cache):
    xhat, inv_std, gamma = cache
    m = dout.shape[0]
    dgamma = np.einsum('nd,nd->d', dout, xhat)
    dbeta = np.einsum('nd->d', dout)
    dx = gamma * inv_std / m * (m * dout - dbeta - xhat * dgamma)
    return dx, dgamma, dbeta
