import numpy as np

def normalize_row(r, eps):
    c = r - np.average(r)
    return c / np.sqrt(np.dot(c, c) / r.size + eps)

def layernorm_forward(x, gamma, beta, ln_param):
    eps = ln_param.get('eps', 1e-5)
    xhat = np.apply_along_axis(normalize_row, 1, x, eps)
    return xhat * gamma + beta, (x, xhat, gamma, eps)

def layernorm_backward(dout, cache):
    x, xhat, gamma, eps = cache
    D = x.shape[1]
    rows = []
    for r, h, g in zip(x, xhat, dout * gamma):
        sigma = np.sqrt(r.var() + eps)
        jac = (np.eye(D) - 1.0 / D - np.outer(h, h) / D) / sigma
        rows.append(jac @ g)
    dgamma = (dout * xhat).sum(axis=0)
    dbeta = dout.sum(axis=0)
    return np.vstack(rows), dgamma, dbeta
