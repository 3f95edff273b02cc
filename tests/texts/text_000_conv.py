import numpy as np


def patches_to_rows(image, hh, ww, stride):
    """Every patch of an image (C, H, W) as a row: (rows, C * hh * ww)."""
    c, h, w = image.shape
    down = (h - hh) // stride + 1
    across = (w - ww) // stride + 1
    rows = np.zeros([down * across, c * hh * ww])
    for i in range(down):
        for j in range(across):
            part = image[..., i * stride : i * stride + hh, j * stride : j * stride + ww]
            rows[i * across + j, :] = np.reshape(part, -1)
    return rows


def rows_to_maps(scores, height, width, C):
    """A map (height, width) from every column of scores; with C above 1, a volume (C, height, width)."""
    F = scores.shape[1]
    if(C == 1):
        maps = np.zeros([F, height, width])
        for f in range(F):
            column = scores[:, f]
            maps[f, :, :] = np.reshape(column, (height, width))
    else:
        maps = np.zeros([F, C, height, width])
        for f in range(F):
            column = scores[:, f]
            maps[f, :, :] = np.reshape(column, (C, height, width))
    return maps


def conv_forward(x, w, b, conv_param):
    out = None
    border = conv_param['pad']
    stride = conv_param['stride']
    N,C,H,W = x.shape
    F,C,HH,WW = w.shape
    down = (H + 2 * border - HH) // stride + 1
    across = (W + 2 * border - WW) // stride + 1
    out = np.zeros([N, F, down, across])
    for n in range(N):
        image = x[n, :, :, :]
        framed = np.pad(image, ((0,0), (border,border), (border,border)), 'constant')
        patches = patches_to_rows(framed, HH, WW, stride)
        w_rows = np.reshape(w, (F, -1))
        scores = patches.dot(w_rows.T) + b
        out[n, :, :, :] = rows_to_maps(scores, down, across, 1)
    kept = (x, w, b, conv_param)
    return out, kept
