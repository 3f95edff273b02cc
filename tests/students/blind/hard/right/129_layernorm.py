# Uebungsblatt 2 - Schichten
import numpy as np


def affine_forward(x, w, b):
    anzahl = x.shape[0]
    flach = x.reshape(anzahl, -1)
    ergebnis = flach.dot(w) + b
    return ergebnis, (x, w, b)


def affine_backward(dout, cache):
    x, w, b = cache
    flach = x.reshape(x.shape[0], -1)
    abl_x = dout.dot(w.T).reshape(*x.shape)
    abl_w = flach.T.dot(dout)
    abl_b = np.sum(dout, axis=0)
    return abl_x, abl_w, abl_b


def relu_forward(x):
    return np.maximum(0, x), x


def relu_backward(dout, cache):
    abl = np.zeros_like(dout)
    positiv = cache > 0
    abl[positiv] = dout[positiv]
    return abl


def batchnorm_forward(x, gamma, beta, bn_param):
    modus = bn_param['mode']
    eps = bn_param.get('eps', 1e-5)
    traegheit = bn_param.get('momentum', 0.9)
    anzahl, breite = x.shape
    lauf_mittel = bn_param.get('running_mean', np.zeros(breite))
    lauf_varianz = bn_param.get('running_var', np.zeros(breite))

    merken = None
    if modus == 'train':
        mittel = x.mean(axis=0)
        abstand = x - mittel
        varianz = (abstand * abstand).mean(axis=0)
        streuung = np.sqrt(varianz + eps)
        kehrwert = 1 / streuung
        normiert = abstand * kehrwert
        ergebnis = gamma * normiert + beta
        lauf_mittel = traegheit * lauf_mittel + (1 - traegheit) * mittel
        lauf_varianz = traegheit * lauf_varianz + (1 - traegheit) * varianz
        merken = (abstand, kehrwert, normiert, gamma)
    elif modus == 'test':
        normiert = (x - lauf_mittel) / np.sqrt(lauf_varianz + eps)
        ergebnis = gamma * normiert + beta
    else:
        raise ValueError('unbekannter Modus')

    bn_param['running_mean'] = lauf_mittel
    bn_param['running_var'] = lauf_varianz
    return ergebnis, merken


def batchnorm_backward(dout, cache):
    abstand, kehrwert, normiert, gamma = cache
    anzahl = dout.shape[0]
    abl_beta = dout.sum(axis=0)
    abl_gamma = (dout * normiert).sum(axis=0)
    abl_normiert = dout * gamma
    abl_kehrwert = (abl_normiert * abstand).sum(axis=0)
    abl_abstand = abl_normiert * kehrwert
    abl_streuung = -abl_kehrwert * kehrwert ** 2
    abl_varianz = abl_streuung * kehrwert / 2
    abl_abstand += 2 * abstand * abl_varianz / anzahl
    abl_x = abl_abstand - abl_abstand.mean(axis=0)
    return abl_x, abl_gamma, abl_beta


def layernorm_forward(x, gamma, beta, ln_param):
    eps = ln_param.get('eps', 1e-5)
    mittel = x.mean(axis=1)[:, None]
    abstand = x - mittel
    varianz = (abstand * abstand).mean(axis=1)[:, None]
    kehrwert = 1 / np.sqrt(varianz + eps)
    normiert = abstand * kehrwert
    return gamma * normiert + beta, (abstand, kehrwert, normiert, gamma)


def layernorm_backward(dout, cache):
    abstand, kehrwert, normiert, gamma = cache
    breite = dout.shape[1]
    abl_beta = dout.sum(axis=0)
    abl_gamma = (dout * normiert).sum(axis=0)
    abl_normiert = dout * gamma
    abl_abstand = abl_normiert.copy()
    abl_abstand *= kehrwert
    abl_kehrwert = (abl_normiert * abstand).sum(axis=1)[:, None]
    abl_varianz = -abl_kehrwert * kehrwert ** 3 / 2
    abl_abstand += 2 * abstand * abl_varianz / breite
    abl_x = abl_abstand - abl_abstand.mean(axis=1)[:, None]
    return abl_x, abl_gamma, abl_beta


