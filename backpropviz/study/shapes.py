"""Volumes, parameters, memory and receptive fields: of a recorded layer, or of a network described in words.

The arithmetic is that of a window on an axis: (W - F + 2P) / S + 1 places. A volume is written rows x columns x depth.
"""

from __future__ import annotations

import math
import re
from dataclasses import asdict, dataclass
from typing import Any

from backpropviz.engine.graph import Group, Node, Step
from backpropviz.engine.trace import Trace
from backpropviz.errors import InputError
from backpropviz.primitives.windows import output_size, pair

Volume = tuple[int, ...]

_PRODUCTS = {"matmul", "dot", "einsum", "tensordot", "inner"}


@dataclass(frozen=True)
class Row:
    """One layer of a network.

    Attributes:
        name: what it is. volume: the shape of what comes out, for one example.
        weights, biases: how many parameters it has.
        values: how many numbers come out, for the whole batch. bytes: the memory they take.
        columns: the shape of its im2col matrix for one example (window entries, places); None without one.
        columns_bytes: the memory of that matrix, for the whole batch.
        field: rows and columns of the input that one entry of the output sees.
        arithmetic: how the size came about, in words.
    """

    name: str
    volume: Volume
    weights: int
    biases: int
    values: int
    bytes: int
    columns: tuple[int, int] | None = None
    columns_bytes: int = 0
    field: tuple[int, int] = (1, 1)
    arithmetic: str = ""

    @property
    def parameters(self) -> int:
        return self.weights + self.biases

    def to_dict(self) -> dict[str, Any]:
        return {**asdict(self), "parameters": self.parameters}


class _Field:
    """The receptive field so far: how much one entry sees, and how far apart neighbours look."""

    def __init__(self) -> None:
        self.size, self.jump = (1, 1), (1, 1)

    def slide(self, window: tuple[int, int], stride: tuple[int, int]) -> None:
        self.size = (self.size[0] + (window[0] - 1) * self.jump[0], self.size[1] + (window[1] - 1) * self.jump[1])
        self.jump = (self.jump[0] * stride[0], self.jump[1] * stride[1])


def arithmetic(size: int, window: int, stride: int, pad: int) -> str:
    """(W - F + 2P) / S + 1 with its numbers, and a word where it does not come out even."""
    rest = (size - window + 2 * pad) % stride
    places = output_size(size, window, stride, pad)
    text = f"({size} - {window} + 2*{pad}) / {stride} + 1 = {places}"
    return f"{text}, {rest} left over" if rest else text


# ---- from a recorded run ---------------------------------------------------------------------------------------------


def of_trace(trace: Trace) -> list[Row]:
    """A row for the first input, then one for every call and step at the top of a network; a plain layer is one row.

    A network written in one function, without calls, has a row for every matrix product, with what follows it.

    Raises:
        InputError: no input is an array of floats.
    """
    data = next((node for node in trace.inputs.values() if node.value.dtype.kind == "f"), None)
    if data is None:
        raise InputError(f"no input of {trace.function} holds floats", fix="Give it data: --input x=x.npy")
    rows = [_row("input", data.value, [], _Field(), None)]
    field, counted = _Field(), {data}
    for title, steps in _parts(trace):
        made = [node for step in steps for node in step.nodes]
        parameters = []
        for node in made:
            for parent in node.parents:
                if parent.primitive is None and parent.carries_gradient and parent not in counted:
                    counted.add(parent)
                    parameters.append(parent)
        window = next((node for node in made if node.primitive is not None and node.primitive.name == "im2col"), None)
        if window is not None:
            field.slide(*_window(window))
        if steps[-1].value.ndim < 4 and len(rows[-1].volume) == 3:
            field.slide((rows[-1].volume[0], rows[-1].volume[1]), (1, 1))  # it sees the whole volume
        rows.append(_row(title, steps[-1].value, parameters, field, window))
    return rows


def _parts(trace: Trace) -> list[tuple[str, list[Step]]]:
    if not trace.groups:
        layers = _layers(trace.steps)
        return [(layer[-1].name, layer) for layer in layers] if len(layers) > 1 else [(trace.function, trace.steps)]
    parts: list[tuple[str, list[Step]]] = []
    last: Group | Step | None = None
    for step in trace.steps:
        top: Group | Step = step
        group = step.group
        while group is not None:
            top, group = group, group.parent
        if top is last:
            parts[-1][1].append(step)
        else:
            parts.append((top.function if isinstance(top, Group) else step.name, [step]))
        last = top
    return parts


