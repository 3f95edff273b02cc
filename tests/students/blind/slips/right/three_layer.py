import numpy as np


def conv_forward(x, w, b, conv_param):
    s, p = conv_param['stride'], conv_param['pad']
    N, C, H, W = x.shape
    F, _, k, l = w.shape
    xp = np.pad(x, ((0, 0), (0, 0), (p, p), (p, p)), 'constant')
    Ho = (H + 2 * p - k) // s + 1
    Wo = (W + 2 * p - l) // s + 1
    out = np.zeros((N, F, Ho, Wo))
    for i in range(Ho):
        for j in range(Wo):
            out[:, :, i, j] = np.einsum('ncij,fcij->nf', xp[:, :, i * s:i * s + k, j * s:j * s + l], w) + b
    return out, (x, w, b, conv_param)


def conv_backward(dout, cache):
    x, w, b, conv_param = cache
    s, p = conv_param['stride'], conv_param['pad']
    F, _, k, l = w.shape
    xp = np.pad(x, ((0, 0), (0, 0), (p, p), (p, p)), 'constant')
    dxp = np.zeros_like(xp)
    dw = np.zeros_like(w)
    for i in range(dout.shape[2]):
        for j in range(dout.shape[3]):
            d = dout[:, :, i, j]
            dw += np.einsum('nf,ncij->fcij', d, xp[:, :, i * s:i * s + k, j * s:j * s + l])
            dxp[:, :, i * s:i * s + k, j * s:j * s + l] += np.einsum('nf,fcij->ncij', d, w)
    H, W = x.shape[2:]
    return dxp[:, :, p:p + H, p:p + W], dw, dout.sum((0, 2, 3))


def relu_forward(x):
    return np.maximum(x, 0), x


def relu_backward(dout, cache):
    return dout * (cache > 0)


def affine_forward(x, w, b):
    return x.reshape(x.shape[0], -1) @ w + b, (x, w, b)


def affine_backward(dout, cache):
    x, w, b = cache
    return (dout @ w.T).reshape(x.shape), x.reshape(x.shape[0], -1).T @ dout, dout.sum(0)


def softmax_loss(x, y):
    p = np.exp(x - x.max(1, keepdims=True))
    p /= p.sum(1, keepdims=True)
    N = len(x)
    loss = -np.mean(np.log(p[np.arange(N), y]))
    dx = p.copy()
    dx[np.arange(N), y] -= 1
    return loss, dx / N


class ThreeLayerConvNet(object):
    """conv - relu - affine - relu - affine - softmax"""

    def __init__(self, input_dim=(3, 32, 32), num_filters=32, filter_size=3, hidden_dim=100, num_classes=10,
                 weight_scale=1e-3, reg=0.0, dtype=np.float64):
        self.params = {}
        self.reg = reg
        self.dtype = dtype
        C, H, W = input_dim
        self.params['W1'] = weight_scale * np.random.randn(num_filters, C, filter_size, filter_size)
        self.params['b1'] = np.zeros(num_filters)
        self.params['W2'] = weight_scale * np.random.randn(num_filters * H * W, hidden_dim)
        self.params['b2'] = np.zeros(hidden_dim)
        self.params['W3'] = weight_scale * np.random.randn(hidden_dim, num_classes)
        self.params['b3'] = np.zeros(num_classes)

    def loss(self, X, y=None):
        W1, b1 = self.params['W1'], self.params['b1']
        W2, b2 = self.params['W2'], self.params['b2']
        W3, b3 = self.params['W3'], self.params['b3']
        conv_param = {'stride': 1, 'pad': (W1.shape[2] - 1) // 2}
        a1, c1 = conv_forward(X, W1, b1, conv_param)
        h1, r1 = relu_forward(a1)
        a2, c2 = affine_forward(h1, W2, b2)
        h2, r2 = relu_forward(a2)
        scores, c3 = affine_forward(h2, W3, b3)
        if y is None:
            return scores
        loss, grads = 0, {}
        data_loss, dscores = softmax_loss(scores, y)
        reg_loss = 0.5 * self.reg * (np.sum(W1 ** 2) + np.sum(W2 ** 2) + np.sum(W3 ** 2))
        loss = data_loss + reg_loss
        dh2, dW3, db3 = affine_backward(dscores, c3)
        da2 = relu_backward(dh2, r2)
        dh1, dW2, db2 = affine_backward(da2, c2)
        da1 = relu_backward(dh1, r1)
        dX, dW1, db1 = conv_backward(da1, c1)
        dW1 += self.reg * W1
        dW2 += self.reg * W2
        dW3 += self.reg * W3
        grads.update({'W1': dW1, 'b1': db1, 'W2': dW2, 'b2': db2, 'W3': dW3, 'b3': db3})
        return loss, grads
