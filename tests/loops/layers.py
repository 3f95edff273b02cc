"""Layers in loops: stacks of them, several heads, sequences to sequences, as people write them."""

import numpy as np

from tests.loops import of_shapes


def seq2seq(x, We, Ue, Wd, V, *, steps=3):
    h = np.zeros(Ue.shape[0])
    for t in range(x.shape[0]):
        h = np.tanh(We @ x[t] + Ue @ h)
    s = h
    ys = []
    for t in range(steps):
        s = np.tanh(Wd @ s)
        ys.append(V @ s)
    return np.array(ys)


def attention_decoder(x, We, Ue, Wd, *, steps=3):
    h = np.zeros(Ue.shape[0])
    enc = []
    for xt in x:
        h = np.tanh(We @ xt + Ue @ h)
        enc.append(h)
    E = np.stack(enc)
    s = E[-1]
    total = 0.0
    for _ in range(steps):
        scores = E @ s
        a = np.exp(scores - scores.max())
        a /= a.sum()
        s = np.tanh(Wd @ (a @ E))
        total += np.sum(s)
    return total


def seq_loss(x, wx, wh, wo, y):
    T = x.shape[0]
    h = np.zeros(wh.shape[0])
    losses = []
    for t in range(T):
        h = np.tanh(wx @ x[t] + wh @ h)
        logits = wo @ h
        losses.append(np.sum((logits - y[t]) ** 2))
    return np.mean(losses)


def bidir(x, wf, wb):
    T, D = x.shape
    f = np.zeros((T, D))
    b = np.zeros((T, D))
    hf = np.zeros(D)
    hb = np.zeros(D)
    for t in range(T):
        hf = np.tanh(x[t] + hf * wf)
        f[t] = hf
    for t in reversed(range(T)):
        hb = np.tanh(x[t] + hb * wb)
        b[t] = hb
    return np.concatenate([f, b], axis=1)


def stacked_rnn(x, Wx, Wh):
    L, D, _ = Wx.shape
    T = x.shape[0]
    inp = x
    for l in range(L):
        h = np.zeros(D)
        outs = []
        for t in range(T):
            h = np.tanh(inp[t] @ Wx[l] + h @ Wh[l])
            outs.append(h)
        inp = np.stack(outs)
    return inp


def batch_of_sequences(x, w):
    outs = []
    for seq in x:
        h = np.zeros(3)
        for xt in seq:
            h = np.tanh(xt @ w + h)
        outs.append(h)
    return np.stack(outs)


def heads(q, k, v, *, n_heads=2):
    T, D = q.shape
    d = D // n_heads
    outs = []
    for h in range(n_heads):
        qh = q[:, h * d : (h + 1) * d]
        kh = k[:, h * d : (h + 1) * d]
        vh = v[:, h * d : (h + 1) * d]
        s = qh @ kh.T / np.sqrt(d)
        a = np.exp(s - s.max(axis=1, keepdims=True))
        a = a / a.sum(axis=1, keepdims=True)
        outs.append(a @ vh)
    return np.concatenate(outs, axis=-1)


def causal_attention(q, k, v):
    T, d = q.shape
    out = np.zeros_like(v)
    for t in range(T):
        s = k[: t + 1] @ q[t] / np.sqrt(d)
        p = np.exp(s) / np.sum(np.exp(s))
        out[t] = p @ v[: t + 1]
    return out


def attention_batch(q, k, v):
    B, T, D = q.shape
    out = np.zeros_like(q)
    for b in range(B):
        for i in range(T):
            s = np.array([q[b, i] @ k[b, j] for j in range(T)]) / np.sqrt(D)
            a = np.exp(s) / np.exp(s).sum()
            for j in range(T):
                out[b, i] += a[j] * v[b, j]
    return out


def embed(E, w, *, idx=(1, 3, 0, 1)):
    h = np.zeros(E.shape[1])
    for i in idx:
        h = np.tanh(h * w + E[i])
    return h


def mlp_layers(x, W, b):
    for l in range(len(W)):
        x = np.maximum(0, x @ W[l] + b[l])
    return x


def residual(x, W):
    for l in range(W.shape[0]):
        h = np.maximum(0, x @ W[l])
        x = x + h
    return x


def mlp_caches(x, W, b):
    acts = [x]
    for l in range(len(W)):
        z = acts[-1] @ W[l] + b[l]
        acts.append(np.maximum(z, 0))
    return acts[-1].sum()


CASES = {
    seq2seq: of_shapes(
        x=((4, 3), (5, 2), (3, 4)),
        We=((5, 3), (4, 2), (2, 4)),
        Ue=((5, 5), (4, 4), (2, 2)),
        Wd=((5, 5), (4, 4), (2, 2)),
        V=((3, 5), (2, 4), (4, 2)),
    ),
    attention_decoder: of_shapes(
        x=((4, 3), (5, 2), (3, 4)),
        We=((5, 3), (4, 2), (2, 4)),
        Ue=((5, 5), (4, 4), (2, 2)),
        Wd=((5, 5), (4, 4), (2, 2)),
    ),
    seq_loss: of_shapes(
        x=((4, 3), (5, 2), (3, 6)),
        wx=((5, 3), (3, 2), (2, 6)),
        wh=((5, 5), (3, 3), (2, 2)),
        wo=((4, 5), (3, 3), (5, 2)),
        y=((4, 4), (5, 3), (3, 5)),
    ),
    bidir: of_shapes(x=((4, 3), (3, 5), (5, 2)), wf=((3,), (5,), (2,)), wb=((3,), (5,), (2,))),
    stacked_rnn: of_shapes(
        x=((4, 3), (3, 5), (5, 2)), Wx=((2, 3, 3), (3, 5, 5), (4, 2, 2)), Wh=((2, 3, 3), (3, 5, 5), (4, 2, 2))
    ),
    batch_of_sequences: of_shapes(x=((2, 4, 3), (3, 3, 2), (4, 5, 3)), w=((3, 3), (2, 3), (3, 3))),
    heads: of_shapes(q=((3, 4), (4, 6), (5, 8)), k=((3, 4), (4, 6), (5, 8)), v=((3, 4), (4, 6), (5, 8))),
    causal_attention: of_shapes(q=((3, 4), (4, 6), (5, 8)), k=((3, 4), (4, 6), (5, 8)), v=((3, 4), (4, 6), (5, 8))),
    attention_batch: of_shapes(
        q=((2, 3, 4), (3, 4, 2), (2, 5, 3)), k=((2, 3, 4), (3, 4, 2), (2, 5, 3)), v=((2, 3, 4), (3, 4, 2), (2, 5, 3))
    ),
    embed: of_shapes(E=((5, 3), (5, 4), (5, 2)), w=((3,), (4,), (2,))),
    mlp_layers: of_shapes(x=((2, 3), (3, 2), (4, 6)), W=((4, 3, 3), (5, 2, 2), (3, 6, 6)), b=((4, 3), (5, 2), (3, 6))),
    residual: of_shapes(x=((2, 3), (3, 2), (4, 6)), W=((4, 3, 3), (5, 2, 2), (3, 6, 6))),
    mlp_caches: of_shapes(x=((4, 3), (3, 5), (5, 2)), W=((3, 3, 3), (4, 5, 5), (3, 2, 2)), b=((3, 3), (4, 5), (3, 2))),
}
