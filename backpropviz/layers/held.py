"""What a made-up input holds: numbers of the kind that its name, and the state of the search, ask for."""

from __future__ import annotations

from typing import Any

import numpy as np

from backpropviz.layers.conventions import POSITIVE, Guess, word
from backpropviz.layers.state import ANY, BELOW_ONE, DEFINITE, SMALL, State


def held(name: str, guess: Guess, state: State, rng: np.random.Generator) -> Any:
    """The value of an input of the guessed shape: a size or a list of them, labels, a mask, or floats."""
    if guess.dtype == "n":
        return guess.shape[0]
    if guess.dtype == "l":
        return list(guess.shape)
    if guess.dtype == "i":
        labels = np.asarray(rng.integers(0, state.bound, guess.shape))
        if labels.size:
            labels.flat[-1] = state.bound - 1  # a bound that is too high is found out
        return labels
    if guess.dtype == "b":
        return np.tri(*guess.shape[-2:], dtype=bool) if len(guess.shape) == 2 else rng.random(guess.shape) < 0.7
    if state.values == DEFINITE and len(guess.shape) > 1 and guess.shape[-2] == guess.shape[-1]:
        root = rng.normal(0.0, 1.0, guess.shape)
        return root @ root.swapaxes(-1, -2) + np.eye(guess.shape[-1])
    if state.values in (ANY, SMALL, DEFINITE) and word(name).rstrip("0123456789_") not in POSITIVE:
        values = rng.normal(0.5, 1.0, guess.shape)
        return 0.1 * values if state.values == SMALL else values
    return rng.uniform(*((0.1, 0.9) if state.values == BELOW_ONE else (0.5, 2.0)), guess.shape)
