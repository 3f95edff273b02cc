import numpy as np


def svm_loss(x, y):
    """Multiclass hinge loss and its gradient.

    Input:
      - x: scores (N, C)
      - y: labels (N,)

    Output:
      - loss: scalar
      - dx: (N, C)
    """
    loss, dx = None, None
    #####################################################################
    # TODO: Write the svm loss.                                         #
    # Put the gradients in the variables named above.                   #
    #####################################################################
    N = x.shape[0]
    idx = np.arange(N)
    delta = 1.0
    right = x[idx, y].reshape(N, 1)
    diff = x - right + delta
    active = diff > 0
    active[idx, y] = False
    loss = diff[active].sum() / N
    dx = active.astype(float)
    dx[idx, y] = -active.sum(axis=1)
    dx = dx / N
    #####################################################################
    #                          END OF YOUR CODE                         #
    #####################################################################
    return loss, dx


def softmax_loss(x, y):
    """Softmax cross-entropy and its gradient.

    Input:
      - x: scores (N, C)
      - y: labels (N,)

    Output:
      - loss: scalar
      - dx: (N, C)
    """
    loss, dx = None, None
    #####################################################################
    # TODO: Write the softmax loss.                                     #
    # Put the gradients in the variables named above.                   #
    #####################################################################
    N = x.shape[0]
    idx = np.arange(N)
    biggest = x.max(axis=1).reshape(N, 1)
    e = np.exp(x - biggest)
    norm = e.sum(axis=1).reshape(N, 1)
    logs = (x - biggest) - np.log(norm)
    loss = -logs[idx, y].sum() / N
    target = np.zeros(x.shape)
    target[idx, y] = 1
    dx = (e / norm - target) / N
    #####################################################################
    #                          END OF YOUR CODE                         #
    #####################################################################
    return loss, dx
