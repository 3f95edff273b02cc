"""Puts functions around what wants to be called in another way than `forward(x)`, `backward(dout, cache)`."""

from __future__ import annotations

import ast
import contextlib
import copy
import warnings
from collections.abc import Callable, Collection, Iterator
from dataclasses import replace
from typing import Any

import numpy as np

from backpropviz.diagnose.pairs.protocols import (
    alone,
    array_engines,
    beginnings,
    boxes,
    fused,
    layered,
    losses,
    module_level,
    nodes,
    results,
    scalars,
    subjects,
)
from backpropviz.diagnose.pairs.protocols.around import around
from backpropviz.diagnose.pairs.protocols.construction import SIZES, slope_of_tanh
from backpropviz.diagnose.pairs.protocols.context import Context
from backpropviz.diagnose.pairs.protocols.record import Adapter, GoesOn, NoFit, Subject
from backpropviz.diagnose.pairs.recognition import recognize
from backpropviz.diagnose.student.loading import Student
from backpropviz.diagnose.student.work import WORK, TooMuch, work_limit
from backpropviz.layers.drawing import Draws
from backpropviz.layers.missing import MissingModule

ROUNDS = 1_000_000
GIVEN: dict[str, Any] = {
    "__copied__": copy.deepcopy,
    "__context__": Context,
    "__draws__": Draws,
    "__slope_of_tanh__": slope_of_tanh,
    **alone.GIVEN,
    **losses.GIVEN,
    **boxes.GIVEN,
    **beginnings.GIVEN,
    **array_engines.GIVEN,
    **layered.GIVEN,
    **nodes.GIVEN,
    **results.GIVEN,
}
"""What the functions around a student's call. Copied, so that gradients that are added up start anew every time."""


def wrap_classes(
    student: Student, left_out: Collection[str] = (), begins: Callable[[str, int], None] = lambda name, line: None
) -> Iterator[tuple[str, int, NoFit]]:
    """Give every class with both passes a pair of functions around it.

    Args:
        left_out: backward passes of classes that are not tried. begins: is told of each before it is tried.

    Yields:
        The backward passes of those that no way of calling fits: name, line, and why.
    """
    student.namespace |= GIVEN
    student.namespace |= {module_level.GIVEN: module_level.given(student.namespace)}
    student.namespace[module_level.COUNTS] = module_level.counts(student.tree, student.lost)
    student.namespace["__functions__"] = student.functions
    definitions = [node for node in student.tree.body if isinstance(node, ast.ClassDef)]
    definitions = [node for node in definitions if isinstance(student.namespace.get(node.name), type)]
    student.namespace["__classes__"] = definitions
    engines = [its for its in definitions if scalars.is_engine(its) or array_engines.is_engine(its)]
    for definition in engines:
        found = [*scalars.adapters(definition, student.namespace)] if scalars.is_engine(definition) else []
        for adapter in found or array_engines.adapters(definition, student.namespace, student.functions):
            add(student, adapter)
    every = [*subjects.classes([its for its in definitions if its not in engines], student.namespace)]
    every = [subject for subject in every if subject.said not in left_out]
    done = _add_fused(every, student, begins)
    for subject, adapter in nodes.adapters(every, student.namespace):
        add(student, renamed(adapter, _free(adapter.forward.removesuffix("_forward"), student)))
        done.append(subject)
    for subject in (its for its in every if its not in done):
        begins(subject.said, subject.line)
        try:
            best = _fitting(subject, student)[0]
        except NoFit as error:
            yield subject.said, subject.line, error
            continue
        stem = subject.stem
        shapes = {*best.wrapped.shapes.values()}
        if stem.startswith("dropout") or not shapes <= {SIZES[:1], SIZES[:2], SIZES[1:2]} or _takes_less(best, stem):
            stem = f"{stem}_layer"  # W as (out, in), b as (1, out): not the layer that courses call so
        add(student, renamed(best, _free(stem, student)))


