"""Engines that courses build: static forward(ctx, ...) and backward(ctx, grad_output), on numbers and on arrays."""

import numpy as np
from mytorch.autograd import Function
from torch.autograd import Function as TorchFunction


class Tanh(Function):
    @staticmethod
    def forward(ctx, a):
        out = np.tanh(a)
        ctx.save_for_backward(out)
        return out

    @staticmethod
    def backward(ctx, grad_output):
        (out,) = ctx.saved_tensors
        return grad_output * (1 - out * out)


class Add(Function):
    @staticmethod
    def forward(ctx, a, b):
        return a + b

    @staticmethod
    def backward(ctx, grad_output):
        return grad_output, grad_output


class Sub(Function):
    @staticmethod
    def forward(ctx, a, b):
        return a - b

    @staticmethod
    def backward(ctx, grad_output):
        return grad_output, -grad_output


class Div(Function):
    @staticmethod
    def forward(ctx, a, b):
        ctx.save_for_backward(a, b)
        return a / b

    @staticmethod
    def backward(ctx, grad_output):
        a, b = ctx.saved_tensors
        grad_a = grad_output / b
        grad_b = -grad_output * a / (b * b)
        return grad_a, grad_b


class MatMul(Function):
    @staticmethod
    def forward(ctx, a, b):
        ctx.save_for_backward(a, b)
        return np.matmul(a, b)

    @staticmethod
    def backward(ctx, grad_output):
        a, b = ctx.saved_tensors
        return np.matmul(grad_output, b.T), np.matmul(a.T, grad_output)


class Log(Function):
    @staticmethod
    def forward(ctx, a):
        ctx.save_for_backward(a)
        return np.log(a)

    @staticmethod
    def backward(ctx, grad_output):
        a = ctx.saved_tensors[0]
        return grad_output / a


class Power(Function):
    @staticmethod
    def forward(ctx, a, exponent=3):
        ctx.save_for_backward(a)
        ctx.exponent = exponent
        return a**exponent

    @staticmethod
    def backward(ctx, grad_output):
        (a,) = ctx.saved_tensors
        return grad_output * ctx.exponent * a ** (ctx.exponent - 1)


class Transpose(Function):
    @staticmethod
    def forward(ctx, a):
        ctx.shape = a.shape
        return a.T

    @staticmethod
    def backward(ctx, grad_output):
        return grad_output.T


class Reshape(Function):
    @staticmethod
    def forward(ctx, a):
        ctx.shape = a.shape
        return a.reshape(-1)

    @staticmethod
    def backward(ctx, grad_output):
        return grad_output.reshape(ctx.shape)


class SoftmaxFunction(TorchFunction):
    @staticmethod
    def forward(ctx, input):
        e = np.exp(input - input.max(axis=-1, keepdims=True))
        output = e / e.sum(axis=-1, keepdims=True)
        ctx.save_for_backward(output)
        return output

    @staticmethod
    def backward(ctx, grad_output):
        (output,) = ctx.saved_tensors
        inner = (grad_output * output).sum(axis=-1, keepdims=True)
        grad_input = output * (grad_output - inner)
        return grad_input


class LayerNormFunction(TorchFunction):
    @staticmethod
    def forward(ctx, input, weight, bias):
        mean = input.mean(axis=1, keepdims=True)
        rstd = 1 / np.sqrt(input.var(axis=1, keepdims=True) + 1e-5)
        norm = (input - mean) * rstd
        ctx.save_for_backward(norm, weight, rstd)
        return norm * weight + bias

    @staticmethod
    def backward(ctx, grad_output):
        norm, weight, rstd = ctx.saved_tensors
        grad_weight = (grad_output * norm).sum(axis=0)
        grad_bias = grad_output.sum(axis=0)
        g = grad_output * weight
        grad_input = rstd * (
            g - g.mean(axis=1, keepdims=True) - norm * (g * norm).mean(axis=1, keepdims=True)
        )
        return grad_input, grad_weight, grad_bias


class MSELossFunction(TorchFunction):
    @staticmethod
    def forward(ctx, y_pred, y):
        ctx.save_for_backward(y_pred, y)
        return ((y - y_pred) ** 2).mean()

    @staticmethod
    def backward(ctx, grad_output):
        y_pred, y = ctx.saved_tensors
        grad_input = 2 * (y_pred - y) / y_pred.size * grad_output
        return grad_input, None
