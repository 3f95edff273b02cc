# -*- coding: utf-8 -*-
# Practica 3: capas de una red neuronal
import numpy as np


class Linear:
    def __init__(self, entradas, salidas):
        self.W = np.random.randn(entradas, salidas) * 0.1
        self.b = np.zeros(salidas)

    def forward(self, x):
        self.entrada = x
        z = x.dot(self.W)
        z += self.b
        return z

    def backward(self, dout):
        # derivada respecto a los pesos
        self.dW = (dout.T.dot(self.entrada)).T
        # derivada respecto al sesgo
        self.db = dout.sum(axis=0)
        # derivada respecto a la entrada
        return (self.W.dot(dout.T)).T


class ReLU:
    def forward(self, x):
        self.entrada = x
        return np.maximum(0, x)

    def backward(self, dout):
        deriv = np.zeros_like(self.entrada)
        deriv[self.entrada > 0] = 1
        return deriv * dout


class BatchNorm:
    def __init__(self, dim, eps=1e-5, momento=0.9):
        self.gamma = np.ones((1, dim))
        self.beta = np.zeros((1, dim))
        self.eps = eps
        self.momento = momento
        self.media_mov = np.zeros((1, dim))
        self.var_mov = np.ones((1, dim))
        self.entrenando = True

    def forward(self, x):
        if self.entrenando:
            media = np.mean(x, axis=0, keepdims=True)
            var = np.var(x, axis=0, keepdims=True)
            self.media_mov = self.momento * self.media_mov + (1 - self.momento) * media
            self.var_mov = self.momento * self.var_mov + (1 - self.momento) * var
        else:
            media, var = self.media_mov, self.var_mov
        self.inv = 1.0 / np.sqrt(var + self.eps)
        self.xnorm = (x - media) * self.inv
        return self.gamma * self.xnorm + self.beta

    def backward(self, dout):
        m = dout.shape[0]
        self.dbeta = np.sum(dout, axis=0, keepdims=True)
        self.dgamma = np.sum(dout * self.xnorm, axis=0, keepdims=True)
        dxnorm = dout * self.gamma
        suma1 = np.sum(dxnorm, axis=0, keepdims=True)
        suma2 = np.sum(dxnorm * self.xnorm, axis=0, keepdims=True)
        return self.inv / m * (m * dxnorm - suma1 - self.xnorm * suma2)
