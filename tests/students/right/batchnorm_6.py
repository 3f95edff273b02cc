import numpy as np

def batchnorm_forward(x, gamma, beta, bn_param):
    mode = bn_param['mode']
    eps = bn_param.get('eps', 1e-5)
    momentum = bn_param.get('momentum', 0.9)
    N, D = x.shape
    running_mean = bn_param.get('running_mean', np.zeros(D))
    running_var = bn_param.get('running_var', np.zeros(D))
    if mode == 'train':
        mu = x.mean(axis=0)
        sigma2 = x.var(axis=0)
        bn_param['running_mean'] = momentum * running_mean + (1 - momentum) * mu
        bn_param['running_var'] = momentum * running_var + (1 - momentum) * sigma2
    elif mode == 'test':
        mu, sigma2 = running_mean, running_var
    sigma = np.sqrt(sigma2 + eps)
    x_hat = (x - mu) / sigma
    out = gamma * x_hat + beta
    cache = (x, mu, sigma, x_hat, gamma)
    return out, cache

def batchnorm_backward(dout, cache):
    x, mu, sigma, x_hat, gamma = cache
    N = float(x.shape[0])
    dbeta = dout.sum(axis=0)
    dgamma = (dout * x_hat).sum(axis=0)
    dx_hat = gamma * dout
    dsigma = -(dx_hat * (x - mu)).sum(axis=0) / sigma**2
    dx_mu = dx_hat / sigma + (x - mu) / (N * sigma) * dsigma
    dx = dx_mu - dx_mu.mean(axis=0)
    return dx, dgamma, dbeta
