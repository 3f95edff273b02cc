"""A student's program in another process, for those who run its functions and look at what comes back."""

from __future__ import annotations

import inspect
from collections.abc import Mapping
from typing import Any

import numpy as np

from backpropviz.diagnose.judge.process import Ended, Process
from backpropviz.diagnose.judge.wire import Garbled, Handle, Reader, Writer
from backpropviz.diagnose.student.frames import TOLD, Frame
from backpropviz.diagnose.student.loading import Student
from backpropviz.diagnose.student.program import Program
from backpropviz.diagnose.student.work import TooMuch
from backpropviz.layers.missing import MissingModule

_KNOWN: tuple[type[BaseException], ...] = (
    AssertionError, NotImplementedError, NameError, TypeError, ValueError, MissingModule, TooMuch, SystemExit,
    KeyboardInterrupt, GeneratorExit,
)  # fmt: skip
"""Exceptions that mean something here; any other is one by its name alone."""


class RemoteProgram(Program):
    """The functions of a file, which run in a process of their own. The file is parsed here, and not run.

    Args:
        student: the file as it was read. process: what runs it, and has loaded it.
    """

    def __init__(self, student: Student, process: Process):
        super().__init__(student)
        self.process = process
        self._functions: dict[str, RemoteFunction] = {}
        self._seed: int | None = None
        self.opened: dict[str, int] = {}

    def function(self, name: str) -> Any:
        if name not in self._functions:
            self._functions[name] = RemoteFunction(self, name)
        return self._functions[name]

    def seed(self, number: int) -> None:
        """Let random numbers begin anew in the next call, which begins another run."""
        self._seed = number

    def call(self, name: str, arguments: tuple[Any, ...], options: Mapping[str, Any]) -> Any:
        """Call a function: it gets copies; what it did to arrays and dictionaries is done to these as well."""
        seed, self._seed = self._seed, None
        writer = Writer()
        said = {"arguments": [writer.value(_plain(its)) for its in arguments],
                "options": {key: writer.value(_plain(its)) for key, its in options.items()}}  # fmt: skip
        more = {"seed": seed, "forget": seed is not None, "open": self.opened.get(name, 0)}
        answer = self.process.ask(writer, {"does": "call", "function": name, **said, **more})
        try:
            failed = _failure(answer.record["failed"]) if "failed" in answer.record else None
            returned = _taken_apart(answer, arguments) if failed is None else None
        except (Garbled, KeyError, TypeError, ValueError) as error:
            raise self.process.ended(Ended(f"what it says cannot be read: {error}")) from error
        if failed is not None:  # also of these kinds, which are then the function's own
            raise failed
        return returned

    def parameters(self, name: str) -> inspect.Signature:
        """A function's signature."""
        answer = self.process.ask(Writer(), {"does": "signature", "function": name})
        try:
            if "failed" in answer.record:
                raise _failure(answer.record["failed"])
            return inspect.Signature([_parameter(answer, *its) for its in answer.record["parameters"]])
        except (Garbled, KeyError, TypeError, ValueError) as error:
            raise Ended(f"its signature cannot be read: {error}") from error


class RemoteFunction:
    """Called, it runs in the process of its program."""

    def __init__(self, program: RemoteProgram, name: str):
        self.program, self.__name__ = program, name
        self.__signature__ = program.parameters(name)

    def __call__(self, *arguments: Any, **options: Any) -> Any:
        return self.program.call(self.__name__, arguments, options)


def _plain(value: Any) -> Any:
    """A value as it can be sent: of NumPy's numbers the shape is kept."""
    if isinstance(value, np.random.Generator | np.random.RandomState):
        raise TypeError("a generator cannot be sent")
    return value


def _parameter(answer: Reader, name: str, kind: int, default: Any) -> inspect.Parameter:
    value = inspect.Parameter.empty if default is None else answer.value(default)
    return inspect.Parameter(name, inspect._ParameterKind(kind), default=value)


def _taken_apart(answer: Reader, arguments: tuple[Any, ...]) -> Any:
    returned = answer.value(answer.record["returned"])
    for argument, said in zip(arguments, answer.record["after"], strict=True):
        if said is not None:
            _become(argument, answer.value(said))
    return returned


def _become(argument: Any, after: Any) -> None:
    """Change an argument as it was changed elsewhere."""
    if isinstance(argument, np.ndarray) and isinstance(after, np.ndarray) and argument.shape == after.shape:
        argument[...] = after
    elif isinstance(argument, dict) and isinstance(after, dict):
        argument.clear()
        argument.update(after)


def _failure(said: Mapping[str, Any]) -> BaseException:
    """The exception that was raised there."""
    kind, text = str(said["type"]), str(said["text"])
    known = next((its for its in _KNOWN if its.__name__ == kind), None)
    error = known(text) if known is not None else type(kind, (Exception,), {})(text)
    if isinstance(error, NameError):
        error.name = str(said["name"])
    frames = [Frame(str(name), int(line)) for name, line in said["frames"]]
    setattr(error, TOLD, (frames, bool(said["numpy"])))
    return error


__all__ = ["Handle", "RemoteFunction", "RemoteProgram"]
