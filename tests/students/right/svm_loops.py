import numpy as np

def svm_loss(x, y):
    N, C = x.shape
    loss = 0.0
    dx = np.zeros(x.shape)
    for i in range(N):
        s = x[i]
        for j in range(C):
            if j == y[i]:
                continue
            margin = s[j] - s[y[i]] + 1
            if margin > 0:
                loss += margin
                dx[i, j] += 1
                dx[i, y[i]] -= 1
    loss = loss / N
    dx = dx / N
    return loss, dx

def softmax_loss(x, y):
    N, C = x.shape
    loss, dx = 0.0, np.zeros_like(x)
    for i in range(N):
        s = x[i] - max(x[i])
        total = sum(np.exp(v) for v in s)
        loss += np.log(total) - s[y[i]]
        for j in range(C):
            dx[i, j] = np.exp(s[j]) / total - (j == y[i])
    return loss / N, dx / N
