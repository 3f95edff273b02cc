"""What a parameter takes: an array, a dictionary with the keys that the code reads, a list, an object.

A form is what the argument will be, with a `Leaf` in the place of every value that has to be made up. That a parameter
is a dictionary is read from the code; which keys are read, by running it on one that tells which key it lacks.
"""

from __future__ import annotations

import copy
import dataclasses
import inspect
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from backpropviz.layers.conventions import KEYED, NUMBERS, is_options, kind_of, singular
from backpropviz.layers.facts import Reading

_DICTIONARIES = re.compile(r"parameters|model|config|hparams|h(yper_?)?parameters|settings|options")
_SETTINGS = re.compile(r"h(yper_?)?param(eter)?s|settings|options")
_PAIRS = ("W1", "b1", "W2", "b2")  # where the keys are put together from numbers


CONSTRUCTOR = "new"
"""Where the values go that a class is constructed from: "new.n_in"."""


@dataclass(frozen=True)
class Leaf:
    """A value to be made up, by a name that says where it goes: "params.W1"."""

    name: str


@dataclass(frozen=True)
class Made:
    """An object to be made from values to be made up."""

    kind: Callable[..., Any]
    parts: Mapping[str, Any]


class MissingKey(Exception):  # noqa: N818
    """A dictionary was asked for a key that it lacks."""

    def __init__(self, parameter: str, key: Any):
        super().__init__(f"{parameter}[{key!r}]")
        self.parameter, self.key = parameter, key


class Asking(dict[Any, Any]):
    """A dictionary that tells which of its keys are missing."""

    parameter = ""

    def __missing__(self, key: Any) -> Any:
        raise MissingKey(self.parameter, key)

    def get(self, key: Any, *default: Any) -> Any:
        # without a default, it is counted on: conv_param.get("stride")
        if not default and key not in self and usual(f"{self.parameter}.{key}") is not None:
            self.__missing__(key)
        return super().get(key, *default)

    def copy(self) -> Any:
        return copy.copy(self)


def form_of(name: str, parameter: inspect.Parameter, reading: Reading, its_globals: Mapping[str, Any]) -> Any:
    """What a parameter takes, in the first place."""
    kind = parameter.annotation
    if isinstance(kind, str):
        kind = its_globals.get(kind, kind)
    if dataclasses.is_dataclass(kind) and isinstance(kind, type):
        needed = [f for f in dataclasses.fields(kind) if f.init and _has_no_default(f)]
        return Made(kind, {f.name: Leaf(f"{name}.{f.name}") for f in needed})
    if parameter.kind is parameter.VAR_POSITIONAL:
        return (Leaf(f"{name}.{name}1"), Leaf(f"{name}.{name}2"))
    length = reading.lengths.get(name)
    if name in reading.flat:
        return Leaf(name)
    if name in reading.dictionaries or ((is_options(name) or _DICTIONARIES.fullmatch(name)) and length is None):
        counted = name in reading.counted and not holds_settings(name)
        return {key: Leaf(f"{name}.{key}") for key in (_PAIRS if counted else ())}
    if isinstance(length, int):
        one = singular(name) or name
        return [Leaf(f"{name}.{one}{i + 1}") for i in range(length)]
    if isinstance(length, list):
        return [_form_of_part(name, part, i + 1) for i, part in enumerate(length)]
    return Leaf(name)


def _form_of_part(name: str, part: Any, number: int) -> Any:
    """One of several in a list: a tuple, a dictionary, or a value."""
    if isinstance(part, dict):
        return {key: Leaf(f"{name}.{key}{number}") for key in part}
    if isinstance(part, list):
        return tuple(Leaf(f"{name}.{word}{number}") for word in part)
    return Leaf(f"{name}.{part}")


def twins(forms: Mapping[str, Any], alike: Mapping[str, str]) -> dict[str, str]:
    """The values of dictionaries that hold arrays of the same shapes, each with its like; all get the same keys."""
    found: dict[str, str] = {}
    for name, leader in alike.items():
        form, its = forms.get(name), forms.get(leader)
        if name != leader and isinstance(form, dict) and isinstance(its, dict):
            for key in [*its, *form]:
                form.setdefault(key, Leaf(f"{name}.{key}"))
                its.setdefault(key, Leaf(f"{leader}.{key}"))
                found[f"{name}.{key}"] = f"{leader}.{key}"
    return found


def _has_no_default(its: dataclasses.Field[Any]) -> bool:
    return its.default is dataclasses.MISSING and its.default_factory is dataclasses.MISSING


def leaves(form: Any) -> Iterator[str]:
    """The names of the values that a form needs, in order."""
    if isinstance(form, Leaf):
        yield form.name
    elif isinstance(form, Made):
        yield from leaves(dict(form.parts))
    elif isinstance(form, dict | list | tuple):
        for part in form.values() if isinstance(form, dict) else form:
            yield from leaves(part)


def filled(form: Any, value_of: Callable[[str], Any], parameter: str = "") -> Any:
    """The argument that a form stands for; with `parameter`, its dictionary tells which keys it lacks."""
    if isinstance(form, Leaf):
        return value_of(form.name)
    if isinstance(form, Made):
        return form.kind(**{name: filled(part, value_of) for name, part in form.parts.items()})
    if isinstance(form, dict):
        made: dict[Any, Any] = Asking() if parameter else {}
        made.update({key: filled(part, value_of, parameter and f"{parameter}.{key}") for key, part in form.items()})
        if isinstance(made, Asking):
            made.parameter = parameter
        return made
    if isinstance(form, list | tuple):
        return type(form)([filled(part, value_of) for part in form])
    return form


def nested(forms: dict[str, Any], path: str) -> Any:
    """The form at a path, `params` or `params.l1`; a value in a dictionary becomes a dictionary itself.

    >>> forms = {"params": {"l1": Leaf("params.l1")}}
    >>> nested(forms, "params.l1"), forms
    ({}, {'params': {'l1': {}}})
    """
    holder, _, last = path.rpartition(".")
    within = nested(forms, holder) if holder else forms
    if holder and isinstance(within, dict) and isinstance(within.get(last), Leaf):
        within[last] = {}
    return within.get(last) if isinstance(within, dict) else None


def holds_settings(name: str) -> bool:
    """Whether a dictionary holds numbers and words, by its name; `params` holds arrays."""
    return name not in ("params", "parameters") and (is_options(name) or bool(_SETTINGS.fullmatch(name)))


def usual(name: str) -> Any:
    """The usual value of a number or word by its name; None for what has to be an array."""
    holder, _, short = name.rpartition(".")
    if short == "stride" and "pool" in holder:
        return 2  # windows side by side
    if short in NUMBERS:
        return copy.deepcopy(NUMBERS[short])
    if not holder or not (holder == CONSTRUCTOR or holds_settings(holder)):
        return None
    if short in KEYED:
        return KEYED[short]
    if holder == CONSTRUCTOR or kind_of(short) not in ("main", "size"):
        return None
    return 0.5 if kind_of(short) == "main" else 2
