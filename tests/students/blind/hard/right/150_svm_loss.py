# -*- coding: utf-8 -*-
# Tarea 2. Capas de la red (todo a mano)
from builtins import range
import numpy as np


def relu_forward(x):
    salida = x * 1.0
    negativos = x < 0
    salida[negativos] = 0
    return salida, x


def relu_backward(dout, cache):
    prendidos = (cache > 0) * 1.0
    # print(prendidos)
    return prendidos * dout


def layernorm_forward(x, gamma, beta, ln_param):
    eps = ln_param.get('eps', 1e-5)
    normal = np.zeros(x.shape)
    desv = np.zeros(x.shape[0])
    for fila in range(x.shape[0]):
        media = np.mean(x[fila])
        desv[fila] = np.sqrt(np.mean((x[fila] - media) ** 2) + eps)
        normal[fila] = (x[fila] - media) / desv[fila]
    salida = normal * gamma + beta
    return salida, (normal, desv, gamma)


def layernorm_backward(dout, cache):
    normal, desv, gamma = cache
    filas, columnas = dout.shape
    dgamma = np.zeros(columnas)
    dbeta = np.zeros(columnas)
    dx = np.zeros(dout.shape)
    for fila in range(filas):
        dgamma += dout[fila] * normal[fila]
        dbeta += dout[fila]
        n = normal[fila]
        jac = np.eye(columnas) - 1.0 / columnas - np.outer(n, n) / columnas
        dx[fila] = jac.dot(dout[fila] * gamma) / desv[fila]
    return dx, dgamma, dbeta


def dropout_forward(x, dropout_param):
    p = dropout_param['p']
    modo = dropout_param['mode']
    if 'seed' in dropout_param:
        np.random.seed(dropout_param['seed'])
    mascara = None
    salida = x.copy()
    if modo == 'train':
        mascara = np.random.uniform(size=x.shape) < p
        salida[~mascara] = 0
        salida = salida / p
    return salida, (dropout_param, mascara)


def dropout_backward(dout, cache):
    dropout_param, mascara = cache
    dx = dout.copy()
    if dropout_param['mode'] == 'train':
        dx[~mascara] = 0
        dx = dx / dropout_param['p']
    return dx


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
        jac = np.diag(prob) - np.outer(prob, prob)
        dprob = np.zeros(K)
        dprob[y[i]] = -1 / prob[y[i]]
        dx[i] = jac.dot(dprob)
    return perdida / N, dx / N
