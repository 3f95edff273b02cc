"""The process in which a student's functions run: given inputs, it says what comes back. It holds no right values."""

from __future__ import annotations

import contextlib
import importlib.abc
import inspect
import os
import sys
import types
import warnings
from pathlib import Path
from typing import Any

import numpy as np

from backpropviz.code.scope import helpers
from backpropviz.diagnose.judge.process import Answering
from backpropviz.diagnose.judge.wire import Handle, Reader, Writer
from backpropviz.diagnose.pairs.protocols import adapting
from backpropviz.diagnose.runs.examine import CALL_ROUNDS
from backpropviz.diagnose.student import loading, sandbox
from backpropviz.diagnose.student.frames import frames, is_of_numpy
from backpropviz.diagnose.student.work import work_limit
from backpropviz.primitives import PRIMITIVES
from backpropviz.primitives.windows import output_shape

_OURS = "backpropviz"
_OF_DERIVED_CODE = {**helpers(), "output_shape": output_shape}  # found while our files can be read
_DERIVES = tuple(f"{_OURS}.{room}." for room in ("engine", "code", "study", "facade"))
_READS = (f"{_OURS}.engine.source", f"{_OURS}.engine.trees")  # of the engine, what files are read with
_HIGHEST = 256  # of the descriptors that a copy may have inherited


def main(read: int, write: int) -> None:
    """Load a file, then call its functions as the judge asks."""
    answering = Answering(read, write)
    request = answering.request.record
    limited(read, write, request["megabytes"])
    student = loading.parse(Path(request["file"]), request["python2"])
    student.namespace |= adapting.GIVEN
    hide_ourselves()
    sandbox.refuse_effects(request["file"], hidden=sandbox.OURS)  # no business of the student's
    loading.load(student)
    student.namespace |= adapting.GIVEN
    stage = Stage(student)
    answering.say(Writer(), {"stars": student.star_imports})
    for message in answering.messages():
        writer = Writer(stage.keep)
        answering.say(writer, getattr(stage, message.record["does"])(message, writer))


def limited(read: int, write: int, megabytes: int) -> None:
    """Keep nothing open but the two channels, and go on within the limits."""
    for descriptor in range(_HIGHEST):
        if descriptor not in (read, write):
            with contextlib.suppress(OSError):
                os.close(descriptor)
    nowhere = os.open(os.devnull, os.O_RDWR)  # standard input, the lowest that is free
    for standard in (0, 1, 2):
        if standard not in (nowhere, read, write):
            os.dup2(nowhere, standard)
    sys.stdin, sys.stdout, sys.stderr = (open(os.devnull, mode) for mode in "rww")  # noqa: SIM115 (for good)
    sandbox.limit_resources(megabytes)


def hide_ourselves() -> None:
    """Nobody can import our package from now on: what goes by its name has the helpers of derived code alone.

    What a student's code finds in memory, by the subclasses of `object` or by frames, derives nothing: functions and
    methods of the engine have lost what they call, and operations their derivatives.
    """
    for primitive in PRIMITIVES.values():
        object.__setattr__(primitive, "gradients", ())
        object.__setattr__(primitive, "gradient_of", None)
    for name in [name for name in sys.modules if name.partition(".")[0] == _OURS]:
        module = sys.modules.pop(name)
        if name.startswith(_DERIVES) and name not in _READS:
            vars(module).clear()
    module = types.ModuleType(_OURS)
    vars(module).update(_OF_DERIVED_CODE)
    sys.modules[_OURS] = module
    sys.meta_path.insert(0, _NotHere())


class _NotHere(importlib.abc.MetaPathFinder):
    """Says of our modules that there are none."""

    def find_spec(self, name: str, path: Any = None, target: Any = None) -> None:
        if name.partition(".")[0] == _OURS:
            raise ModuleNotFoundError(f"No module named {name!r}", name=name)


class Stage:
    """The functions of a file, and what they returned that stays here."""

    def __init__(self, student: loading.Student):
        self.student = student
        self.kept: list[Any] = []

    def keep(self, value: Any) -> int:
        self.kept.append(value)
        return len(self.kept) - 1

    def add(self, message: Reader, writer: Writer) -> dict[str, Any]:
        """Put functions around the student's."""
        exec(compile(message.record["text"], "<around a student's functions>", "exec"), self.student.namespace)
        return {}

    def signature(self, message: Reader, writer: Writer) -> dict[str, Any]:
        """The parameters of a function: name, kind, and the default value where there is one."""
        try:
            function = self.student.namespace[message.record["function"]]
            parameters = inspect.signature(function).parameters.values()
        except (KeyError, TypeError, ValueError) as error:
            return {"failed": failed(error, self._file)}
        return {
            "parameters": [
                [its.name, int(its.kind), None if its.default is its.empty else writer.value(its.default)]
                for its in parameters
            ]
        }

    def call(self, message: Reader, writer: Writer) -> dict[str, Any]:
        """Call a function; what it returns, and what became of the arrays and dictionaries that it was handed."""
        said = message.record
        arguments = [self._given(message.value(its)) for its in said["arguments"]]
        options = {name: self._given(message.value(its)) for name, its in said["options"].items()}
        if said["forget"]:
            self.kept.clear()
        function = self.student.namespace[said["function"]]
        if said["seed"] is not None:
            np.random.seed(said["seed"])
        with warnings.catch_warnings(), np.errstate(all="ignore"):
            warnings.simplefilter("ignore")
            try:
                with work_limit(CALL_ROUNDS):
                    returned = function(*arguments, **options)
            except BaseException as error:  # whatever a student's code raises
                return {"failed": failed(error, self._file)}
            return {
                "returned": self._returned(returned, said["open"], writer),
                "after": [writer.value(its) if type(its) in (np.ndarray, dict) else None for its in arguments],
            }

    def _given(self, value: Any) -> Any:
        """A value with the objects that handles in it stand for."""
        if isinstance(value, Handle):
            return self.kept[value.number]
        return type(value)(map(self._given, value)) if isinstance(value, tuple | list) else value

    def _returned(self, value: Any, opened: int, writer: Writer) -> list[Any]:
        """A value, of a tuple or list only so many parts with what is in them; 0: all."""
        if not opened or type(value) not in (tuple, list) or len(value) <= opened:
            return writer.value(value)
        parts = [writer.value(part) if i < opened else writer.kept(part) for i, part in enumerate(value)]
        return [type(value).__name__, parts]

    @property
    def _file(self) -> str:
        return str(self.student.path)


def failed(error: BaseException, file: str) -> dict[str, Any]:
    """An exception as a record: what it is called, what it says, where in the file it came through."""
    try:
        text = str(error)[:300]
    except BaseException:  # its own __str__ fails
        text = ""
    came_through = [[str(frame.name), frame.lineno] for frame in frames(error, file)][-20:]
    kind = type(error).__name__[:100]
    return {"type": kind, "text": text, "frames": came_through, "numpy": is_of_numpy(error),
            "name": str(getattr(error, "name", "") or "")}  # fmt: skip
