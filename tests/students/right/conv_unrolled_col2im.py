# Assignment 2 - convolution with im2col
import numpy as np


def get_patches(img, fh, fw, s):
    # img is already padded
    N, C, Hp, Wp = img.shape
    oh = (Hp - fh) // s + 1
    ow = (Wp - fw) // s + 1
    patches = np.zeros((N, oh, ow, C * fh * fw))
    for r in range(oh):
        for c in range(ow):
            patch = img[:, :, r*s : r*s + fh, c*s : c*s + fw]
            patches[:, r, c, :] = patch.reshape(N, -1)
    return patches, oh, ow


def put_patches(dpatches, img_shape, fh, fw, s):
    N, C, Hp, Wp = img_shape
    oh = (Hp - fh) // s + 1
    ow = (Wp - fw) // s + 1
    img = np.zeros((N, C, Hp, Wp))
    for r in range(oh):
        for c in range(ow):
            block = dpatches[:, r, c, :].reshape(N, C, fh, fw)
            img[:, :, r*s : r*s + fh, c*s : c*s + fw] += block
    return img


def conv_forward_naive(x, w, b, conv_param):
    stride, pad = conv_param['stride'], conv_param['pad']
    F, C, fh, fw = w.shape
    x_pad = np.pad(x, ((0, 0), (0, 0), (pad, pad), (pad, pad)), mode='constant')
    patches, oh, ow = get_patches(x_pad, fh, fw, stride)
    w_row = w.reshape(F, -1)
    out = patches.dot(w_row.T) + b
    out = out.transpose(0, 3, 1, 2)
    cache = (x, w, b, conv_param, patches, x_pad.shape)
    return out, cache


def conv_backward_naive(dout, cache):
    x, w, b, conv_param, patches, pad_shape = cache
    stride, pad = conv_param['stride'], conv_param['pad']
    N, C, H, W = x.shape
    F, _, fh, fw = w.shape

    db = np.sum(dout, axis=(0, 2, 3))

    d = dout.transpose(0, 2, 3, 1)  # N, oh, ow, F
    d_flat = d.reshape(-1, F)
    p_flat = patches.reshape(-1, C * fh * fw)
    dw = d_flat.T.dot(p_flat).reshape(w.shape)

    dpatches = d.dot(w.reshape(F, -1))
    dx_pad = put_patches(dpatches, pad_shape, fh, fw, stride)
    dx = dx_pad[:, :, pad:pad + H, pad:pad + W]
    return dx, dw, db
