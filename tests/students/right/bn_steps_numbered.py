import numpy as np

# every gate of the graph gets its number, gradients of gate k are called dx_k

def batchnorm_forward(x, gamma, beta, bn_param):
    mode = bn_param['mode']
    eps = bn_param.get('eps', 1e-5)
    momentum = bn_param.get('momentum', 0.9)
    N, D = x.shape
    running_mean = bn_param.get('running_mean', np.zeros(D, dtype=x.dtype))
    running_var = bn_param.get('running_var', np.zeros(D, dtype=x.dtype))

    out, cache = None, None
    if mode == 'train':
        x_1 = np.mean(x, axis=0)        # gate 1
        x_2 = x - x_1                   # gate 2
        x_3 = x_2 ** 2                  # gate 3
        x_4 = np.mean(x_3, axis=0)      # gate 4
        x_5 = np.sqrt(x_4 + eps)        # gate 5
        x_6 = 1.0 / x_5                 # gate 6
        x_7 = x_2 * x_6                 # gate 7
        x_8 = x_7 * gamma               # gate 8
        out = x_8 + beta                # gate 9
        cache = (x_2, x_5, x_6, x_7, gamma)
        running_mean = momentum * running_mean + (1 - momentum) * x_1
        running_var = momentum * running_var + (1 - momentum) * x_4
    elif mode == 'test':
        out = gamma * (x - running_mean) / np.sqrt(running_var + eps) + beta
    else:
        raise ValueError('no such mode: "%s"' % mode)

    bn_param['running_mean'] = running_mean
    bn_param['running_var'] = running_var
    return out, cache


def batchnorm_backward(dout, cache):
    x_2, x_5, x_6, x_7, gamma = cache
    N, D = dout.shape
    # 9
    dx_9 = dout
    dbeta = np.sum(dout, axis=0)
    # 8
    dx_8 = dx_9 * gamma
    dgamma = np.sum(dx_9 * x_7, axis=0)
    # 7, two inputs
    dx_7_a = dx_8 * x_6
    dx_7_b = np.sum(dx_8 * x_2, axis=0)
    # 6
    dx_6 = -1.0 / x_5 ** 2 * dx_7_b
    # 5
    dx_5 = 0.5 / x_5 * dx_6
    # 4
    dx_4 = np.ones((N, D)) / N * dx_5
    # 3
    dx_3 = 2 * x_2 * dx_4
    # 2
    dx_2_a = dx_7_a + dx_3
    dx_2_b = -np.sum(dx_2_a, axis=0)
    # 1
    dx_1 = np.ones((N, D)) / N * dx_2_b
    # 0
    dx = dx_2_a + dx_1
    return dx, dgamma, dbeta
