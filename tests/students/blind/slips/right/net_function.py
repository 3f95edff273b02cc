import numpy as np


def two_layer_net(X, model, y=None, reg=0.0):
    # réseau à deux couches (ancienne version du devoir)
    W1, b1, W2, b2 = model['W1'], model['b1'], model['W2'], model['b2']
    N, D = X.shape

    hidden = np.dot(X, W1) + b1
    hidden_relu = hidden * (hidden > 0)
    scores = np.dot(hidden_relu, W2) + b2
    if y is None:
        return scores

    shift = scores - scores.max(axis=1).reshape(N, 1)
    logsum = np.log(np.exp(shift).sum(axis=1))
    loss = np.mean(logsum - shift[np.arange(N), y])
    loss += 0.5 * reg * (np.sum(W1 ** 2) + np.sum(W2 ** 2))

    grads = {}
    dscores = np.exp(shift) / np.exp(shift).sum(axis=1).reshape(N, 1)
    dscores[np.arange(N), y] -= 1
    dscores = dscores / N
    grads['b2'] = dscores.sum(axis=0)
    grads['W2'] = hidden_relu.T.dot(dscores) + reg * W2
    dhidden_relu = dscores.dot(W2.T)
    dhidden = dhidden_relu * (hidden > 0)
    grads['b1'] = dhidden.sum(axis=0)
    grads['W1'] = X.T.dot(dhidden) + reg * W1
    return loss, grads
