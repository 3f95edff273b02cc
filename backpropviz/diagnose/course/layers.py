"""The course's conventions: what a layer's functions are called, what they take, and what they give back."""

from __future__ import annotations

import ast
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from backpropviz.diagnose.course import cases, forwards
from backpropviz.diagnose.course.cases import Case

Forward = Callable[..., Any]


@dataclass(frozen=True)
class Layer:
    """One layer as courses hand it out.

    Attributes:
        stems: what stands before `_forward`, as a regular expression.
        inputs: the arrays, in the order of the signature. outputs: what comes before the cache.
        wants: the inputs whose gradients the backward pass returns, in order.
        forms: the sets of configurations; the first is the course's. Another (gamma of shape (C,), b of shape (F, 1))
            counts where the first gives no right output at all and the other is right altogether.
        forwards: our forward passes; settings they take by keyword. test_forwards: those of the test mode. A layer of
            the student's own has none: what its forward pass does is right (own.py).
    """

    name: str
    stems: str
    inputs: tuple[str, ...]
    outputs: tuple[str, ...]
    wants: tuple[str, ...]
    forms: tuple[Callable[[], list[Case]], ...]
    forwards: tuple[Forward, ...]
    settings: tuple[str, ...] = ()
    test_forwards: tuple[Forward, ...] = ()

    @property
    def is_loss(self) -> bool:
        """One function returns the loss and the gradient."""
        return self.outputs == ("loss",)

    @property
    def is_own(self) -> bool:
        """Nobody knows it but its author."""
        return not self.forwards

    @property
    def keeps_running_statistics(self) -> bool:
        return bool(self.test_forwards)


_NORMALIZED = ("x", "gamma", "beta")
_RECURRENT = ("x", "h0", "Wx", "Wh", "b")

