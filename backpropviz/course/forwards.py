"""Plain forward passes, in the decompositions in which people write them. Their traces are what is right.

Each takes arrays by position and settings by keyword, and returns its outputs. The first of a layer is the judge of the
student's output; the others only add values that a right solution may pass through on its way.
"""

from __future__ import annotations

from typing import Any

import numpy as np


def affine(x: Any, w: Any, b: Any) -> Any:
    rows = x.reshape(x.shape[0], -1)
    product = rows @ w
    out = product + b
    return out


def relu(x: Any) -> Any:
    out = np.maximum(x, 0)
    return out


def batchnorm(x: Any, gamma: Any, beta: Any, *, eps: float) -> Any:
    mu = np.mean(x, axis=0)
    xmu = x - mu
    sq = xmu**2
    var = np.mean(sq, axis=0)
    sqrtvar = np.sqrt(var + eps)
    ivar = 1 / sqrtvar
    xhat = xmu * ivar
    gammax = gamma * xhat
    out = gammax + beta
    return out


def batchnorm_paper(x: Any, gamma: Any, beta: Any, *, eps: float) -> Any:
    mu = np.sum(x, axis=0) / x.shape[0]
    var = np.sum((x - mu) ** 2, axis=0) / x.shape[0]
    ivar = (var + eps) ** -0.5
    xmu = x - mu
    xhat = xmu * ivar
    out = gamma * xhat + beta
    return out


def batchnorm_divided(x: Any, gamma: Any, beta: Any, *, eps: float) -> Any:
    mu = np.mean(x, axis=0)
    var = np.var(x, axis=0)
    sqrtvar = np.sqrt(var + eps)
    xhat = (x - mu) / sqrtvar
    out = gamma * xhat + beta
    return out


def batchnorm_test(x: Any, gamma: Any, beta: Any, *, running_mean: Any, running_var: Any, eps: float) -> Any:
    xmu = x - running_mean
    sqrtvar = np.sqrt(running_var + eps)
    ivar = 1 / sqrtvar
    xhat = xmu * ivar
    gammax = gamma * xhat
    out = gammax + beta
    return out


def layernorm(x: Any, gamma: Any, beta: Any, *, eps: float) -> Any:
    mu = np.mean(x, axis=1, keepdims=True)
    xmu = x - mu
    sq = xmu**2
    var = np.mean(sq, axis=1, keepdims=True)
    sqrtvar = np.sqrt(var + eps)
    ivar = 1 / sqrtvar
    xhat = xmu * ivar
    gammax = gamma * xhat
    out = gammax + beta
    return out


def layernorm_divided(x: Any, gamma: Any, beta: Any, *, eps: float) -> Any:
    mu = np.mean(x, axis=1, keepdims=True)
    var = np.mean((x - mu) ** 2, axis=1, keepdims=True)
    xmu = x - mu
    sqrtvar = np.sqrt(var + eps)
    xhat = xmu / sqrtvar
    out = gamma * xhat + beta
    return out


def spatial_batchnorm(x: Any, gamma: Any, beta: Any, *, eps: float) -> Any:
    N, C, H, W = x.shape
    rows = x.transpose(0, 2, 3, 1).reshape(-1, C)
    normalized = batchnorm(rows, gamma, beta, eps=eps)
    out = normalized.reshape(N, H, W, C).transpose(0, 3, 1, 2)
    return out


def spatial_batchnorm_axes(x: Any, gamma: Any, beta: Any, *, eps: float) -> Any:
    mu = np.mean(x, axis=(0, 2, 3), keepdims=True)
    var = np.mean((x - mu) ** 2, axis=(0, 2, 3), keepdims=True)
    xmu = x - mu
    sqrtvar = np.sqrt(var + eps)
    xhat = xmu / sqrtvar
    out = gamma.reshape(1, -1, 1, 1) * xhat + beta.reshape(1, -1, 1, 1)
    return out


def spatial_batchnorm_test(x: Any, gamma: Any, beta: Any, *, running_mean: Any, running_var: Any, eps: float) -> Any:
    N, C, H, W = x.shape
    rows = x.transpose(0, 2, 3, 1).reshape(-1, C)
    normalized = batchnorm_test(rows, gamma, beta, running_mean=running_mean, running_var=running_var, eps=eps)
    out = normalized.reshape(N, H, W, C).transpose(0, 3, 1, 2)
    return out


