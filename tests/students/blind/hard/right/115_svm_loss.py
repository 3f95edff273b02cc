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


def relu_forward(x):
    out = x.copy()
    out[out < 0] = 0
    return out, x


def relu_backward(dout, cache):
    x = cache
    dx = dout.copy()
    dx[x <= 0] = 0
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
    means = np.zeros(D)
    variances = np.zeros(D)
    cache = None
    if mode == 'train':
        for j in range(D):
            s = 0.0
            for i in range(N):
                s += x[i, j]
            means[j] = s / N
            s2 = 0.0
            for i in range(N):
                s2 += (x[i, j] - means[j]) ** 2
            variances[j] = s2 / N
            for i in range(N):
                xhat[i, j] = (x[i, j] - means[j]) / np.sqrt(variances[j] + eps)
                out[i, j] = gamma[j] * xhat[i, j] + beta[j]
        running_mean = momentum * running_mean + (1 - momentum) * means
        running_var = momentum * running_var + (1 - momentum) * variances
        cache = (x, xhat, gamma, means, variances, eps)
    else:
        for j in range(D):
            for i in range(N):
                t = (x[i, j] - running_mean[j]) / np.sqrt(running_var[j] + eps)
                out[i, j] = gamma[j] * t + beta[j]
    bn_param['running_mean'] = running_mean
    bn_param['running_var'] = running_var
    return out, cache


def batchnorm_backward(dout, cache):
    x, xhat, gamma, means, variances, eps = cache
    N, D = dout.shape
    dx = np.zeros((N, D))
    dgamma = np.zeros(D)
    dbeta = np.zeros(D)
    for j in range(D):
        std = np.sqrt(variances[j] + eps)
        dvar = 0.0
        dmean = 0.0
        for i in range(N):
            dbeta[j] += dout[i, j]
            dgamma[j] += dout[i, j] * xhat[i, j]
            dvar += dout[i, j] * gamma[j] * (x[i, j] - means[j]) * -0.5 / std ** 3
            dmean += -dout[i, j] * gamma[j] / std
        for i in range(N):
            dx[i, j] = dout[i, j] * gamma[j] / std
            dx[i, j] += dvar * 2 * (x[i, j] - means[j]) / N
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
