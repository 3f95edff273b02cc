"""Embedding: every token is looked up in a table, and the place where it stands is added."""


def embedding(tokens, w, p):
    T = tokens.shape[1]
    # a row for every token; rows used twice get two gradients
    out = w[tokens]
    # the same word means something else at another place
    out += p[:T]
    return out


def sample(rng, *, tokens=(2, 4), w=(5, 3)):
    return {
        "tokens": rng.integers(0, w[0], tokens),
        "w": rng.normal(0.0, 1.0, w),
        "p": rng.normal(0.0, 1.0, (tokens[1] + 2, w[1])),
    }