def groupnorm(x: Any, gamma: Any, beta: Any, *, G: int, eps: float) -> Any:
    N, C, H, W = x.shape
    groups = x.reshape(N, G, C // G, H, W)
    mu = np.mean(groups, axis=(2, 3, 4), keepdims=True)
    xmu = groups - mu
    sq = xmu**2
    var = np.mean(sq, axis=(2, 3, 4), keepdims=True)
    sqrtvar = np.sqrt(var + eps)
    ivar = 1 / sqrtvar
    normalized = xmu * ivar
    xhat = normalized.reshape(N, C, H, W)
    gammax = gamma.reshape(1, C, 1, 1) * xhat
    out = gammax + beta.reshape(1, C, 1, 1)
    return out


def groupnorm_rows(x: Any, gamma: Any, beta: Any, *, G: int, eps: float) -> Any:
    N, C, H, W = x.shape
    rows = x.reshape(N * G, -1)
    mu = np.mean(rows, axis=1, keepdims=True)
    var = np.mean((rows - mu) ** 2, axis=1, keepdims=True)
    xmu = rows - mu
    sqrtvar = np.sqrt(var + eps)
    xhat = (xmu / sqrtvar).reshape(N, C, H, W)
    out = gamma.reshape(1, C, 1, 1) * xhat + beta.reshape(1, C, 1, 1)
    return out


def dropout(x: Any, *, mask: Any = 1.0) -> Any:
    out = x * mask
    return out


def conv(x: Any, w: Any, b: Any, *, stride: int, pad: int) -> Any:
    N, F, HH, WW = x.shape[0], w.shape[0], w.shape[2], w.shape[3]
    x_pad = np.pad(x, ((0, 0), (0, 0), (pad, pad), (pad, pad)))
    Ho, Wo = (x_pad.shape[2] - HH) // stride + 1, (x_pad.shape[3] - WW) // stride + 1
    w_row = w.reshape(F, -1)
    places = [(i * stride, j * stride) for i in range(Ho) for j in range(Wo)]
    columns = [x_pad[:, :, i : i + HH, j : j + WW].reshape(N, -1) for i, j in places]
    x_col = np.stack(columns, axis=-1)
    scores = np.matmul(w_row, x_col)
    out = scores.reshape(N, F, Ho, Wo) + b.reshape(1, F, 1, 1)
    return out


def temporal_affine(x: Any, w: Any, b: Any) -> Any:
    product = x @ w
    out = product + b
    return out


def word_embedding(x: Any, w: Any) -> Any:
    out = w[x]
    return out


def temporal_softmax_loss(x: Any, *, y: Any, mask: Any) -> Any:
    N, T, V = x.shape
    rows = x.reshape(N * T, V)
    shifted = rows - np.max(rows, axis=1, keepdims=True)
    log_probs = shifted - np.log(np.sum(np.exp(shifted), axis=1, keepdims=True))
    correct = log_probs[np.arange(N * T), y.reshape(N * T)]
    loss = -np.sum(mask.reshape(N * T) * correct) / N
    return loss


def affine_relu(x: Any, w: Any, b: Any) -> Any:
    a = affine(x, w, b)
    out = relu(a)
    return out


def affine_bn_relu(x: Any, w: Any, b: Any, gamma: Any, beta: Any, *, eps: float) -> Any:
    a = affine(x, w, b)
    normalized = batchnorm(a, gamma, beta, eps=eps)
    out = relu(normalized)
    return out


def conv_relu(x: Any, w: Any, b: Any, *, stride: int, pad: int) -> Any:
    a = conv(x, w, b, stride=stride, pad=pad)
    out = relu(a)
    return out


def conv_relu_pool(x: Any, w: Any, b: Any, *, stride: int, pad: int, pool_height: int, pool_width: int) -> Any:
    active = conv_relu(x, w, b, stride=stride, pad=pad)
    out = max_pool(active, pool_height=pool_height, pool_width=pool_width, stride=stride)
    return out


def _windows(x: Any, pool_height: int, pool_width: int, stride: int) -> Any:
    Ho, Wo = (x.shape[2] - pool_height) // stride + 1, (x.shape[3] - pool_width) // stride + 1
    places = [(i * stride, j * stride) for i in range(Ho) for j in range(Wo)]
    return np.stack([x[:, :, i : i + pool_height, j : j + pool_width] for i, j in places]), Ho, Wo


def max_pool(x: Any, *, pool_height: int, pool_width: int, stride: int) -> Any:
    windows, Ho, Wo = _windows(x, pool_height, pool_width, stride)
    largest = np.max(windows, axis=(3, 4))
    out = largest.transpose(1, 2, 0).reshape(x.shape[0], x.shape[1], Ho, Wo)
    return out


def avg_pool(x: Any, *, pool_height: int, pool_width: int, stride: int) -> Any:
    windows, Ho, Wo = _windows(x, pool_height, pool_width, stride)
    means = np.mean(windows, axis=(3, 4))
    out = means.transpose(1, 2, 0).reshape(x.shape[0], x.shape[1], Ho, Wo)
    return out


def softmax_loss(x: Any, *, y: Any) -> Any:
    N = x.shape[0]
    shifted = x - np.max(x, axis=1, keepdims=True)
    exps = np.exp(shifted)
    sums = np.sum(exps, axis=1, keepdims=True)
    log_probs = shifted - np.log(sums)
    correct = log_probs[np.arange(N), y]
    loss = -np.sum(correct) / N
    return loss


def softmax_loss_probabilities(x: Any, *, y: Any) -> Any:
    N = x.shape[0]
    exps = np.exp(x - np.max(x, axis=1, keepdims=True))
    probs = exps / np.sum(exps, axis=1, keepdims=True)
    loss = -np.sum(np.log(probs[np.arange(N), y])) / N
    return loss


def svm_loss(x: Any, *, y: Any) -> Any:
    N = x.shape[0]
    correct = x[np.arange(N), y]
    others = np.ones(x.shape)
    others[np.arange(N), y] = 0.0
    shifted = x - correct[:, None] + 1.0
    margins = np.maximum(0, shifted) * others
    loss = np.sum(margins) / N
    return loss


def softmax_classifier(w: Any, x: Any, *, y: Any, reg: float, share: float) -> Any:
    scores = x @ w
    data_loss = softmax_loss(scores, y=y)
    loss = data_loss + share * reg * np.sum(w * w)
    return loss


def svm_classifier(w: Any, x: Any, *, y: Any, reg: float, share: float) -> Any:
    scores = x @ w
    data_loss = svm_loss(scores, y=y)
    loss = data_loss + share * reg * np.sum(w * w)
    return loss


def rnn_step(x: Any, prev_h: Any, Wx: Any, Wh: Any, b: Any) -> Any:
    from_x = x @ Wx
    from_h = prev_h @ Wh
    a = from_x + from_h + b
    next_h = np.tanh(a)
    return next_h


def lstm_step(x: Any, prev_h: Any, prev_c: Any, Wx: Any, Wh: Any, b: Any) -> Any:
    H = prev_h.shape[1]
    from_x = x @ Wx
    from_h = prev_h @ Wh
    a = from_x + from_h + b
    ai, af, ao, ag = a[:, :H], a[:, H : 2 * H], a[:, 2 * H : 3 * H], a[:, 3 * H :]
    i = 1 / (1 + np.exp(-ai))
    f = 1 / (1 + np.exp(-af))
    o = 1 / (1 + np.exp(-ao))
    g = np.tanh(ag)
    kept = f * prev_c
    added = i * g
    next_c = kept + added
    squashed = np.tanh(next_c)
    next_h = o * squashed
    return next_h, next_c


def rnn(x: Any, h0: Any, Wx: Any, Wh: Any, b: Any, *, time_axis: int = 1) -> Any:
    states, state = [], h0
    for t in range(x.shape[time_axis]):
        state = np.tanh((x[t] if time_axis == 0 else x[:, t]) @ Wx + state @ Wh + b)
        states.append(state)
    h = np.stack(states, axis=time_axis)
    return h


def lstm(x: Any, h0: Any, Wx: Any, Wh: Any, b: Any, *, time_axis: int = 1) -> Any:
    states, h, c = [], h0, np.zeros(h0.shape)
    for t in range(x.shape[time_axis]):
        h, c = lstm_step(x[t] if time_axis == 0 else x[:, t], h, c, Wx, Wh, b)
        states.append(h)
    h_all = np.stack(states, axis=time_axis)
    return h_all
