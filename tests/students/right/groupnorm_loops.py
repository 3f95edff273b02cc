import numpy as np

def spatial_groupnorm_forward(x, gamma, beta, G, gn_param):
    eps = gn_param.get('eps', 1e-5)
    N, C = x.shape[:2]
    step = C // G
    hat, stds = np.empty_like(x), {}
    for n in range(N):
        for k, c in enumerate(range(0, C, step)):
            block = x[n, c:c + step]
            stds[n, k] = np.sqrt(block.var() + eps)
            hat[n, c:c + step] = (block - block.mean()) / stds[n, k]
    return gamma * hat + beta, (hat, stds, gamma, step)

def spatial_groupnorm_backward(dout, cache):
    hat, stds, gamma, step = cache
    dgamma = np.zeros_like(gamma)
    dbeta = np.zeros_like(gamma)
    for c in range(dout.shape[1]):
        dbeta[0, c, 0, 0] = dout[:, c].sum()
        dgamma[0, c, 0, 0] = (dout[:, c] * hat[:, c]).sum()
    dhat = dout * gamma
    dx = np.empty_like(dout)
    for (n, k), std in stds.items():
        s = np.s_[n, k * step:(k + 1) * step]
        d, h = dhat[s], hat[s]
        m = d.size
        dx[s] = (m * d - d.sum() - h * (d * h).sum()) / m / std
    return dx, dgamma, dbeta
