import numpy as np

def conv_forward_naive(x, w, b, conv_param):
    """
    x (N, C, H, W) images, w (F, C, k, k) filters, b (F,)
    """
    stride = conv_param.get('stride', 1)
    pad = conv_param.get('pad', 0)
    n, c, h, wd = x.shape
    f = w.shape[0]
    kh, kw = w.shape[2:]
    x_p = np.pad(x, ((0,0),(0,0),(pad,pad),(pad,pad)), 'constant')
    oh = (h + 2*pad - kh)//stride + 1
    ow = (wd + 2*pad - kw)//stride + 1
    out = np.empty((n, f, oh, ow))
    for r in range(oh):
        for s in range(ow):
            win = x_p[:, :, r*stride:r*stride+kh, s*stride:s*stride+kw]
            out[:, :, r, s] = np.tensordot(win, w, axes=([1, 2, 3], [1, 2, 3])) + b
    return out, (x_p, w, stride, pad, x.shape)

def conv_backward_naive(dout, cache):
    x_p, w, stride, pad, xshape = cache
    n, f, oh, ow = dout.shape
    kh, kw = w.shape[2:]
    dx_p = np.zeros_like(x_p)
    dw = np.zeros_like(w)
    for r in range(oh):
        for s in range(ow):
            rows = slice(r*stride, r*stride+kh)
            cols = slice(s*stride, s*stride+kw)
            dw += np.tensordot(dout[:, :, r, s], x_p[:, :, rows, cols], axes=(0, 0))
            dx_p[:, :, rows, cols] += np.tensordot(dout[:, :, r, s], w, axes=(1, 0))
    db = dout.sum((0, 2, 3))
    dx = dx_p[:, :, pad:pad+xshape[2], pad:pad+xshape[3]]
    return dx, dw, db
