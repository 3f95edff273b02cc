import numpy as np

def affine_forward(x, w, b):
    rows = [xi.flatten() for xi in x]
    out = np.array([r @ w for r in rows]) + b
    return out, (x, w, rows)

def affine_backward(dout, cache):
    x, w, rows = cache
    dw = sum(np.outer(r, d) for r, d in zip(rows, dout))
    db = sum(d for d in dout)
    dx = np.array([(w @ d).reshape(x.shape[1:]) for d in dout])
    return dx, dw, db
