import numpy as np

def softmax_loss(x, y):
    scores = x - np.max(x, axis=1).reshape(-1, 1)
    exps = np.exp(scores)
    probs = exps / np.sum(exps, axis=1).reshape(-1, 1)
    N = x.shape[0]
    loss = 0.0
    for i in range(N):
        loss += -np.log(probs[i, y[i]])
    loss /= N

    dx = probs
    for i in range(N):
        dx[i, y[i]] -= 1
    dx /= N
    return loss, dx
