import numpy as np


class Exp:
    @staticmethod
    def forward(ctx, a):
        out = np.exp(a)
        ctx.save_for_backward(out)
        return out


class Scale:
    @staticmethod
    def forward(ctx, x, w):
        ctx.w = w
        return x * w
