import numpy as np

def spatial_groupnorm_forward(x, gamma, beta, G, gn_param):
    eps = gn_param.get('eps', 1e-5)
    N, C, H, W = x.shape
    x_group = np.reshape(x, (N, G, C // G, H, W))
    mean = np.mean(x_group, axis=(2, 3, 4), keepdims=True)
    x_mu = x_group - mean
    var = np.mean(x_mu ** 2, axis=(2, 3, 4), keepdims=True)
    std = np.sqrt(var + eps)
    x_groupnorm = x_mu / std
    x_norm = np.reshape(x_groupnorm, (N, C, H, W))
    out = x_norm * gamma + beta
    cache = (G, x_mu, std, x_norm, gamma)
    return out, cache

def spatial_groupnorm_backward(dout, cache):
    G, x_mu, std, x_norm, gamma = cache
    N, C, H, W = dout.shape
    size = C // G * H * W
    dbeta = np.sum(dout, axis=(0, 2, 3), keepdims=True)
    dgamma = np.sum(dout * x_norm, axis=(0, 2, 3), keepdims=True)

    dx_norm = dout * gamma
    dx_groupnorm = dx_norm.reshape((N, G, C // G, H, W))
    # the division
    dx_mu = dx_groupnorm / std
    dstd = -np.sum(dx_groupnorm * x_mu, axis=(2, 3, 4), keepdims=True) / std ** 2
    # the root, the mean of squares
    dvar = dstd * 0.5 / std
    dx_mu = dx_mu + np.ones((N, G, C // G, H, W)) / size * dvar * 2 * x_mu
    # the mean
    dmean = -np.sum(dx_mu, axis=(2, 3, 4), keepdims=True)
    dx_group = dx_mu + np.ones((N, G, C // G, H, W)) / size * dmean
    dx = dx_group.reshape((N, C, H, W))
    return dx, dgamma, dbeta
