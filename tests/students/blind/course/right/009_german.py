import numpy as np

# Hausaufgabe 2, alle Schichten


def affine_forward(x, w, b):
    """
    Fully connected layer, forward.
    """
    anzahl = x.shape[0]
    flach = x.reshape(anzahl, np.prod(x.shape[1:]))   # jede Zeile ein Beispiel
    out = flach.dot(w) + b.reshape(1, -1)
    cache = (b, w, x)
    return out, cache


def affine_backward(dout, cache):
    """
    Fully connected layer, backward.
    """
    b, w, x = cache
    anzahl = x.shape[0]
    flach = x.reshape(anzahl, np.prod(x.shape[1:]))
    dw = flach.T.dot(dout)
    db = np.ones(anzahl).dot(dout)
    dflach = dout.dot(w.T)
    dx = dflach.reshape(x.shape)
    return dx, dw, db


def relu_forward(x):
    """
    Rectified linear units, forward.
    """
    out = (np.abs(x) + x) / 2
    cache = x
    return out, cache


def relu_backward(dout, cache):
    """
    Rectified linear units, backward.
    """
    maske = (cache > 0).astype(np.float)
    dx = maske * dout
    return dx


def batchnorm_forward(x, gamma, beta, bn_param):
    """
    Batch normalization, forward.
    """
    mode = bn_param['mode']
    eps = bn_param.get('eps', 1e-5)
    momentum = bn_param.get('momentum', 0.9)
    N, D = x.shape
    running_mean = bn_param.get('running_mean', np.zeros(D, dtype=x.dtype))
    running_var = bn_param.get('running_var', np.zeros(D, dtype=x.dtype))

    out, cache = None, None
    if mode == 'train':
        mittel = x.sum(axis=0) / N
        abw = x - mittel                       # Abweichung
        varianz = (abw * abw).sum(axis=0) / N
        streuung = np.sqrt(varianz + eps)
        norm = abw / streuung
        out = norm * gamma + beta
        running_mean = momentum * running_mean + (1.0 - momentum) * mittel
        running_var = momentum * running_var + (1.0 - momentum) * varianz
        cache = (gamma, norm, streuung, abw)
    elif mode == 'test':
        skala = gamma / np.sqrt(running_var + eps)
        out = skala * x + (beta - skala * running_mean)
    else:
        raise ValueError('Invalid forward batchnorm mode "%s"' % mode)

    bn_param['running_mean'] = running_mean
    bn_param['running_var'] = running_var
    return out, cache


def batchnorm_backward(dout, cache):
    """
    Batch normalization, backward. Draw the graph and go back node by node.
    """
    gamma, norm, streuung, abw = cache
    N = abw.shape[0]
    dbeta = dout.sum(axis=0)
    dgamma = (norm * dout).sum(axis=0)
    dnorm = dout * gamma
    # Quotientenregel, erst Nenner, dann Zaehler
    dstreuung = (-dnorm * abw / streuung ** 2).sum(axis=0)
    dabw = dnorm / streuung
    dvarianz = dstreuung / (2 * streuung)
    dabw += 2 * abw * dvarianz / N
    dx = dabw.copy()
    dmittel = -dabw.sum(axis=0)
    dx += dmittel / N
    return dx, dgamma, dbeta


def batchnorm_backward_alt(dout, cache):
    """
    Batch normalization, backward, simplified on paper first.
    """
    gamma, norm, streuung, abw = cache
    N = abw.shape[0]
    dbeta = dout.sum(axis=0)
    dgamma = (norm * dout).sum(axis=0)
    dx = gamma / streuung * (dout - dbeta / N - norm * dgamma / N)
    return dx, dgamma, dbeta


def layernorm_forward(x, gamma, beta, ln_param):
    """
    Layer normalization, forward. Statistics are per data point, so train and test agree.
    """
    eps = ln_param.get('eps', 1e-5)
    N, D = x.shape
    mittel = (x.sum(axis=1) / D).reshape(N, 1)
    abw = x - mittel
    varianz = ((abw * abw).sum(axis=1) / D).reshape(N, 1)
    streuung = np.sqrt(varianz + eps)
    norm = abw / streuung
    out = norm * gamma + beta
    cache = (gamma, norm, streuung, abw)
    return out, cache