LAYERS: tuple[Layer, ...] = (
    Layer(
        "affine", "affine|fc|linear|dense|fully_?connected", ("x", "w", "b"), ("out",), ("x", "w", "b"),
        (cases.affine,), (forwards.affine,),
    ),
    Layer("relu", "relu", ("x",), ("out",), ("x",), (cases.relu,), (forwards.relu,)),
    Layer(
        "batchnorm", "batch_?norm|bn|batch_?normalization", _NORMALIZED, ("out",), _NORMALIZED, (cases.batchnorm,),
        (forwards.batchnorm, forwards.batchnorm_paper, forwards.batchnorm_divided), ("eps",),
        (forwards.batchnorm_test,),
    ),
    Layer(
        "layernorm", "layer_?norm|ln|layer_?normalization", _NORMALIZED, ("out",), _NORMALIZED, (cases.layernorm,),
        (forwards.layernorm, forwards.layernorm_divided), ("eps",),
    ),
    Layer(
        "spatial_batchnorm", "spatial_?(?:batch_?norm|bn)", _NORMALIZED, ("out",), _NORMALIZED,
        (cases.spatial_batchnorm,), (forwards.spatial_batchnorm, forwards.spatial_batchnorm_axes), ("eps",),
        (forwards.spatial_batchnorm_test,),
    ),
    Layer(
        "groupnorm", "(?:spatial_?)?(?:group_?norm|gn|group_?normalization)", _NORMALIZED, ("out",), _NORMALIZED,
        (cases.groupnorm, lambda: cases.groupnorm(flat=True)), (forwards.groupnorm, forwards.groupnorm_rows),
        ("G", "eps"),
    ),
    Layer("dropout", "dropout", ("x",), ("out",), ("x",), (cases.dropout,), (forwards.dropout,), ("mask",)),
    Layer(
        "conv", "conv|conv2d|convolution", ("x", "w", "b"), ("out",), ("x", "w", "b"),
        (cases.conv, lambda: cases.conv(column=True)),
        (forwards.conv,), ("stride", "pad"),
    ),
    Layer(
        "max_pool", "max_?pool(?:ing)?(?:2d)?", ("x",), ("out",), ("x",), (cases.pool,), (forwards.max_pool,),
        ("pool_height", "pool_width", "stride"),
    ),
    Layer(
        "avg_pool", "(?:avg|average|mean)_?pool(?:ing)?(?:2d)?", ("x",), ("out",), ("x",), (cases.pool,),
        (forwards.avg_pool,), ("pool_height", "pool_width", "stride"),
    ),
    Layer(
        "softmax_loss", "softmax_loss", ("x",), ("loss",), ("x",),
        (cases.softmax_loss,), (forwards.softmax_loss, forwards.softmax_loss_probabilities), ("y",),
    ),
    Layer("svm_loss", "svm_loss", ("x",), ("loss",), ("x",), (cases.svm_loss,), (forwards.svm_loss,), ("y",)),
    Layer(
        "softmax_classifier", "softmax_loss", ("w", "x"), ("loss",), ("w",), cases.CLASSIFIER_FORMS,
        (forwards.softmax_classifier,), ("y", "reg", "share"),
    ),
    Layer(
        "svm_classifier", "svm_loss", ("w", "x"), ("loss",), ("w",), cases.CLASSIFIER_FORMS,
        (forwards.svm_classifier,), ("y", "reg", "share"),
    ),
    Layer(
        "rnn_step", "rnn_step", ("x", "prev_h", "Wx", "Wh", "b"), ("next_h",), ("x", "prev_h", "Wx", "Wh", "b"),
        (cases.rnn_step,), (forwards.rnn_step,),
    ),
    Layer(
        "lstm_step", "lstm_step", ("x", "prev_h", "prev_c", "Wx", "Wh", "b"), ("next_h", "next_c"),
        ("x", "prev_h", "prev_c", "Wx", "Wh", "b"), (cases.lstm_step,), (forwards.lstm_step,),
    ),
    Layer(
        "temporal_affine", "temporal_affine", ("x", "w", "b"), ("out",), ("x", "w", "b"), (cases.temporal_affine,),
        (forwards.temporal_affine,),
    ),
    Layer(
        "word_embedding", "(?:word_)?embedding", ("x", "w"), ("out",), ("w",), (cases.word_embedding,),
        (forwards.word_embedding,),
    ),
    Layer(
        "temporal_softmax_loss", "temporal_softmax_loss", ("x",), ("loss",), ("x",), (cases.temporal_softmax_loss,),
        (forwards.temporal_softmax_loss,), ("y", "mask"),
    ),
    Layer(
        "affine_relu", "(?:affine|fc|linear|dense)_relu", ("x", "w", "b"), ("out",), ("x", "w", "b"),
        (cases.affine,), (forwards.affine_relu,),
    ),
    Layer(
        "affine_bn_relu", "(?:affine|fc|linear|dense)_(?:bn|batch_?norm)_relu", ("x", "w", "b", "gamma", "beta"),
        ("out",), ("x", "w", "b", "gamma", "beta"), (cases.affine_bn_relu,), (forwards.affine_bn_relu,), ("eps",),
    ),
    Layer(
        "conv_relu", "conv_relu", ("x", "w", "b"), ("out",), ("x", "w", "b"),
        (cases.conv, lambda: cases.conv(column=True)), (forwards.conv_relu,), ("stride", "pad"),
    ),
    Layer(
        "conv_relu_pool", "conv_relu_(?:max_?)?pool", ("x", "w", "b"), ("out",), ("x", "w", "b"),
        (cases.conv_relu_pool,), (forwards.conv_relu_pool,), ("stride", "pad", "pool_height", "pool_width"),
    ),
    Layer("rnn", "rnn", _RECURRENT, ("h",), _RECURRENT, (cases.rnn,), (forwards.rnn,)),
    Layer("lstm", "lstm", _RECURRENT, ("h",), _RECURRENT, (lambda: cases.rnn(gates=4),), (forwards.lstm,)),
)  # fmt: skip

_DIRECTED = re.compile(r"(?P<stem>\w+?)_(?P<way>forward|backward|fwd|bwd)(?P<suffix>\w*)", re.IGNORECASE)
_BACKWARD = re.compile(r"(?P<stem>\w+?_?)??(?:backward|bwd|Backward|grad)(?P<suffix>\w*)")
_LOSS = re.compile(r"(?P<stem>\w*loss)(?P<suffix>(?:_naive|_vectorized|_alt)?)", re.IGNORECASE)


