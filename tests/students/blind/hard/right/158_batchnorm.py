import numpy as np


def relu_forward(inp):
    return np.maximum(inp, 0.), inp


def relu_backward(upstream, saved):
    gate = np.zeros_like(saved)
    gate[saved > 0] = 1.
    return upstream * gate


def layernorm_forward(inp, scale, shift, ln_param):
    small = ln_param.get('eps', 1e-5)
    width = inp.shape[1]
    total = np.sum(inp, axis=1, keepdims=True)
    total_sq = np.sum(inp ** 2, axis=1, keepdims=True)
    mean = total / width
    var = total_sq / width - mean ** 2
    root = np.sqrt(var + small)
    xhat = (inp - mean) / root
    res = scale * xhat + shift
    return res, (inp, mean, root, xhat, scale)


def layernorm_backward(upstream, saved):
    # var = E[x^2] - E[x]^2, so two paths lead from var back to x
    inp, mean, root, xhat, scale = saved
    width = inp.shape[1]
    grad_shift = upstream.sum(axis=0)
    grad_scale = (upstream * xhat).sum(axis=0)
    grad_xhat = upstream * scale
    grad_inp = grad_xhat / root
    grad_mean = -np.sum(grad_xhat, axis=1, keepdims=True) / root
    grad_root = -np.sum(grad_xhat * (inp - mean), axis=1, keepdims=True) / root ** 2
    grad_var = grad_root / (2 * root)
    grad_mean = grad_mean - grad_var * 2 * mean
    grad_inp = grad_inp + grad_var * 2 * inp / width
    grad_inp = grad_inp + grad_mean / width
    return grad_inp, grad_scale, grad_shift


def batchnorm_forward(inp, scale, shift, bn_param):
    small = bn_param.get('eps', 1e-5)
    decay = bn_param.get('momentum', 0.9)
    batch, width = inp.shape
    hist_mean = bn_param.get('running_mean', np.zeros(width))
    hist_var = bn_param.get('running_var', np.zeros(width))
    training = bn_param['mode'] == 'train'
    mean = np.sum(inp, axis=0) / batch if training else hist_mean
    var = np.sum((inp - mean) ** 2, axis=0) / batch if training else hist_var
    root = np.sqrt(var + small)
    xhat = (inp - mean) / root
    res = scale * xhat + shift
    if training:
        bn_param['running_mean'] = decay * hist_mean + (1 - decay) * mean
        bn_param['running_var'] = decay * hist_var + (1 - decay) * var
    saved = (inp, mean, root, xhat, scale)
    return res, saved


def batchnorm_backward(upstream, saved):
    inp, mean, root, xhat, scale = saved
    batch = inp.shape[0]
    grad_shift = upstream.sum(axis=0)
    grad_scale = (upstream * xhat).sum(axis=0)
    grad_xhat = upstream * scale
    centered = inp - mean
    # both statistics by hand, quotient rule
    along = np.sum(grad_xhat * centered, axis=0)
    grad_inp = grad_xhat / root - np.sum(grad_xhat, axis=0) / (batch * root) - centered * along / (batch * root ** 3)
    return grad_inp, grad_scale, grad_shift


def spatial_batchnorm_forward(inp, scale, shift, bn_param):
    batch, chan, rows, cols = inp.shape
    order = np.rollaxis(inp, 1, 4)
    res, saved = batchnorm_forward(order.reshape(-1, chan), scale, shift, bn_param)
    res = np.rollaxis(res.reshape(order.shape), 3, 1)
    return res, saved


def spatial_batchnorm_backward(upstream, saved):
    batch, chan, rows, cols = upstream.shape
    order = np.rollaxis(upstream, 1, 4)
    grad_inp, grad_scale, grad_shift = batchnorm_backward(order.reshape(-1, chan), saved)
    grad_inp = np.rollaxis(grad_inp.reshape(order.shape), 3, 1)
    return grad_inp, grad_scale, grad_shift


def spatial_groupnorm_forward(inp, scale, shift, G, gn_param):
    small = gn_param.get('eps', 1e-5)
    batch, chan, rows, cols = inp.shape
    per = chan // G
    xhat = np.zeros_like(inp)
    roots = np.zeros((batch, G))
    for n in range(batch):
        for g in range(G):
            block = inp[n, g * per:(g + 1) * per]
            roots[n, g] = np.sqrt(block.var() + small)
            xhat[n, g * per:(g + 1) * per] = (block - block.mean()) / roots[n, g]
    return scale * xhat + shift, (xhat, roots, scale, G)


def spatial_groupnorm_backward(upstream, saved):
    xhat, roots, scale, G = saved
    batch, chan, rows, cols = upstream.shape
    per = chan // G
    grad_shift = upstream.sum(axis=(0, 2, 3)).reshape(scale.shape)
    grad_scale = (upstream * xhat).sum(axis=(0, 2, 3)).reshape(scale.shape)
    grad_xhat = upstream * scale
    grad_inp = np.zeros_like(upstream)
    for n in range(batch):
        for g in range(G):
            block = slice(g * per, (g + 1) * per)
            d = grad_xhat[n, block]
            u = xhat[n, block]
            grad_inp[n, block] = (d - d.mean() - u * (d * u).mean()) / roots[n, g]
    return grad_inp, grad_scale, grad_shift