def layernorm_backward(dout, cache):
    """
    Layer normalization, backward.
    """
    gamma, norm, streuung, abw = cache
    N, D = abw.shape
    dbeta = dout.sum(axis=0)
    dgamma = (norm * dout).sum(axis=0)
    dnorm = dout * gamma
    dstreuung = (-dnorm * abw / streuung ** 2).sum(axis=1).reshape(N, 1)
    dabw = dnorm / streuung
    dvarianz = dstreuung / (2 * streuung)
    dabw += 2 * abw * dvarianz / D
    dx = dabw.copy()
    dmittel = -dabw.sum(axis=1).reshape(N, 1)
    dx += dmittel / D
    return dx, dgamma, dbeta


def dropout_forward(x, dropout_param):
    """
    Inverted dropout, forward.
    """
    p, mode = dropout_param['p'], dropout_param['mode']
    if 'seed' in dropout_param:
        np.random.seed(dropout_param['seed'])
    mask = None
    if mode == 'train':
        mask = np.random.uniform(size=x.shape) < p
        out = x * mask / p
    elif mode == 'test':
        out = x
    cache = (dropout_param, mask)
    return out, cache


def dropout_backward(dout, cache):
    """
    Inverted dropout, backward.
    """
    dropout_param, mask = cache
    if dropout_param['mode'] == 'train':
        dx = dout * mask / dropout_param['p']
    else:
        dx = dout
    return dx


def conv_forward_naive(x, w, b, conv_param):
    """
    Convolution, slow and obvious, forward.
    """
    schritt, rand = conv_param['stride'], conv_param['pad']
    N, C, H, W = x.shape
    F, C, HH, WW = w.shape
    hoehe = (H + 2 * rand - HH) // schritt + 1
    breite = (W + 2 * rand - WW) // schritt + 1
    gepolstert = np.pad(x, ((0,), (0,), (rand,), (rand,)), 'constant')
    wzeile = w.reshape(F, -1)
    out = np.zeros((N, F, hoehe, breite))
    for z in range(hoehe):
        for s in range(breite):
            stueck = gepolstert[:, :, z * schritt:z * schritt + HH, s * schritt:s * schritt + WW]
            out[:, :, z, s] = stueck.reshape(N, -1).dot(wzeile.T) + b
    cache = (gepolstert, w, conv_param)
    return out, cache


def conv_backward_naive(dout, cache):
    """
    Convolution, slow and obvious, backward.
    """
    gepolstert, w, conv_param = cache
    schritt, rand = conv_param['stride'], conv_param['pad']
    N, F, hoehe, breite = dout.shape
    _, C, HH, WW = w.shape
    wzeile = w.reshape(F, -1)
    dgepolstert = np.zeros_like(gepolstert)
    dwzeile = np.zeros_like(wzeile)
    db = np.zeros(F)
    for z in range(hoehe):
        for s in range(breite):
            stueck = gepolstert[:, :, z * schritt:z * schritt + HH, s * schritt:s * schritt + WW]
            d = dout[:, :, z, s]
            db += d.sum(axis=0)
            dwzeile += d.T.dot(stueck.reshape(N, -1))
            dstueck = d.dot(wzeile).reshape(N, C, HH, WW)
            dgepolstert[:, :, z * schritt:z * schritt + HH, s * schritt:s * schritt + WW] += dstueck
    dw = dwzeile.reshape(w.shape)
    unten = gepolstert.shape[2] - rand
    rechts = gepolstert.shape[3] - rand
    dx = dgepolstert[:, :, rand:unten, rand:rechts]
    return dx, dw, db


def max_pool_forward_naive(x, pool_param):
    """
    Max pooling, forward.
    """
    ph, pw = pool_param['pool_height'], pool_param['pool_width']
    schritt = pool_param['stride']
    N, C, H, W = x.shape
    hoehe = (H - ph) // schritt + 1
    breite = (W - pw) // schritt + 1
    out = np.zeros((N, C, hoehe, breite))
    for z in range(hoehe):
        for s in range(breite):
            stueck = x[:, :, z * schritt:z * schritt + ph, s * schritt:s * schritt + pw]
            out[:, :, z, s] = stueck.max(axis=3).max(axis=2)
    cache = (x, out, pool_param)
    return out, cache


def max_pool_backward_naive(dout, cache):
    """
    Max pooling, backward.
    """
    x, out, pool_param = cache
    ph, pw = pool_param['pool_height'], pool_param['pool_width']
    schritt = pool_param['stride']
    dx = np.zeros_like(x)
    for z in range(dout.shape[2]):
        for s in range(dout.shape[3]):
            stueck = x[:, :, z * schritt:z * schritt + ph, s * schritt:s * schritt + pw]
            treffer = stueck == out[:, :, z, s][:, :, None, None]
            dx[:, :, z * schritt:z * schritt + ph, s * schritt:s * schritt + pw] += treffer * dout[:, :, z, s][:, :, None, None]
    return dx
