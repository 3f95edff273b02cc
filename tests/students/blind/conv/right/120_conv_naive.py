import numpy as np


class ConvParamError(Exception):
    pass


def conv_forward_naive(x, w, b, conv_param):
    if conv_param['stride'] < 1:
        raise ConvParamError('bad stride')
    step = conv_param['stride']
    border = conv_param['pad']
    num_train, channels, height, width = x.shape
    num_filters, _, f_height, f_width = w.shape
    new_height = int(1 + (height + 2 * border - f_height) / step)
    new_width = int(1 + (width + 2 * border - f_width) / step)

    framed = np.pad(x, ((0, 0), (0, 0), (border, border), (border, border)), mode='constant')
    out = np.zeros((num_train, num_filters, new_height, new_width))

    for img in range(num_train):
        for filt in range(num_filters):
            for row in range(new_height):
                for col in range(new_width):
                    row_from, row_to = row * step, row * step + f_height
                    col_from, col_to = col * step, col * step + f_width
                    field = framed[img, :, row_from:row_to, col_from:col_to]
                    out[img, filt, row, col] = (field * w[filt, :, :, :]).sum() + b[filt]

    return out, (framed, w, b, conv_param)


def conv_backward_naive(dout, cache):
    framed, w, b, conv_param = cache
    step = conv_param['stride']
    border = conv_param['pad']
    num_train, num_filters, new_height, new_width = dout.shape
    f_height, f_width = w.shape[2:]

    dframed = np.zeros_like(framed)
    dw = np.zeros_like(w)
    db = np.zeros_like(b)

    for img in range(num_train):
        for filt in range(num_filters):
            for row in range(new_height):
                for col in range(new_width):
                    row_from, row_to = row * step, row * step + f_height
                    col_from, col_to = col * step, col * step + f_width
                    field = framed[img, :, row_from:row_to, col_from:col_to]
                    upstream = dout[img, filt, row, col]
                    dframed[img, :, row_from:row_to, col_from:col_to] += upstream * w[filt, :, :, :]
                    dw[filt, :, :, :] += upstream * field
                    db[filt] += upstream

    dx = dframed
    for _ in range(border):
        dx = np.delete(dx, [0, dx.shape[2] - 1], axis=2)
        dx = np.delete(dx, [0, dx.shape[3] - 1], axis=3)
    return dx, dw, db