def _layers(steps: list[Step]) -> list[list[Step]]:
    """Steps by layers: after a matrix product, the next one begins a new layer, or the im2col that leads to it."""
    layers: list[list[Step]] = [[]]
    multiplied = False
    for step in steps:
        names = {node.primitive.name for node in step.nodes if node.primitive is not None}
        if multiplied and names & {*_PRODUCTS, "im2col"}:
            layers.append([])
            multiplied = False
        layers[-1].append(step)
        multiplied = multiplied or bool(names & _PRODUCTS)
    return layers


def _window(node: Node) -> tuple[tuple[int, int], tuple[int, int]]:
    _, window, stride, _ = _im2col_arguments(node)
    return window, stride


def _im2col_arguments(node: Node) -> tuple[Node, tuple[int, int], tuple[int, int], tuple[int, int]]:
    names = ("x", "window", "stride", "pad")
    given = {**dict(zip(names, node.args)), **node.kwargs}
    return given["x"], pair(given["window"]), pair(given.get("stride", 1)), pair(given.get("pad", 0))


def _row(name: str, value: Any, parameters: list[Node], field: _Field, window: Node | None) -> Row:
    volume = (*value.shape[2:], value.shape[1]) if value.ndim == 4 else tuple(value.shape[1:])
    weights = sum(node.value.size for node in parameters if node.value.ndim > 1)
    biases = sum(node.value.size for node in parameters if node.value.ndim <= 1)
    columns, columns_bytes, text = None, 0, ""
    if window is not None:
        columns = (window.shape[1], window.shape[2])
        columns_bytes = window.value.nbytes
        x, (rows, _), (down, _), (above, _) = _im2col_arguments(window)
        text = arithmetic(x.shape[2], rows, down, above)
    return Row(name, volume, weights, biases, value.size, value.nbytes, columns, columns_bytes, field.size, text)


# ---- from a description ----------------------------------------------------------------------------------------------

_GRAMMAR = "input 32x32x3, conv 12 3x3 pad 1, relu, pool 2x2 stride 2, fc 10, softmax"


def of_description(text: str, batch: int = 1, itemsize: int = 8) -> list[Row]:
    """The rows of a network written as `input 227x227x3, conv 96 11x11 stride 4, pool 3x3 stride 2, fc 4096`.

    Nothing is computed but sizes, so any network fits. A pool's stride is its window unless given; `conv 4096 all` has
    the whole volume as its window, the way a fully connected layer is written as a convolution.

    Raises:
        InputError: a layer is unknown, or its window does not fit.
    """
    rows: list[Row] = []
    field = _Field()
    for part in filter(None, (part.strip() for part in re.split(r"[,;]|->", text))):
        kind, *words = part.lower().split()
        if (kind == "input") == bool(rows):
            seen = f"{part!r} comes again" if rows else f"the description starts with {part!r}"
            raise InputError(seen, fix=f"Start with the input, once: {_GRAMMAR}")
        maker = _LAYERS.get(kind)
        if maker is None:
            raise InputError(
                f"unknown layer {kind!r} in {part!r}", fix=f"Known: {', '.join(_LAYERS)}. For example: {_GRAMMAR}"
            )
        try:
            rows.append(maker(part, words, rows[-1].volume if rows else (), field, batch, itemsize))
        except InputError as error:
            error.where = error.where or part
            raise
    if not rows:
        raise InputError("the description is empty", fix=f"For example: {_GRAMMAR}")
    return rows


def _numbers(word: str) -> tuple[int, ...]:
    return tuple(int(n) for n in re.findall(r"\d+", word))


def _options(part: str, words: list[str]) -> tuple[list[int], tuple[int, int] | None, dict[str, int]]:
    """Plain numbers, the window, and `stride 2`-like options of one layer."""
    plain, window, options = [], None, {}
    waiting = list(words)
    while waiting:
        word = waiting.pop(0)
        if word in ("stride", "pad") and waiting and waiting[0].isdigit():
            options[word] = int(waiting.pop(0))
        elif re.fullmatch(r"\d+x\d+", word):
            window = (_numbers(word)[0], _numbers(word)[1])
        elif word.isdigit():
            plain.append(int(word))
        elif word == "all":
            options["all"] = 1
        else:
            raise InputError(f"{word!r} in {part!r} is not understood", fix=f"For example: {_GRAMMAR}")
    return plain, window, options


