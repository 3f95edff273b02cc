import numpy as np

def batchnorm_forward(x, gamma, beta, bn_param):
    mode = bn_param['mode']
    eps = bn_param.get('eps', 1e-5)
    mom = bn_param.get('momentum', 0.9)
    D = x.shape[1]
    rmean = bn_param.get('running_mean', np.zeros(D))
    rvar = bn_param.get('running_var', np.zeros(D))
    if mode == 'train':
        mu = np.einsum('nd->d', x) / x.shape[0]
        xc = x - mu
        var = np.einsum('nd,nd->d', xc, xc) / x.shape[0]
        bn_param['running_mean'] = mom * rmean + (1 - mom) * mu
        bn_param['running_var'] = mom * rvar + (1 - mom) * var
    else:
        xc, var = x - rmean, rvar
    istd = 1 / np.sqrt(var + eps)
    xhat = np.einsum('nd,d->nd', xc, istd)
    return np.einsum('nd,d->nd', xhat, gamma) + beta, (xhat, istd, gamma)

def batchnorm_backward(dout, cache):
    xhat, istd, gamma = cache
    N = dout.shape[0]
    dgamma = np.einsum('nd,nd->d', dout, xhat)
    dbeta = np.einsum('nd->d', dout)
    # jacobian of the normalization, feature by feature
    J = np.einsum('nm,d->nmd', np.eye(N) - 1. / N, istd) - np.einsum('nd,md,d->nmd', xhat, xhat, istd) / N
    dx = np.einsum('nmd,nd,d->md', J, dout, gamma)
    return dx, dgamma, dbeta

def batchnorm_backward_alt(dout, cache):
    xhat, istd, gamma = cache
    N = dout.shape[0]
    dgamma = np.einsum('nd,nd->d', dout, xhat)
    dbeta = np.einsum('nd->d', dout)
    return (gamma * istd / N) * (N * dout - xhat * dgamma - dbeta), dgamma, dbeta