def _add_fused(every: list[Subject], student: Student, begins: Callable[[str, int], None]) -> list[Subject]:
    """Layers that hand on what arrives are run with the loss that means it: what was put around these two."""
    done: list[Subject] = []
    for layer, loss in fused.candidates(every):
        begins(loss.said, loss.line)
        with contextlib.suppress(NoFit):
            if _fitting(loss, student)[0].fit[0]:
                continue  # it is right alone
        with contextlib.suppress(NoFit):
            both, text = fused.together(layer, loss, student.namespace)
            best = _fitting(both, student)[0]
            wrapped = replace(best.wrapped, convention=fused.said(layer, loss), only=loss.said)
            best = renamed(replace(best, wrapped=wrapped), _free(f"{both.stem}_layer", student))
            add(student, replace(best, text=text + best.text))
            done += [layer, loss]
    return done


def _takes_less(adapter: Adapter, stem: str) -> bool:
    """Whether the course's layer of that name has inputs that this one keeps to itself: weights made when it first
    runs."""
    named = recognize(f"{stem}_forward")
    (forward,) = (its for its in ast.parse(adapter.text).body if getattr(its, "name", "") == adapter.forward)
    assert isinstance(forward, ast.FunctionDef)
    return named is not None and len(forward.args.args) < len(named.layer.inputs)


def _free(stem: str, student: Student) -> str:
    """A name like this that no pair of the file has."""
    names = [stem, f"{stem}_class", *(f"{stem}_class{n}" for n in range(2, 100))]
    return next(name for name in names if not {f"{name}_forward", f"{name}_backward"} & {*student.functions})


def renamed(adapter: Adapter, stem: str) -> Adapter:
    """The same functions by other names."""
    names = f"{stem}_forward", f"{stem}_backward"
    text = adapter.text
    for old, new in zip((adapter.forward, adapter.backward), names):
        text = text.replace(f"def {old}(", f"def {new}(", 1)
    return replace(adapter, text=text, forward=names[0], backward=names[1])


def around_functions(stem: str, forward: str, backward: str | None, student: Student) -> Adapter:
    """The functions around two of a file that fit best.

    Raises:
        NoFit: none does.
    """
    student.namespace |= GIVEN
    best = _fitting(subjects.function(stem, student.functions, forward, backward), student)[0]
    return renamed(best, f"__{backward or forward}")


def add(student: Student, adapter: Adapter) -> dict[str, ast.FunctionDef]:
    """Make the functions of an adapter part of the program."""
    made = {node.name: node for node in ast.parse(adapter.text).body if isinstance(node, ast.FunctionDef)}
    exec(compile(adapter.text, "<around a student's functions>", "exec"), student.namespace)
    original, names = adapter.stands_for
    if original is not None:  # the search for inputs reads its source, and sees how far a run of it comes
        function = student.namespace[adapter.forward]
        function.stands_for, function.of_file = ((original, names),), original.__code__.co_filename
    student.functions |= made
    student.texts |= dict.fromkeys(made, adapter.text)
    student.wrapped |= dict.fromkeys(made, adapter.wrapped)
    return made


def _fitting(subject: Subject, student: Student) -> list[Adapter]:
    """The adapters that fit.

    Raises:
        NoFit: none does, or only some that give nothing right, and names do not say how it is called.
    """
    goes_on = f"{ROUNDS:,} rounds of its loops were not enough to find out how it is called"
    until = WORK.done + ROUNDS
    try:
        with warnings.catch_warnings(), np.errstate(all="ignore"), work_limit(ROUNDS), contextlib.suppress(KeyError):
            warnings.simplefilter("ignore")
            found = around(subject, student.namespace, student.functions)
            best = found[0]
            if not best.fit[1] and not best.wrapped.is_sure:
                raise NoFit(f"it is not clear how it is called; tried: {best.wrapped.said}")
            return found
    except TooMuch:
        raise GoesOn(goes_on) from None
    except MissingModule as error:
        raise NoFit(f"it needs {error}, which is not here") from None
    except (Exception, SystemExit) as error:
        if WORK.done > until:  # whoever was told swallowed it
            raise GoesOn(goes_on) from None
        if isinstance(error, NoFit):
            raise
        raise NoFit(f"what was tried on it failed with {type(error).__name__}: {error}") from None
    raise NoFit("no way of calling it fits")
