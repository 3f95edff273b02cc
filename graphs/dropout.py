"""Inverted dropout: each entry is kept with probability `keep`, and scaled by 1 / keep.

In test mode nothing is dropped. The same seed drops the same entries.
"""

import numpy as np


def dropout(x, *, keep=0.75, mode="train", seed=0):
    if mode not in ("train", "test"):
        raise ValueError(f"mode is {mode!r}: it can be 'train' or 'test'")
    if not 0 < keep <= 1:
        raise ValueError(f"keep is {keep}: it is a probability, above 0 and at most 1")
    if mode == "test":
        # nothing is dropped, and the scale is right already
        return x
    chosen = np.random.default_rng(seed).random(x.shape)
    mask = chosen < keep
    # drawn anew for every batch: nobody can rely on one unit
    kept = x * mask
    # on average every entry is as large as without dropout
    out = kept / keep
    return out


def sample(rng, *, x=(4, 3)):
    return {"x": rng.normal(0.0, 2.0, x)}


GROUP = "gates"
