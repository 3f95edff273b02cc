from builtins import range
import numpy as np
from copy import deepcopy

# note to self: the cache is ALWAYS a dict here, I kept mixing up the order of the tuples


def batchnorm_forward(x, gamma, beta, bn_param):
    cfg = {'eps': 1e-5, 'momentum': 0.9}
    cfg.update(bn_param)
    N, D = x.shape
    cfg.setdefault('running_mean', np.zeros(D))
    cfg.setdefault('running_var', np.zeros(D))
    cache = {'gamma': gamma, 'eps': cfg['eps'], 'N': N, 'D': D}

    if cfg['mode'] == 'train':
        cache['mean'] = x.mean(axis=0)
        cache['centered'] = x - cache['mean']
        cache['var'] = np.mean(cache['centered'] ** 2, axis=0)
        cache['std'] = np.sqrt(cache['var'] + cfg['eps'])
        cache['norm'] = cache['centered'] / cache['std']
        out = gamma * cache['norm'] + beta
        k = cfg['momentum']
        bn_param['running_mean'] = k * cfg['running_mean'] + (1 - k) * cache['mean']
        bn_param['running_var'] = k * cfg['running_var'] + (1 - k) * cache['var']
    elif cfg['mode'] == 'test':
        scale = gamma / np.sqrt(cfg['running_var'] + cfg['eps'])
        out = x * scale + (beta - cfg['running_mean'] * scale)
    else:
        raise ValueError(cfg['mode'])
    return out, cache


def batchnorm_backward(dout, cache):
    N = cache['N']
    grads = {}
    grads['beta'] = np.sum(dout, axis=0)
    grads['gamma'] = np.sum(dout * cache['norm'], axis=0)
    grads['norm'] = dout * cache['gamma']
    grads['std'] = -np.sum(grads['norm'] * cache['centered'], axis=0) / cache['std'] ** 2
    grads['var'] = grads['std'] * 0.5 / cache['std']
    grads['centered'] = grads['norm'] / cache['std'] + grads['var'] * 2.0 * cache['centered'] / N
    grads['mean'] = -np.sum(grads['centered'], axis=0)
    grads['x'] = grads['centered'] + grads['mean'] / N
    return grads['x'], grads['gamma'], grads['beta']


def batchnorm_backward_alt(dout, cache):
    N = cache['N']
    dgamma = (dout * cache['norm']).sum(axis=0)
    dbeta = dout.sum(axis=0)
    coef = cache['gamma'] / cache['std'] / N
    dx = coef * (N * dout - dbeta - cache['norm'] * dgamma)
    return dx, dgamma, dbeta


def layernorm_forward(x, gamma, beta, ln_param):
    eps = ln_param.get('eps', 1e-5)
    cache = {'gamma': gamma}
    cache['centered'] = x - x.mean(axis=1, keepdims=True)
    cache['std'] = np.sqrt(np.mean(cache['centered'] ** 2, axis=1, keepdims=True) + eps)
    cache['norm'] = cache['centered'] / cache['std']
    return gamma * cache['norm'] + beta, cache


def layernorm_backward(dout, cache):
    D = dout.shape[1]
    grads = {}
    grads['beta'] = dout.sum(axis=0)
    grads['gamma'] = np.sum(dout * cache['norm'], axis=0)
    grads['norm'] = dout * cache['gamma']
    s1 = grads['norm'].sum(axis=1, keepdims=True)
    s2 = np.sum(grads['norm'] * cache['norm'], axis=1, keepdims=True)
    grads['x'] = (D * grads['norm'] - s1 - cache['norm'] * s2) / (D * cache['std'])
    return grads['x'], grads['gamma'], grads['beta']


def spatial_groupnorm_forward(x, gamma, beta, G, gn_param):
    eps = gn_param.get('eps', 1e-5)
    N, C, H, W = x.shape
    rows = x.reshape(N * G, -1)
    mean = rows.mean(axis=1, keepdims=True)
    std = np.sqrt(rows.var(axis=1, keepdims=True) + eps)
    norm = ((rows - mean) / std).reshape(N, C, H, W)
    out = gamma * norm + beta
    cache = {'norm': norm, 'std': std, 'G': G, 'gamma': gamma}
    return out, cache


def spatial_groupnorm_backward(dout, cache):
    N, C, H, W = dout.shape
    G, std = cache['G'], cache['std']
    grads = {}
    grads['beta'] = dout.sum(axis=(0, 2, 3), keepdims=True)
    grads['gamma'] = (dout * cache['norm']).sum(axis=(0, 2, 3), keepdims=True)
    drows = (dout * cache['gamma']).reshape(N * G, -1)
    nrows = cache['norm'].reshape(N * G, -1)
    size = drows.shape[1]
    s1 = drows.sum(axis=1, keepdims=True)
    s2 = (drows * nrows).sum(axis=1, keepdims=True)
    grads['rows'] = (drows - s1 / size - nrows * s2 / size) / std
    return grads['rows'].reshape(N, C, H, W), grads['gamma'], grads['beta']


def dropout_forward(x, dropout_param):
    cache = deepcopy(dropout_param)
    if 'seed' in cache:
        np.random.seed(cache['seed'])
    if cache['mode'] == 'train':
        cache['mask'] = (np.random.rand(*x.shape) < cache['p']).astype(x.dtype)
        cache['mask'] /= cache['p']
        out = x * cache['mask']
    else:
        out = x
    return out, cache


def dropout_backward(dout, cache):
    if cache['mode'] == 'train':
        return dout * cache['mask']
    return dout


def conv_forward_naive(x, w, b, conv_param):
    N, C, H, W = x.shape
    F, _, HH, WW = w.shape
    P, S = conv_param['pad'], conv_param['stride']
    cache = {'x': x, 'w': w, 'P': P, 'S': S}
    cache['xp'] = np.pad(x, ((0, 0), (0, 0), (P, P), (P, P)), mode='constant', constant_values=0)
    cache['Ho'] = 1 + (H + 2 * P - HH) // S
    cache['Wo'] = 1 + (W + 2 * P - WW) // S
    out = np.zeros((N, F, cache['Ho'], cache['Wo']))
    for n in range(N):
        for f in range(F):
            for i in range(cache['Ho']):
                for j in range(cache['Wo']):
                    piece = cache['xp'][n, :, i * S:i * S + HH, j * S:j * S + WW]
                    out[n, f, i, j] = (piece * w[f]).sum() + b[f]
    return out, cache


def conv_backward_naive(dout, cache):
    w, xp, P, S = cache['w'], cache['xp'], cache['P'], cache['S']
    N, C, H, W = cache['x'].shape
    F, _, HH, WW = w.shape
    grads = {'xp': np.zeros_like(xp), 'w': np.zeros_like(w), 'b': np.zeros(F)}
    for n in range(N):
        for f in range(F):
            grads['b'][f] += dout[n, f].sum()
            for i in range(cache['Ho']):
                for j in range(cache['Wo']):
                    rows = slice(i * S, i * S + HH)
                    cols = slice(j * S, j * S + WW)
                    grads['w'][f] += dout[n, f, i, j] * xp[n, :, rows, cols]
                    grads['xp'][n, :, rows, cols] += dout[n, f, i, j] * w[f]
    grads['x'] = grads['xp'][:, :, P:P + H, P:P + W]
    return grads['x'], grads['w'], grads['b']
