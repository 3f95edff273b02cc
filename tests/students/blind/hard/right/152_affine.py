# -*- coding: utf-8 -*-
# Tarea 2. Capas de la red (todo a mano)
from builtins import range
import numpy as np


def affine_forward(x, w, b):
    lote = x.shape[0]
    aplanado = x.reshape(lote, -1)
    salida = aplanado.dot(w)
    for fila in range(lote):
        salida[fila] += b
    return salida, (x, w, b)


def affine_backward(dout, cache):
    x, w, b = cache
    lote = x.shape[0]
    aplanado = x.reshape(lote, -1)
    dx = np.zeros(aplanado.shape)
    dw = np.zeros(w.shape)
    db = np.zeros(b.shape)
    for fila in range(lote):
        dx[fila] = w.dot(dout[fila])
        dw += np.outer(aplanado[fila], dout[fila])
        db += dout[fila]
    dx = dx.reshape(x.shape)
    return dx, dw, db


def batchnorm_forward(x, gamma, beta, bn_param):
    modo = bn_param['mode']
    eps = bn_param.get('eps', 1e-5)
    inercia = bn_param.get('momentum', 0.9)
    filas, columnas = x.shape
    media_corrida = bn_param.get('running_mean', np.zeros(columnas))
    var_corrida = bn_param.get('running_var', np.zeros(columnas))
    memoria = None
    if modo == 'train':
        media = np.zeros(columnas)
        for fila in range(filas):
            media += x[fila]
        media = media / filas
        centrado = x - media
        var = np.zeros(columnas)
        for fila in range(filas):
            var += centrado[fila] ** 2
        var = var / filas
        desv = np.sqrt(var + eps)
        estandar = centrado / desv
        salida = gamma * estandar + beta
        media_corrida = inercia * media_corrida + (1 - inercia) * media
        var_corrida = inercia * var_corrida + (1 - inercia) * var
        memoria = (centrado, desv, estandar, gamma)
    else:
        estandar = (x - media_corrida) / np.sqrt(var_corrida + eps)
        salida = gamma * estandar + beta
    bn_param['running_mean'] = media_corrida
    bn_param['running_var'] = var_corrida
    return salida, memoria


def batchnorm_backward(dout, cache):
    centrado, desv, estandar, gamma = cache
    filas, columnas = dout.shape
    dgamma = np.zeros(columnas)
    dbeta = np.zeros(columnas)
    for fila in range(filas):
        dgamma += dout[fila] * estandar[fila]
        dbeta += dout[fila]
    # jacobiana por columna:  d normal_i / d x_k = (delta_ik - 1/m - normal_i normal_k / m) / desv
    dx = np.zeros(dout.shape)
    for col in range(columnas):
        n = estandar[:, col]
        J = np.eye(filas) - 1.0 / filas - np.outer(n, n) / filas
        J = J / desv[col]
        dx[:, col] = J.T.dot(dout[:, col] * gamma[col])
    return dx, dgamma, dbeta


def layernorm_forward(x, gamma, beta, ln_param):
    eps = ln_param.get('eps', 1e-5)
    estandar = np.zeros(x.shape)
    desv = np.zeros(x.shape[0])
    for fila in range(x.shape[0]):
        media = np.mean(x[fila])
        desv[fila] = np.sqrt(np.mean((x[fila] - media) ** 2) + eps)
        estandar[fila] = (x[fila] - media) / desv[fila]
    salida = estandar * gamma + beta
    return salida, (estandar, desv, gamma)


def layernorm_backward(dout, cache):
    estandar, desv, gamma = cache
    filas, columnas = dout.shape
    dgamma = np.zeros(columnas)
    dbeta = np.zeros(columnas)
    dx = np.zeros(dout.shape)
    for fila in range(filas):
        dgamma += dout[fila] * estandar[fila]
        dbeta += dout[fila]
        n = estandar[fila]
        J = np.eye(columnas) - 1.0 / columnas - np.outer(n, n) / columnas
        dx[fila] = J.dot(dout[fila] * gamma) / desv[fila]
    return dx, dgamma, dbeta


def max_pool_forward_naive(x, pool_param):
    alto = pool_param['pool_height']
    ancho = pool_param['pool_width']
    paso = pool_param['stride']
    N, C, H, W = x.shape
    filas = (H - alto) // paso + 1
    cols = (W - ancho) // paso + 1
    salida = np.zeros((N, C, filas, cols))
    donde = {}
    for n in range(N):
        for c in range(C):
            i = 0
            while i < filas:
                j = 0
                while j < cols:
                    mejor = -np.inf
                    for a in range(i * paso, i * paso + alto):
                        for b in range(j * paso, j * paso + ancho):
                            if x[n, c, a, b] > mejor:
                                mejor = x[n, c, a, b]
                                donde[n, c, i, j] = (a, b)
                    salida[n, c, i, j] = mejor
                    j += 1
                i += 1
    return salida, (x, donde)


def max_pool_backward_naive(dout, cache):
    x, donde = cache
    dx = np.zeros(x.shape)
    for clave in donde:
        n, c, i, j = clave
        a, b = donde[clave]
        dx[n, c, a, b] += dout[n, c, i, j]
    return dx


def svm_loss(x, y):
    N = x.shape[0]
    correctos = x[np.arange(N), y]
    margenes = np.maximum(0, x - correctos.reshape(N, 1) + 1.0)
    margenes[np.arange(N), y] = 0
    perdida = np.sum(margenes) / N
    cuantos = np.sum(margenes > 0, axis=1)
    dx = np.zeros(x.shape)
    dx[margenes > 0] = 1
    dx[np.arange(N), y] -= cuantos
    dx /= N
    return perdida, dx


def softmax_loss(x, y):
    N, K = x.shape
    perdida = 0
    dx = np.zeros(x.shape)
    for i in range(N):
        z = x[i] - x[i].max()
        prob = np.exp(z) / np.exp(z).sum()
        perdida = perdida - np.log(prob[y[i]])
        # jacobiana de la softmax por la derivada del logaritmo
        J = np.diag(prob) - np.outer(prob, prob)
        dprob = np.zeros(K)
        dprob[y[i]] = -1 / prob[y[i]]
        dx[i] = J.dot(dprob)
    return perdida / N, dx / N
