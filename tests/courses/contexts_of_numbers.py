"""Functions of single numbers with a context: what arrives is a number as well, and goes into every derivative."""

import math


class Context:
    def __init__(self):
        self.saved_values = ()

    def save_for_backward(self, *values):
        self.saved_values = values


class Function:
    @classmethod
    def apply(cls, *values):
        return cls.forward(Context(), *values)


class Square(Function):
    @staticmethod
    def forward(ctx, a):
        ctx.save_for_backward(a)
        return a * a

    @staticmethod
    def backward(ctx, d_output):
        (a,) = ctx.saved_values
        return 2.0 * a * d_output


class Logistic(Function):
    @staticmethod
    def forward(ctx, a):
        out = 1.0 / (1.0 + math.exp(-a))
        ctx.save_for_backward(out)
        return out

    @staticmethod
    def backward(ctx, d_output):
        (out,) = ctx.saved_values
        return out * (1.0 - out) * d_output


class Divide(Function):
    @staticmethod
    def forward(ctx, a, b):
        ctx.save_for_backward(a, b)
        return a / b

    @staticmethod
    def backward(ctx, d_output):
        a, b = ctx.saved_values
        return d_output / b, -a * d_output / b**2
