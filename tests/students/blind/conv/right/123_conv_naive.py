# -*- coding: utf-8 -*-
# Tarea 2 - capa convolucional
import numpy as np


def conv_forward_naive(x, w, b, conv_param):
    """
    Paso hacia adelante de la convolución.
    x: (N, C, H, W)   w: (F, C, HH, WW)   b: (F,)
    """
    paso = conv_param['stride']
    relleno = conv_param['pad']
    N, C, H, W = x.shape
    F, _, HH, WW = w.shape

    alto = 1 + (H + 2 * relleno - HH) // paso
    ancho = 1 + (W + 2 * relleno - WW) // paso
    salida = np.zeros((N, F, alto, ancho))

    x_rell = np.pad(x, ((0, 0), (0, 0), (relleno, relleno), (relleno, relleno)), 'constant')

    for n in range(N):                  # cada imagen
        for f in range(F):              # cada filtro
            for i in range(alto):
                for j in range(ancho):
                    parte = x_rell[n, :, i * paso:i * paso + HH, j * paso:j * paso + WW]
                    salida[n, f, i, j] = np.sum(parte * w[f]) + b[f]

    cache = (x, w, b, conv_param)
    return salida, cache


def conv_backward_naive(dout, cache):
    """ Paso hacia atrás: gradientes de x, w y b """
    x, w, b, conv_param = cache
    paso = conv_param['stride']
    relleno = conv_param['pad']
    N, C, H, W = x.shape
    F, _, HH, WW = w.shape
    _, _, alto, ancho = dout.shape

    x_rell = np.pad(x, ((0, 0), (0, 0), (relleno, relleno), (relleno, relleno)), 'constant')

    # gradiente del sesgo
    db = np.zeros(F)
    for f in range(F):
        db[f] = np.sum(dout[:, f, :, :])

    # gradiente de los filtros
    dw = np.zeros(w.shape)
    for f in range(F):
        for c in range(C):
            for k in range(HH):
                for l in range(WW):
                    trozo = x_rell[:, c, k:k + alto * paso:paso, l:l + ancho * paso:paso]
                    dw[f, c, k, l] = np.sum(dout[:, f, :, :] * trozo)

    # gradiente de la entrada
    dx = np.zeros(x.shape)
    for n in range(N):
        for i in range(H):
            for j in range(W):
                for f in range(F):
                    for k in range(alto):
                        for l in range(ancho):
                            fila = i + relleno - k * paso
                            col = j + relleno - l * paso
                            if 0 <= fila < HH and 0 <= col < WW:
                                dx[n, :, i, j] += w[f, :, fila, col] * dout[n, f, k, l]
    return dx, dw, db
