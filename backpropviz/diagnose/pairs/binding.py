"""Calls a student's function the way its signature asks for, and takes apart what it returns."""

from __future__ import annotations

import ast
import contextlib
import functools
import inspect
import types
from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from typing import Any

from backpropviz.course.record import Case, Layer

_ALIASES = {
    "eps": "eps epsilon",
    "stride": "stride s strides pool_stride",
    "pad": "pad padding p",
    "G": "g groups num_groups n_groups",
    "pool_height": "pool_height ph pool_h hh kh height pool_hh",
    "pool_width": "pool_width pw pool_w ww kw width pool_ww",
    "pool_size": "pool_size size k kernel_size kernel filter_size ksize window_size pool window f",
    "p": "p drop_prob keep_prob dropout_p p_dropout dropout_prob dropout_rate prob rate keep drop keep_probability",
    "mode": "mode",
    "training": "training train is_training train_mode is_train",
    "momentum": "momentum",
    "running_mean": "running_mean",
    "running_var": "running_var running_variance",
    "seed": "seed",
    "mask": "mask",
    "reg": "reg reg_strength lambda_ lam regularization",
    "y": "y labels target targets t",
}
_MEANS = {layer_word: [n for n in names.split()] for layer_word, names in _ALIASES.items()}
_WINDOW = ("stride", "pad", "pool_height", "pool_width")
_DICTIONARY = ("param", "config", "cfg", "conf", "params", "options", "opts")
_INPUT_ALIASES = {
    "x": {"x", "inputs", "input", "data", "xs"},
    "w": {"w", "weights", "weight", "filters", "kernel"},
    "b": {"b", "bias"},
    "gamma": {"gamma", "scale"},
    "beta": {"beta", "shift"},
    "prev_h": {"prev_h", "h_prev", "hprev"},
    "prev_c": {"prev_c", "c_prev", "cprev"},
    "Wx": {"wx"},
    "Wh": {"wh"},
    "h0": {"h0"},
}


class CannotCall(Exception):  # noqa: N818
    """The signature asks for something we do not have; the text says what."""


class TakesTooLong(CannotCall):
    """The count of its work was up before it had run as often as it takes to look at it."""


class NotApplicable(Exception):  # noqa: N818
    """The function cannot be put into this configuration (a plain batchnorm has no test mode)."""


def _setting(name: str, case: Case, layer: Layer) -> Any:
    """The value of a setting that a parameter of this name stands for."""
    if name in case.settings:
        return case.settings[name]
    low = name.lower()
    known = [word for word, names in _MEANS.items() if low in names]
    for word in known:
        if word in case.settings:
            return case.settings[word]
        if word == "training" and "mode" in case.settings:
            return case.settings["mode"] == "train"
        if word == "pool_size" and "pool_height" in case.settings:
            height, width = case.settings["pool_height"], case.settings["pool_width"]
            if height != width:
                raise NotApplicable("windows that are not square")
            return height
    raise KeyError(name)


@functools.lru_cache(maxsize=64)
def _keys_read(definition: ast.FunctionDef | None) -> set[str]:
    """The words that a function looks up in dictionaries of settings: `param["stride"]`, `param.get("window", 2)`."""
    found = set[str]()
    for node in ast.walk(definition) if definition is not None else ():
        match node:
            case (
                ast.Subscript(value=ast.Name(id=name), slice=ast.Constant(value=str(word)))
                | ast.Call(func=ast.Attribute(value=ast.Name(id=name)), args=[ast.Constant(value=str(word)), *_])
            ) if is_dictionary(name):
                found.add(word)
    return found


def _by_other_names(words: Iterable[str], case: Case, layer: Layer) -> dict[str, Any]:
    """The settings that these words stand for, where a case knows them by other ones."""
    found = {}
    for word in {*words} - {*case.settings}:
        with contextlib.suppress(KeyError):
            found[word] = _setting(word, case, layer)
    return found


def is_sure(function: Callable[..., Any], layer: Layer) -> bool:
    """The parameters have the course's names, so that it is known what they take. `linear_forward(A, W, b)` and
    `conv_forward(A_prev, W, b, hparameters)` are of another course, with the axes in another order."""
    names = [p.name.lower() for p in parameters(function)]
    known = [any(name in _called(wanted) for name in names) for wanted in layer.inputs]
    return all(known) and "hparameters" not in names


def parameters(function: Callable[..., Any]) -> list[inspect.Parameter]:
    kinds = (inspect.Parameter.POSITIONAL_ONLY, inspect.Parameter.POSITIONAL_OR_KEYWORD)
    return [p for p in signature(function).parameters.values() if p.kind in kinds]


def signature(function: Callable[..., Any]) -> inspect.Signature:
    """A function's signature; it is asked for at each of its runs, and made once."""
    return _signature(function) if type(function) is types.FunctionType else inspect.signature(function)


@functools.lru_cache(maxsize=256)
def _signature(function: Callable[..., Any]) -> inspect.Signature:
    return inspect.signature(function)


def input_names(layer: Layer) -> set[str]:
    """Every name that one of the layer's inputs may go by."""
    return {name for wanted in layer.inputs for name in _called(wanted)}


def _called(wanted: str) -> set[str]:
    """The names that an input goes by, in lower case."""
    return _INPUT_ALIASES.get(wanted, set()) | {wanted.lower()}


def is_dictionary(name: str) -> bool:
    return any(word in name.lower() for word in _DICTIONARY)


