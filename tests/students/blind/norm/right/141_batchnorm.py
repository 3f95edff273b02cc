import numpy as np


def batchnorm_forward(x, gamma, beta, bn_param):
    phase = bn_param['mode']
    eps = bn_param.get('eps', 1e-5)
    momentum = bn_param.get('momentum', 0.9)
    m, dim = x.shape
    run_mean = bn_param.get('running_mean', np.zeros(dim, dtype=x.dtype))
    run_var = bn_param.get('running_var', np.zeros(dim, dtype=x.dtype))
    out, cache = None, None
    if phase == 'train':
        avg_x = x.mean(axis=0)
        xc = x - avg_x
        carre = xc ** 2
        v_x = carre.mean(axis=0)
        sqrtvar = np.sqrt(v_x + eps)
        invvar = 1. / sqrtvar
        va2 = xc * invvar
        va3 = gamma * va2
        out = va3 + beta
        run_mean = momentum * run_mean + (1. - momentum) * avg_x
        run_var = momentum * run_var + (1. - momentum) * v_x
        cache = (avg_x, xc, carre, v_x, sqrtvar, invvar, va2, va3, gamma, beta, x, bn_param)
    elif phase == 'test':
        xh_ = (x - run_mean) / np.sqrt(run_var + eps)
        out = gamma * xh_ + beta
        cache = (run_mean, xh_, gamma, beta, run_var, bn_param)
    else:
        raise ValueError('Invalid forward batchnorm mode "%s"' % phase)
    bn_param['running_mean'] = run_mean
    bn_param['running_var'] = run_var
    return out, cache


def batchnorm_backward(dout, cache):
    avg_x, xc, carre, v_x, sqrtvar, invvar, va2, va3, gamma, beta, x, bn_param = cache
    eps = bn_param.get('eps', 1e-5)
    m, dim = dout.shape

    dva3 = dout
    dbeta = np.sum(dout, axis=0)
    dva2 = gamma * dva3
    dgamma = np.sum(va2 * dva3, axis=0)
    d_xc = invvar * dva2
    dinvvar = np.sum(xc * dva2, axis=0)
    dsqrtvar = -1. / (sqrtvar ** 2) * dinvvar
    gvar = 0.5 * (v_x + eps) ** (-0.5) * dsqrtvar
    dcarre = 1. / float(m) * np.ones((carre.shape)) * gvar
    d_xc += 2 * xc * dcarre
    dx = d_xc
    davg = -np.sum(d_xc, axis=0)
    dx = dx + 1. / float(m) * np.ones((d_xc.shape)) * davg
    return dx, dgamma, dbeta
