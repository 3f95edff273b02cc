"""What the parameters of a backward pass stand for, by their names."""

from __future__ import annotations

import re

UPSTREAM, CACHE, TARGET, RATE, OUTPUT, STRENGTH = "dout", "cache", "target", "rate", "out", "strength"
_ROLES = {
    TARGET: re.compile(
        r"[yYtT]|[yYtT]_?(train|batch|real|actual|target|test|data|gt)|labels?|targ(et)?s?|tgt|truth|\w*true\w*|one_?hot\w*|[yYtT]_?one_?hot|ground_truth|expected"
    ),
    RATE: re.compile(r"lr|eta|alpha|rate|\w*learn\w*|step(_size)?"),
    STRENGTH: re.compile(r"reg(_?(strength|lambda|param|ularization))?|lambda?_?|lmbda|lam|l2\w*|weight_decay|wd"),
    CACHE: re.compile(r"\w*caches?|ctx|context|memory|tape|stored|intermediates?|saved|fwd|forward_\w+", re.IGNORECASE),
    UPSTREAM: re.compile(
        r"d[A-Z]\w*|d|d_?(out|y|z|a|h|o|x|v|s|l|values?|loss)\w*|d_\w+|\w*grad\w*|g|g_\w+|upstream\w*|top_diff|"
        r"d(?!ata|im|epth|rop|type|ict|evice)[a-su-z]\w*|\w*delta\w*|\w*err(or)?s?|next_\w*|seed|eps_out|incoming|\w*diff"
    ),
    OUTPUT: re.compile(r"out(puts?)?|y_?hat|y_pred|pred(ictions?|icted)?|AL|probs?|p|s|activations?|A|a|o"),
}
_GRADIENT = re.compile(
    r"^(dLd|dJd|dCd|dEd|d_?(Loss|loss|cost)_*(d_?)?|gradients?_?(of_)?|grads?_?(of_)?|delta_?|nabla_?|d_?|g_)|(_?grads?|_?gradient|_deriv|_g)$"
)
_INPUTS = re.compile(r"(d|d_|grad_|g)(in|inputs?|x|prev|a_?prev|bottom|z|h)|input_grad|dx|dA\d*")


def roles(name: str) -> tuple[str, ...]:
    """What a parameter of this name may stand for, the likeliest first; nothing for a name that says nothing.

    >>> roles("dout"), roles("learn_rate"), roles("caches"), roles("whatever")
    (('dout',), ('rate',), ('cache',), ())
    """
    return tuple(role for role, pattern in _ROLES.items() if pattern.fullmatch(name.rstrip("_") or name))


def bare(name: str) -> str:
    """A name in lower case without what joins its words.

    >>> bare("d_W1")
    'dw1'
    """
    return re.sub(r"[^a-z0-9]", "", name.lower())


def gradient_of(name: str) -> str:
    """What a gradient's name says it is the gradient of, in lower case; empty for a name that says nothing of the kind.

    >>> gradient_of("dLdW"), gradient_of("W1_grad"), gradient_of("gradient"), gradient_of("total")
    ('w', 'w1', '', '')
    """
    stem = _GRADIENT.sub("", name, count=1)
    return bare(stem) if stem != name else ""


def of_the_input(name: str) -> bool:
    """Whether a name is one of those that the gradient of the layer's input goes by, whatever that is called."""
    return bool(_INPUTS.fullmatch(name))
