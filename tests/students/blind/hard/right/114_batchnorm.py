import numpy as np

# I come from C, so: counters.


def affine_forward(x, w, b):
    n_rows = x.shape[0]
    n_out = w.shape[1]
    out = np.zeros((n_rows, n_out))
    i = 0
    while i < n_rows:
        v = x[i].ravel()
        k = 0
        while k < n_out:
            out[i, k] = np.sum(v * w[:, k]) + b[k]
            k += 1
        i += 1
    return out, (x, w, b)


def affine_backward(dout, cache):
    x, w, b = cache
    dx = np.zeros(x.shape)
    dw = np.zeros(w.shape)
    db = np.zeros(b.shape)
    i = 0
    while i < x.shape[0]:
        v = x[i].ravel()
        acc = np.zeros(v.shape)
        k = 0
        while k < w.shape[1]:
            acc += dout[i, k] * w[:, k]
            dw[:, k] += dout[i, k] * v
            db[k] += dout[i, k]
            k += 1
        dx[i] = acc.reshape(x[i].shape)
        i += 1
    return dx, dw, db


def max_pool_forward_naive(x, pool_param):
    PH = pool_param['pool_height']
    PW = pool_param['pool_width']
    S = pool_param['stride']
    N, C, H, W = x.shape
    out_h = (H - PH) // S + 1
    out_w = (W - PW) // S + 1
    out = np.zeros((N, C, out_h, out_w))
    for n in range(N):
        for c in range(C):
            for r in range(out_h):
                for q in range(out_w):
                    best = x[n, c, r * S, q * S]
                    for a in range(PH):
                        for e in range(PW):
                            if x[n, c, r * S + a, q * S + e] > best:
                                best = x[n, c, r * S + a, q * S + e]
                    out[n, c, r, q] = best
    return out, (x, pool_param)


def max_pool_backward_naive(dout, cache):
    x, pool_param = cache
    PH = pool_param['pool_height']
    PW = pool_param['pool_width']
    S = pool_param['stride']
    N, C, out_h, out_w = dout.shape
    dx = np.zeros(x.shape)
    for n in range(N):
        for c in range(C):
            for r in range(out_h):
                for q in range(out_w):
                    ba, be = 0, 0
                    best = x[n, c, r * S, q * S]
                    for a in range(PH):
                        for e in range(PW):
                            if x[n, c, r * S + a, q * S + e] > best:
                                best = x[n, c, r * S + a, q * S + e]
                                ba, be = a, e
                    dx[n, c, r * S + ba, q * S + be] += dout[n, c, r, q]
    return dx


def batchnorm_forward(x, gamma, beta, bn_param):
    mode = bn_param['mode']
    eps = bn_param.get('eps', 1e-5)
    momentum = bn_param.get('momentum', 0.9)
    N, D = x.shape
    running_mean = bn_param.get('running_mean', np.zeros(D))
    running_var = bn_param.get('running_var', np.zeros(D))
    out = np.zeros((N, D))
    xhat = np.zeros((N, D))
    mu = np.zeros(D)
    sigma2 = np.zeros(D)
    cache = None
    if mode == 'train':
        for j in range(D):
            s = 0.0
            for i in range(N):
                s += x[i, j]
            mu[j] = s / N
            acc2 = 0.0
            for i in range(N):
                acc2 += (x[i, j] - mu[j]) ** 2
            sigma2[j] = acc2 / N
            for i in range(N):
                xhat[i, j] = (x[i, j] - mu[j]) / np.sqrt(sigma2[j] + eps)
                out[i, j] = gamma[j] * xhat[i, j] + beta[j]
        running_mean = momentum * running_mean + (1 - momentum) * mu
        running_var = momentum * running_var + (1 - momentum) * sigma2
        cache = (x, xhat, gamma, mu, sigma2, eps)
    else:
        for j in range(D):
            for i in range(N):
                t = (x[i, j] - running_mean[j]) / np.sqrt(running_var[j] + eps)
                out[i, j] = gamma[j] * t + beta[j]
    bn_param['running_mean'] = running_mean
    bn_param['running_var'] = running_var
    return out, cache


def batchnorm_backward(dout, cache):
    x, xhat, gamma, mu, sigma2, eps = cache
    N, D = dout.shape
    dx = np.zeros((N, D))
    dgamma = np.zeros(D)
    dbeta = np.zeros(D)
    for j in range(D):
        std = np.sqrt(sigma2[j] + eps)
        dvar = 0.0
        dmean = 0.0
        for i in range(N):
            dbeta[j] += dout[i, j]
            dgamma[j] += dout[i, j] * xhat[i, j]
            dvar += dout[i, j] * gamma[j] * (x[i, j] - mu[j]) * -0.5 / std ** 3
            dmean += -dout[i, j] * gamma[j] / std
        for i in range(N):
            dx[i, j] = dout[i, j] * gamma[j] / std
            dx[i, j] += dvar * 2 * (x[i, j] - mu[j]) / N
            dx[i, j] += dmean / N
    return dx, dgamma, dbeta


def softmax_loss(x, y):
    N, C = x.shape
    loss = 0.0
    dx = np.zeros((N, C))
    for i in range(N):
        row = x[i] - np.max(x[i])
        total = 0.0
        for c in range(C):
            total += np.exp(row[c])
        loss += np.log(total) - row[y[i]]
        for c in range(C):
            dx[i, c] = np.exp(row[c]) / total
        dx[i, y[i]] -= 1
    return loss / N, dx / N


def svm_loss(x, y):
    N, C = x.shape
    loss = 0.0
    dx = np.zeros((N, C))
    for i in range(N):
        for c in range(C):
            if c == y[i]:
                continue
            margin = x[i, c] - x[i, y[i]] + 1
            if margin > 0:
                loss += margin
                dx[i, c] += 1
                dx[i, y[i]] -= 1
    return loss / N, dx / N