@dataclass(frozen=True)
class Named:
    """What a function's name says: its layer, forward or backward, and what follows ("_naive", "_alt")."""

    layer: Layer
    is_forward: bool
    suffix: str


def recognize(name: str, parameters: Sequence[str] = ()) -> Named | None:
    """The layer a function is named after; None for a name that no layer has. The parameters tell a loss of scores from
    that of a linear classifier.

    >>> recognize("batchnorm_backward_alt").suffix
    '_alt'
    >>> recognize("train") is None
    True
    """
    for pattern in (_DIRECTED, _LOSS):
        found = pattern.fullmatch(name)
        if found is None:
            continue
        classifies = {"w", "x", "y"} <= {parameter.lower() for parameter in parameters}
        for layer in LAYERS:
            if layer.is_loss and classifies != ("w" in layer.inputs):
                continue
            if layer.is_loss == (pattern is _LOSS) and re.fullmatch(layer.stems, found["stem"], re.IGNORECASE):
                way = found.groupdict().get("way") or "forward"
                return Named(layer, way.lower() in ("forward", "fwd"), found["suffix"])
    return None


@dataclass(frozen=True)
class Pair:
    """A forward function and the backward function that goes with it, by name; a loss is its own backward pass."""

    layer: Layer
    forward: str
    backward: str | None

    @property
    def name(self) -> str:
        return self.backward or self.forward


def pairs(functions: Mapping[str, ast.FunctionDef]) -> list[Pair]:
    """The pairs among a file's functions, in order. A backward pass without a forward of its own suffix
    (`batchnorm_backward_alt`) goes with the layer's first; a forward pass without a backward stands alone. Pairs of
    layers that are not known come last."""
    known = {name: found for name in functions if (found := recognize(name, _parameters(functions[name])))}
    made: list[Pair] = []
    for name, found in known.items():
        same = [other for other, its in known.items() if its.layer is found.layer]
        if found.is_forward:
            if found.layer.is_loss or not any(_goes_with(known, name, other, same) for other in same):
                made.append(Pair(found.layer, name, None))
        else:
            forward = next((other for other in same if _goes_with(known, other, name, same)), None)
            if forward is not None:
                made.append(Pair(found.layer, forward, name))
    taken = {name for pair in made for name in (pair.forward, pair.backward)}
    return made + [pair for pair in _own_pairs(functions) if pair.name not in taken]


def _parameters(function: ast.FunctionDef) -> list[str]:
    return [argument.arg for argument in (*function.args.posonlyargs, *function.args.args)]


def own(stem: str, forward: str, backward: str | None) -> Pair:
    """A pair of a layer that is not known; own.py finds out what it takes."""
    return Pair(Layer(stem, "", (), ("loss",) if backward is None else ("out",), (), (), ()), forward, backward)


def _own_pairs(functions: Mapping[str, ast.FunctionDef]) -> Iterator[Pair]:
    """`foo_forward` and `foo_backward`, `foo` and `foo_backward`, `foo_loss` that returns more than the loss."""
    for name, function in functions.items():
        if found := _BACKWARD.fullmatch(name):
            stem = found["stem"] or ""
            names = [f"{stem}{way}{found['suffix']}" for way in ("forward", "fwd", "Forward")]
            names += [f"{stem}forward", f"{stem}fwd", stem.rstrip("_")]
            forward = next((other for other in names if other in functions), None)
            if forward is not None:
                yield own(stem.strip("_") or "layer", forward, name)
        elif _LOSS.fullmatch(name) and any(
            isinstance(node, ast.Return) and isinstance(node.value, ast.Tuple) for node in ast.walk(function)
        ):
            yield own(name, name, None)


def _goes_with(known: dict[str, Named], forward: str, backward: str, same: list[str]) -> bool:
    if not known[forward].is_forward or known[backward].is_forward:
        return False
    fitting = [n for n in same if known[n].is_forward and known[n].suffix == known[backward].suffix]
    every = [n for n in same if known[n].is_forward]
    return bool(every) and forward == (fitting or every)[0]
