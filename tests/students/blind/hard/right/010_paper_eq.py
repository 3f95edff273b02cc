import numpy as np

# equations numbered as in the batch normalisation paper


def relu_forward(x):
    return np.clip(x, 0, None), x


def relu_backward(dout, cache):
    return np.where(cache > 0, dout, 0)


def batchnorm_forward(x, gamma, beta, bn_param):
    eps = bn_param.get('eps', 1e-5)
    alpha = bn_param.get('momentum', 0.9)
    m, d = x.shape
    if 'running_mean' not in bn_param:
        bn_param['running_mean'] = np.zeros(d)
        bn_param['running_var'] = np.zeros(d)
    if bn_param['mode'] == 'train':
        mu_B = x.sum(axis=0) / m                                # (1)
        sigma2_B = ((x - mu_B) ** 2).sum(axis=0) / m            # (2)
        x_hat = (x - mu_B) / np.sqrt(sigma2_B + eps)            # (3)
        y = gamma * x_hat + beta                                # (4)
        bn_param['running_mean'] = alpha * bn_param['running_mean'] + (1 - alpha) * mu_B
        bn_param['running_var'] = alpha * bn_param['running_var'] + (1 - alpha) * sigma2_B
        return y, (x, x_hat, mu_B, sigma2_B, gamma, eps)
    E_x = bn_param['running_mean']
    Var_x = bn_param['running_var']
    y = gamma / np.sqrt(Var_x + eps) * x + (beta - gamma * E_x / np.sqrt(Var_x + eps))
    return y, None


def batchnorm_backward(dout, cache):
    x, x_hat, mu_B, sigma2_B, gamma, eps = cache
    m = x.shape[0]
    dl_dxhat = dout * gamma
    dl_dsigma2 = np.sum(dl_dxhat * (x - mu_B) * -0.5 * (sigma2_B + eps) ** -1.5, axis=0)
    dl_dmu = np.sum(dl_dxhat * -1 / np.sqrt(sigma2_B + eps), axis=0) \
        + dl_dsigma2 * np.sum(-2 * (x - mu_B), axis=0) / m
    dl_dx = dl_dxhat / np.sqrt(sigma2_B + eps) \
        + dl_dsigma2 * 2 * (x - mu_B) / m \
        + dl_dmu / m
    dl_dgamma = np.sum(dout * x_hat, axis=0)
    dl_dbeta = np.sum(dout, axis=0)
    return dl_dx, dl_dgamma, dl_dbeta


def layernorm_forward(x, gamma, beta, ln_param):
    eps = ln_param.get('eps', 1e-5)
    m = x.shape[1]
    mu_L = (x.sum(axis=1) / m).reshape(-1, 1)
    sigma2_L = (((x - mu_L) ** 2).sum(axis=1) / m).reshape(-1, 1)
    x_hat = (x - mu_L) / np.sqrt(sigma2_L + eps)
    return gamma * x_hat + beta, (x, x_hat, mu_L, sigma2_L, gamma, eps)


def layernorm_backward(dout, cache):
    x, x_hat, mu_L, sigma2_L, gamma, eps = cache
    m = x.shape[1]
    dl_dxhat = dout * gamma
    dl_dsigma2 = np.sum(dl_dxhat * (x - mu_L) * -0.5 * (sigma2_L + eps) ** -1.5, axis=1)
    dl_dmu = np.sum(dl_dxhat * -1 / np.sqrt(sigma2_L + eps), axis=1)
    dl_dx = dl_dxhat / np.sqrt(sigma2_L + eps)
    dl_dx += dl_dsigma2[:, np.newaxis] * 2 * (x - mu_L) / m
    dl_dx += dl_dmu[:, np.newaxis] / m
    return dl_dx, np.sum(dout * x_hat, axis=0), np.sum(dout, axis=0)


