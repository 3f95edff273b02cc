import numpy as np

# rows are channels here, not pixels: (C, N*H*W)

def spatial_batchnorm_forward(x, gamma, beta, bn_param):
    eps = bn_param.get('eps', 1e-5)
    momentum = bn_param.get('momentum', 0.9)
    N, C, H, W = x.shape
    rm = bn_param.get('running_mean', np.zeros(C))
    rv = bn_param.get('running_var', np.zeros(C))
    r = x.swapaxes(0, 1).reshape(C, -1)
    if bn_param['mode'] == 'train':
        mu, var = r.mean(axis=1), r.var(axis=1)
        bn_param['running_mean'] = momentum * rm + (1 - momentum) * mu
        bn_param['running_var'] = momentum * rv + (1 - momentum) * var
    else:
        mu, var = rm, rv
    std = np.sqrt(var + eps)
    hat = (r - mu[:, None]) / std[:, None]
    out = hat * gamma[:, None] + beta[:, None]
    return out.reshape(C, N, H, W).swapaxes(0, 1), (hat, std, gamma)

def spatial_batchnorm_backward(dout, cache):
    hat, std, gamma = cache
    N, C, H, W = dout.shape
    d = dout.swapaxes(0, 1).reshape(C, -1)
    M = d.shape[1]
    dgamma, dbeta = (d * hat).sum(axis=1), d.sum(axis=1)
    dx = (gamma / std)[:, None] * (d - dbeta[:, None] / M - hat * dgamma[:, None] / M)
    return dx.reshape(C, N, H, W).swapaxes(0, 1), dgamma, dbeta