def dropout_forward(x, dropout_param):
    p = dropout_param['p']
    modus = dropout_param['mode']
    if 'seed' in dropout_param:
        np.random.seed(dropout_param['seed'])
    if modus == 'train':
        zufall = np.random.rand(*x.shape)
        maske = (zufall < p) * (1 / p)
    else:
        maske = np.ones_like(x)
    return x * maske, (dropout_param, maske)


def dropout_backward(dout, cache):
    _, maske = cache
    return dout * maske


def conv_forward_naive(x, w, b, conv_param):
    schritt = conv_param['stride']
    rand = conv_param['pad']
    bilder, kanaele, hoehe, breite = x.shape
    filter_zahl, _, kern_h, kern_b = w.shape
    hoehe_neu = (hoehe + 2 * rand - kern_h) // schritt + 1
    breite_neu = (breite + 2 * rand - kern_b) // schritt + 1
    gepolstert = np.pad(x, ((0, 0), (0, 0), (rand, rand), (rand, rand)), mode='constant')
    ergebnis = np.zeros((bilder, filter_zahl, hoehe_neu, breite_neu))
    for zeile in range(hoehe_neu):
        oben = zeile * schritt
        for spalte in range(breite_neu):
            links = spalte * schritt
            ausschnitt = gepolstert[:, :, oben:oben + kern_h, links:links + kern_b]
            for f in range(filter_zahl):
                ergebnis[:, f, zeile, spalte] = np.sum(ausschnitt * w[f], axis=(1, 2, 3)) + b[f]
    return ergebnis, (x, w, b, conv_param)


def conv_backward_naive(dout, cache):
    x, w, b, conv_param = cache
    schritt = conv_param['stride']
    rand = conv_param['pad']
    bilder, kanaele, hoehe, breite = x.shape
    filter_zahl, _, kern_h, kern_b = w.shape
    _, _, hoehe_neu, breite_neu = dout.shape
    gepolstert = np.pad(x, ((0, 0), (0, 0), (rand, rand), (rand, rand)), mode='constant')
    abl_gepolstert = np.zeros_like(gepolstert)
    abl_w = np.zeros_like(w)
    abl_b = np.sum(dout, axis=(0, 2, 3))
    for zeile in range(hoehe_neu):
        oben = zeile * schritt
        for spalte in range(breite_neu):
            links = spalte * schritt
            ausschnitt = gepolstert[:, :, oben:oben + kern_h, links:links + kern_b]
            for f in range(filter_zahl):
                abl = dout[:, f, zeile, spalte][:, None, None, None]
                abl_w[f] += np.sum(ausschnitt * abl, axis=0)
                abl_gepolstert[:, :, oben:oben + kern_h, links:links + kern_b] += w[f] * abl
    abl_x = abl_gepolstert[:, :, rand:rand + hoehe, rand:rand + breite]
    return abl_x, abl_w, abl_b


def max_pool_forward_naive(x, pool_param):
    fenster_h = pool_param['pool_height']
    fenster_b = pool_param['pool_width']
    schritt = pool_param['stride']
    bilder, kanaele, hoehe, breite = x.shape
    hoehe_neu = (hoehe - fenster_h) // schritt + 1
    breite_neu = (breite - fenster_b) // schritt + 1
    ergebnis = np.zeros((bilder, kanaele, hoehe_neu, breite_neu))
    for zeile in range(hoehe_neu):
        oben = zeile * schritt
        for spalte in range(breite_neu):
            links = spalte * schritt
            ausschnitt = x[:, :, oben:oben + fenster_h, links:links + fenster_b]
            ergebnis[:, :, zeile, spalte] = np.max(ausschnitt, axis=(2, 3))
    return ergebnis, (x, pool_param)


def max_pool_backward_naive(dout, cache):
    x, pool_param = cache
    fenster_h = pool_param['pool_height']
    fenster_b = pool_param['pool_width']
    schritt = pool_param['stride']
    bilder, kanaele, hoehe_neu, breite_neu = dout.shape
    abl_x = np.zeros_like(x)
    for n in range(bilder):
        for k in range(kanaele):
            for zeile in range(hoehe_neu):
                oben = zeile * schritt
                for spalte in range(breite_neu):
                    links = spalte * schritt
                    ausschnitt = x[n, k, oben:oben + fenster_h, links:links + fenster_b]
                    z, s = np.unravel_index(np.argmax(ausschnitt), ausschnitt.shape)
                    abl_x[n, k, oben + z, links + s] += dout[n, k, zeile, spalte]
    return abl_x
