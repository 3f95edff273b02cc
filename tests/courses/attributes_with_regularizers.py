"""forward leaves self.output, backward leaves self.dinputs, with regularizers, dropout, and fused losses: a book in Python classes."""

import numpy as np


class Layer_Dense:
    def __init__(self, n_inputs, n_neurons, weight_regularizer_l1=0, weight_regularizer_l2=0, bias_regularizer_l2=0):
        self.weights = 0.01 * np.random.randn(n_inputs, n_neurons)
        self.biases = np.zeros((1, n_neurons))
        self.weight_regularizer_l1 = weight_regularizer_l1
        self.weight_regularizer_l2 = weight_regularizer_l2
        self.bias_regularizer_l2 = bias_regularizer_l2

    def forward(self, inputs, training=True):
        self.inputs = inputs
        self.output = np.dot(inputs, self.weights) + self.biases

    def backward(self, dvalues):
        self.dweights = np.dot(self.inputs.T, dvalues)
        self.dbiases = np.sum(dvalues, axis=0, keepdims=True)
        if self.weight_regularizer_l1 > 0:
            dL1 = np.ones_like(self.weights)
            dL1[self.weights < 0] = -1
            self.dweights += self.weight_regularizer_l1 * dL1
        if self.weight_regularizer_l2 > 0:
            self.dweights += 2 * self.weight_regularizer_l2 * self.weights
        if self.bias_regularizer_l2 > 0:
            self.dbiases += 2 * self.bias_regularizer_l2 * self.biases
        self.dinputs = np.dot(dvalues, self.weights.T)


class Layer_Dropout:
    def __init__(self, rate):
        self.rate = 1 - rate

    def forward(self, inputs, training=True):
        self.inputs = inputs
        if not training:
            self.output = inputs.copy()
            return
        self.binary_mask = np.random.binomial(1, self.rate, size=inputs.shape) / self.rate
        self.output = inputs * self.binary_mask

    def backward(self, dvalues):
        self.dinputs = dvalues * self.binary_mask


class Activation_LeakyReLU:
    def __init__(self, slope=0.1):
        self.slope = slope

    def forward(self, inputs, training=True):
        self.inputs = inputs
        self.output = np.where(inputs > 0, inputs, self.slope * inputs)

    def backward(self, dvalues):
        self.dinputs = dvalues.copy()
        self.dinputs[self.inputs <= 0] *= self.slope


class Activation_Linear:
    def forward(self, inputs, training=True):
        self.inputs = inputs
        self.output = inputs

    def backward(self, dvalues):
        self.dinputs = dvalues.copy()


class Activation_Tanh:
    def forward(self, inputs, training=True):
        self.inputs = inputs
        self.output = np.tanh(inputs)

    def backward(self, dvalues):
        self.dinputs = dvalues * (1 - self.output**2)


class Loss:
    def calculate(self, output, y):
        sample_losses = self.forward(output, y)
        return np.mean(sample_losses)


class Loss_BinaryCrossentropy(Loss):
    def forward(self, y_pred, y_true):
        y_pred_clipped = np.clip(y_pred, 1e-7, 1 - 1e-7)
        sample_losses = -(y_true * np.log(y_pred_clipped) + (1 - y_true) * np.log(1 - y_pred_clipped))
        sample_losses = np.mean(sample_losses, axis=-1)
        return sample_losses

    def backward(self, dvalues, y_true):
        samples = len(dvalues)
        outputs = len(dvalues[0])
        clipped_dvalues = np.clip(dvalues, 1e-7, 1 - 1e-7)
        self.dinputs = -(y_true / clipped_dvalues - (1 - y_true) / (1 - clipped_dvalues)) / outputs
        self.dinputs = self.dinputs / samples


class Loss_MeanAbsoluteError(Loss):
    def forward(self, y_pred, y_true):
        sample_losses = np.mean(np.abs(y_true - y_pred), axis=-1)
        return sample_losses

    def backward(self, dvalues, y_true):
        samples = len(dvalues)
        outputs = len(dvalues[0])
        self.dinputs = -np.sign(y_true - dvalues) / outputs
        self.dinputs = self.dinputs / samples


class Layer_BatchNorm:
    def __init__(self, n_inputs, epsilon=1e-5):
        self.gamma = np.ones((1, n_inputs))
        self.beta = np.zeros((1, n_inputs))
        self.epsilon = epsilon

    def forward(self, inputs, training=True):
        self.inputs = inputs
        self.mean = np.mean(inputs, axis=0, keepdims=True)
        self.var = np.var(inputs, axis=0, keepdims=True)
        self.inv = 1.0 / np.sqrt(self.var + self.epsilon)
        self.normalized = (inputs - self.mean) * self.inv
        self.output = self.gamma * self.normalized + self.beta

    def backward(self, dvalues):
        samples = len(dvalues)
        self.dgamma = np.sum(dvalues * self.normalized, axis=0, keepdims=True)
        self.dbeta = np.sum(dvalues, axis=0, keepdims=True)
        dnorm = dvalues * self.gamma
        self.dinputs = (
            self.inv / samples * (samples * dnorm - np.sum(dnorm, axis=0, keepdims=True)
            - self.normalized * np.sum(dnorm * self.normalized, axis=0, keepdims=True))
        )


class Layer_Conv1D:
    def __init__(self, n_kernels, kernel_size):
        self.weights = 0.1 * np.random.randn(n_kernels, kernel_size)
        self.biases = np.zeros((n_kernels, 1))

    def forward(self, inputs, training=True):
        self.inputs = inputs
        n_kernels, size = self.weights.shape
        steps = inputs.shape[1] - size + 1
        self.output = np.zeros((len(inputs), n_kernels, steps))
        for i in range(steps):
            self.output[:, :, i] = np.dot(inputs[:, i : i + size], self.weights.T) + self.biases.T

    def backward(self, dvalues):
        size = self.weights.shape[1]
        self.dinputs = np.zeros_like(self.inputs)
        self.dweights = np.zeros_like(self.weights)
        self.dbiases = np.sum(dvalues, axis=(0, 2)).reshape(-1, 1)
        for i in range(dvalues.shape[2]):
            self.dweights += np.dot(dvalues[:, :, i].T, self.inputs[:, i : i + size])
            self.dinputs[:, i : i + size] += np.dot(dvalues[:, :, i], self.weights)


class Layer_Flatten:
    def forward(self, inputs, training=True):
        self.shape = inputs.shape
        self.output = inputs.reshape(len(inputs), -1)

    def backward(self, dvalues):
        self.dinputs = dvalues.reshape(self.shape)


class Activation_Softplus:
    def forward(self, inputs, training=True):
        self.inputs = inputs
        self.output = np.log(1 + np.exp(inputs))

    def backward(self, dvalues):
        self.dinputs = dvalues / (1 + np.exp(-self.inputs))
