import numpy as np

def spatial_groupnorm_forward(x, gamma, beta, G, gn_param):
    eps = gn_param.get('eps', 1e-5)
    N, C, H, W = x.shape
    v = x.reshape(N * G, -1).T
    mu = np.mean(v, axis=0)
    var = np.var(v, axis=0)
    vhat = (v - mu) / np.sqrt(var + eps)
    xhat = vhat.T.reshape(N, C, H, W)
    cache = {'v': v, 'mu': mu, 'var': var, 'eps': eps, 'vhat': vhat, 'xhat': xhat, 'gamma': gamma, 'G': G}
    return gamma * xhat + beta, cache

def spatial_groupnorm_backward(dout, cache):
    v, mu, var, eps = cache['v'], cache['mu'], cache['var'], cache['eps']
    gamma, G = cache['gamma'], cache['G']
    N, C, H, W = dout.shape
    M = v.shape[0]
    dgamma = np.sum(dout * cache['xhat'], axis=(0, 2, 3), keepdims=True)
    dbeta = np.sum(dout, axis=(0, 2, 3))[None, :, None, None]
    dvhat = (dout * gamma).reshape(N * G, -1).T
    dvar = np.sum(dvhat * (v - mu) * -0.5 * (var + eps) ** -1.5, axis=0)
    dmu = np.sum(dvhat * -1 / np.sqrt(var + eps), axis=0) + dvar * np.sum(-2 * (v - mu), axis=0) / M
    dv = dvhat / np.sqrt(var + eps) + dvar * 2 * (v - mu) / M + dmu / M
    return dv.T.reshape(N, C, H, W), dgamma, dbeta