def spatial_batchnorm_forward(x, gamma, beta, bn_param):
    eps = bn_param.get('eps', 1e-5)
    alpha = bn_param.get('momentum', 0.9)
    N, C, H, W = x.shape
    m = N * H * W
    if 'running_mean' not in bn_param:
        bn_param['running_mean'] = np.zeros(C)
        bn_param['running_var'] = np.zeros(C)
    bc = lambda v: v.reshape(1, C, 1, 1)
    if bn_param['mode'] == 'train':
        mu_B = bc(x.sum(axis=(0, 2, 3)) / m)
        sigma2_B = bc(((x - mu_B) ** 2).sum(axis=(0, 2, 3)) / m)
        x_hat = (x - mu_B) / np.sqrt(sigma2_B + eps)
        bn_param['running_mean'] = alpha * bn_param['running_mean'] + (1 - alpha) * mu_B.ravel()
        bn_param['running_var'] = alpha * bn_param['running_var'] + (1 - alpha) * sigma2_B.ravel()
        cache = (x, x_hat, mu_B, sigma2_B, gamma, eps)
    else:
        x_hat = (x - bc(bn_param['running_mean'])) / np.sqrt(bc(bn_param['running_var']) + eps)
        cache = None
    y = bc(gamma) * x_hat + bc(beta)
    return y, cache


def spatial_batchnorm_backward(dout, cache):
    x, x_hat, mu_B, sigma2_B, gamma, eps = cache
    N, C, H, W = x.shape
    m = N * H * W
    axes = (0, 2, 3)
    dl_dgamma = np.sum(dout * x_hat, axis=axes)
    dl_dbeta = np.sum(dout, axis=axes)
    dl_dxhat = dout * gamma.reshape(1, C, 1, 1)
    inv_sigma = 1 / np.sqrt(sigma2_B + eps)
    dl_dsigma2 = np.sum(dl_dxhat * (x - mu_B), axis=axes, keepdims=True) * -0.5 * inv_sigma ** 3
    dl_dmu = np.sum(-dl_dxhat * inv_sigma, axis=axes, keepdims=True)
    dl_dx = dl_dxhat * inv_sigma + dl_dsigma2 * 2 * (x - mu_B) / m + dl_dmu / m
    return dl_dx, dl_dgamma, dl_dbeta


def spatial_groupnorm_forward(x, gamma, beta, G, gn_param):
    eps = gn_param.get('eps', 1e-5)
    N, C, H, W = x.shape
    xg = x.reshape(N, G, C // G, H, W)
    mu = np.mean(xg, axis=(2, 3, 4), keepdims=True)
    sigma2 = np.var(xg, axis=(2, 3, 4), keepdims=True)
    x_hat = ((xg - mu) / np.sqrt(sigma2 + eps)).reshape(N, C, H, W)
    y = gamma * x_hat + beta
    return y, (xg, x_hat, mu, sigma2, gamma, G, eps)


def spatial_groupnorm_backward(dout, cache):
    xg, x_hat, mu, sigma2, gamma, G, eps = cache
    N, C, H, W = dout.shape
    m = C // G * H * W
    axes = (2, 3, 4)
    dl_dgamma = np.sum(dout * x_hat, axis=(0, 2, 3))[None, :, None, None]
    dl_dbeta = np.sum(dout, axis=(0, 2, 3))[None, :, None, None]
    dl_dxhat = (dout * gamma).reshape(N, G, C // G, H, W)
    inv_sigma = (sigma2 + eps) ** -0.5
    dl_dsigma2 = np.sum(dl_dxhat * (xg - mu), axis=axes, keepdims=True) * -0.5 * inv_sigma ** 3
    dl_dmu = np.sum(-dl_dxhat * inv_sigma, axis=axes, keepdims=True)
    dl_dx = dl_dxhat * inv_sigma + dl_dsigma2 * 2 * (xg - mu) / m + dl_dmu / m
    return dl_dx.reshape(N, C, H, W), dl_dgamma, dl_dbeta


def softmax_loss(x, y):
    m, K = x.shape
    e = np.exp(x - np.amax(x, axis=1)[:, np.newaxis])
    p = e / e.sum(axis=1)[:, np.newaxis]
    onehot = np.zeros((m, K))
    onehot[np.arange(m), y] = 1
    loss = -np.sum(np.log((p * onehot).sum(axis=1))) / m
    return loss, (p - onehot) / m