def forward_arguments(
    function: Callable[..., Any],
    layer: Layer,
    case: Case,
    arrays: Mapping[str, Any],
    definition: ast.FunctionDef | None = None,
) -> list[Any]:
    """The arguments of a forward pass: arrays in the course's order (or by name), then settings by name.

    Args:
        definition: how it is written: in a dictionary of settings it may look up words of its own.

    Raises:
        CannotCall: a required parameter is unknown. NotApplicable: this configuration cannot be asked for.
    """
    given = parameters(function)
    if len(given) < len(layer.inputs):
        raise CannotCall(f"it takes {len(given)} arguments, {layer.name} needs {', '.join(layer.inputs)}")
    order = _input_order([p.name for p in given], layer)
    settings = {k: v.copy() if hasattr(v, "copy") else v for k, v in case.settings.items() if k not in case.without}
    arguments: list[Any] = []
    has_dictionary = False
    for position, parameter in enumerate(given):
        if position in order:
            arguments.append(arrays[order[position]])
        elif is_dictionary(parameter.name) and parameter.name not in settings:
            has_dictionary = True
            keys = _keys_read(definition)
            arguments.append(settings | _by_other_names(keys, replace(case, settings=settings), layer))
        else:
            try:
                arguments.append(_setting(parameter.name, case, layer))
            except KeyError:
                if parameter.default is inspect.Parameter.empty:
                    raise CannotCall(f"it is not known what its parameter {parameter.name!r} takes") from None
                arguments.append(parameter.default)
    names = {p.name.lower() for p in given}
    names |= {p.name.lower() for p in signature(function).parameters.values()}
    modes = names & {"mode", *_MEANS["training"]}
    if "eps" in layer.settings and not has_dictionary and not names & {*_MEANS["eps"]}:
        raise CannotCall("it takes no eps")
    told = {word for word, called in _MEANS.items() if names & {*called}}
    told |= {"pool_height", "pool_width"} if "pool_size" in told else set()
    fixed = [word for word in _WINDOW if word in layer.settings and word not in told]
    if fixed and not has_dictionary:  # its windows are its own: 2 by 2, side by side
        raise CannotCall(f"it takes no {fixed[0]}")
    if case.settings.get("mode") == "test" and not has_dictionary and not modes:
        raise NotApplicable("no test mode")
    if not has_dictionary and case.without and "eps" in case.without:
        raise NotApplicable("eps is given")
    return arguments


def keyword_arguments(function: Callable[..., Any], layer: Layer, case: Case) -> dict[str, Any]:
    """The settings that a function takes by keyword only: `def batchnorm_forward(x, gamma, beta, *, eps=1e-5)`."""
    found = {}
    for parameter in signature(function).parameters.values():
        if parameter.kind is parameter.KEYWORD_ONLY:
            with contextlib.suppress(KeyError):
                found[parameter.name] = _setting(parameter.name, case, layer)
    return found


def _input_order(names: list[str], layer: Layer) -> dict[int, str]:
    """Which position takes which input: by name where all names are known, otherwise the first ones in order."""
    if {*layer.inputs} <= {*names}:
        return {names.index(wanted): wanted for wanted in layer.inputs}
    by_name: dict[int, str] = {}
    for wanted in layer.inputs:
        found = [i for i, name in enumerate(names) if name.lower() in _called(wanted)]
        if len(found) == 1:
            by_name[found[0]] = wanted
    if len(by_name) == len(layer.inputs):
        return by_name
    return dict(enumerate(layer.inputs))


def backward_arguments(
    function: Callable[..., Any], layer: Layer, case: Case, upstream: list[Any], arrays: Mapping[str, Any], cache: Any
) -> list[Any]:
    """The arguments of a backward pass: the upstream gradients, then the cache (or inputs and settings by name)."""
    given = parameters(function)
    rest = given[len(upstream) :]
    arguments = list(upstream)
    is_told = any("cache" in parameter.name.lower() for parameter in rest)
    for position, parameter in enumerate(rest):
        low = parameter.name.lower()
        named = next((i for i in layer.inputs if parameter.name == i), None) or next(
            (i for i in layer.inputs if low in _called(i)), None
        )
        if position == 0 and (len(rest) == 1 or "cache" in low or (named is None and not is_told)):
            arguments.append(cache)
        elif named is not None:
            arguments.append(arrays[named])
        elif is_dictionary(low):
            arguments.append(dict(case.settings))
        elif "cache" in low:
            arguments.append(cache)
        else:
            try:
                arguments.append(_setting(low, case, layer))
            except KeyError:
                if parameter.default is inspect.Parameter.empty:
                    raise CannotCall(f"it is not known what its parameter {parameter.name!r} takes") from None
                arguments.append(parameter.default)
    if len(given) < len(upstream):
        raise CannotCall("it takes no upstream gradient")
    return arguments


def split_outputs(returned: Any, count: int) -> tuple[list[Any], Any]:
    """What a forward pass returned, as its outputs and its cache; `...` is no value yet."""
    if not isinstance(returned, tuple | list):
        return [_written(returned)], None
    values = list(map(_written, returned))
    if len(values) <= count:
        return values, None
    return values[:count], values[count] if len(values) == count + 1 else tuple(values[count:])


def split_gradients(returned: Any, wants: tuple[str, ...]) -> list[Any]:
    """What a backward pass returned, in order; a dictionary by its keys. `...` is no value yet."""
    if isinstance(returned, dict):
        by_name = {str(key).lower().lstrip("d_"): value for key, value in returned.items()}
        return [_written(by_name.get(name.lower().lstrip("d_"))) for name in wants]
    if len(wants) == 1 or not isinstance(returned, tuple | list):
        return [_written(returned)]
    return list(map(_written, returned))


def _written(value: Any) -> Any:
    return None if value is Ellipsis else value