def _input(part: str, words: list[str], volume: Volume, field: _Field, batch: int, itemsize: int) -> Row:
    size = _numbers(words[0]) if len(words) == 1 and re.fullmatch(r"\d+(x\d+)*", words[0]) else ()
    if len(size) not in (1, 3) or min(size) < 1:
        raise InputError(f"{part!r} gives no size", fix="Write rows x columns x depth, as in `input 32x32x3`.")
    return Row("input", size, 0, 0, batch * math.prod(size), batch * math.prod(size) * itemsize)


def _conv(part: str, words: list[str], volume: Volume, field: _Field, batch: int, itemsize: int) -> Row:
    plain, window, options = _options(part, words)
    height, width, depth = _image(part, volume)
    if options.get("all"):
        window = (height, width)
    if len(plain) != 1 or plain[0] < 1 or window is None:
        raise InputError(f"{part!r} needs a number of filters and a window", fix="As in `conv 12 3x3 pad 1`.")
    stride, pad = options.get("stride", 1), options.get("pad", 0)
    out = (output_size(height, window[0], stride, pad), output_size(width, window[1], stride, pad), plain[0])
    field.slide(window, (stride, stride))
    columns = (math.prod(window) * depth, out[0] * out[1])
    values = batch * math.prod(out)
    return Row(
        part, out, columns[0] * plain[0], plain[0], values, values * itemsize, columns,
        batch * math.prod(columns) * itemsize, field.size, arithmetic(height, window[0], stride, pad),
    )  # fmt: skip


def _pool(part: str, words: list[str], volume: Volume, field: _Field, batch: int, itemsize: int) -> Row:
    plain, window, options = _options(part, words)
    height, width, depth = _image(part, volume)
    if len(plain) > 1 or (plain and window) or "all" in options:
        raise InputError(f"{part!r} needs one window", fix="As in `pool 2x2 stride 2`.")
    window = (plain[0], plain[0]) if plain else window or (2, 2)
    pad = options.get("pad", 0)
    down, right = (options["stride"], options["stride"]) if "stride" in options else window
    out = (output_size(height, window[0], down, pad), output_size(width, window[1], right, pad), depth)
    field.slide(window, (down, right))
    values = batch * math.prod(out)
    text = arithmetic(height, window[0], down, pad)
    return Row(part, out, 0, 0, values, values * itemsize, None, 0, field.size, text)


def _fc(part: str, words: list[str], volume: Volume, field: _Field, batch: int, itemsize: int) -> Row:
    plain, _, _ = _options(part, words)
    if len(plain) != 1 or plain[0] < 1:
        raise InputError(f"{part!r} needs a number of outputs", fix="As in `fc 10`.")
    if len(volume) == 3:
        field.slide((volume[0], volume[1]), (1, 1))  # it sees the whole volume
    weights = math.prod(volume) * plain[0]
    values = batch * plain[0]
    text = f"{'x'.join(map(str, volume))} = {math.prod(volume)} inputs, each to {plain[0]} outputs"
    return Row(part, (plain[0],), weights, plain[0], values, values * itemsize, None, 0, field.size, text)


def _same(part: str, words: list[str], volume: Volume, field: _Field, batch: int, itemsize: int) -> Row:
    if words and not part.lower().startswith("dropout"):  # which may say how much: `dropout 0.5`
        raise InputError(f"{words[0]!r} in {part!r} is not understood", fix=f"For example: {_GRAMMAR}")
    values = batch * math.prod(volume)
    return Row(part, volume, 0, 0, values, values * itemsize, None, 0, field.size)


def _image(part: str, volume: Volume) -> tuple[int, int, int]:
    if len(volume) != 3:
        raise InputError(f"{part!r} needs a volume, but gets {volume}", fix="Put it before the fully connected layers.")
    return volume[0], volume[1], volume[2]


_LAYERS = {
    "input": _input, "conv": _conv, "pool": _pool, "maxpool": _pool, "avgpool": _pool, "fc": _fc, "affine": _fc,
    "relu": _same, "sigmoid": _same, "tanh": _same, "softmax": _same, "batchnorm": _same, "dropout": _same,
}  # fmt: skip
