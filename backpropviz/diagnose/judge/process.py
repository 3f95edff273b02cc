"""The process of the student's code as the judge sees it, and the loop in which it answers.

On Linux it is a copy of the judge's own process, so that nothing has to be imported again; elsewhere a new one. What it
says is bounded, has to come in time, and begins with a number that only this judge has drawn.
"""

from __future__ import annotations

import contextlib
import importlib
import os
import secrets
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from backpropviz.diagnose.judge.wire import Garbled, Gone, Reader, Writer, receive, send
from backpropviz.diagnose.processes.children import started_with

Between = Callable[[Reader], tuple[Writer, dict[str, Any]]]
"""Answers what the student's process asks in the middle of an operation."""

_PATIENCE = 1.0  # seconds, for a process that has closed its end
_PARENT_DIED = 1  # prctl's PR_SET_PDEATHSIG


class Ended(Exception):  # noqa: N818
    """The process is gone, or was ended because of what it did; the text says which."""


class Late(Ended):
    """The time was up before it had answered."""


class Process:
    """A process that answers until it is closed.

    Args:
        module: one of ours, whose `main(read, write)` answers.
        seconds: the longest that all answers together may take, from the start or the last `begin_anew`.
    """

    def __init__(self, module: str, seconds: float):
        self.seconds, self.nonce = seconds, secrets.token_hex(16)
        self.begin_anew()
        (its_in, self._to), (self._from, its_out) = os.pipe(), os.pipe()
        self._popen: subprocess.Popen[bytes] | None = None
        self._end: Ended | None = None
        if sys.platform == "linux":
            self.number = os.fork()
            if not self.number:
                _answer(module, its_in, its_out, (self._to, self._from))
        else:
            self._popen = started_with(module, its_in, its_out)
        for descriptor in (its_in, its_out):
            os.close(descriptor)

    def begin_anew(self) -> None:
        """Let the time begin anew, for the next pair."""
        self._until = time.monotonic() + self.seconds

    @property
    def _left(self) -> float:
        return max(0.0, self._until - time.monotonic())

    def ask(self, writer: Writer, record: dict[str, Any], between: Between | None = None) -> Reader:
        """The answer to a message.

        Args:
            between: answers what the process asks before it is done.

        Raises:
            Ended: there is none; whoever asks again is told the same.
        """
        if self._end is not None:
            raise self._end
        try:
            send(self._to, writer.message({"nonce": self.nonce, **record}), self._left)
            while True:
                answer = receive(self._from, self._left)
                if answer.record.get("nonce") != self.nonce:
                    raise Garbled("what it says does not come from us")
                if not answer.record.get("asks"):
                    return answer
                if between is None:
                    raise Garbled("it asks what nobody answers")
                more, said = between(answer)
                send(self._to, more.message({"nonce": self.nonce, **said}), self._left)
        except Gone as error:
            raise self.ended(Ended(f"the process ended with code {self.close(wait=True)}")) from error
        except TimeoutError as error:
            raise self.ended(Late(f"{self.seconds:g} s were not enough (--seconds gives it more)")) from error
        except Garbled as error:
            raise self.ended(Ended(f"it sent what is no answer ({error})")) from error

    def ended(self, why: Ended) -> Ended:
        """End it for what it did, which is what everybody is told who asks from now on."""
        self.close()
        self._end = why
        return why

    def close(self, wait: bool = False) -> int:
        """End it, whatever it does, and say with which code. `wait`: it has closed its end, and may be ending."""
        if self._to < 0:
            return 0
        until = time.monotonic() + (_PATIENCE if wait else 0.0)
        for descriptor in (self._to, self._from):
            os.close(descriptor)
        self._to = self._from = -1
        if self._popen is not None:
            with contextlib.suppress(subprocess.TimeoutExpired):
                return self._popen.wait(max(0.0, until - time.monotonic()))
            self._popen.kill()
            return self._popen.wait()
        while True:
            number, status = os.waitpid(self.number, os.WNOHANG)
            if number:
                return os.waitstatus_to_exitcode(status)
            if time.monotonic() > until:
                os.kill(self.number, signal.SIGKILL)
                return os.waitstatus_to_exitcode(os.waitpid(self.number, 0)[1])
            time.sleep(0.001)


def _answer(module: str, read: int, write: int, judges: tuple[int, int]) -> None:
    """In the copy: answer until the judge is gone. Does not return."""
    try:
        for descriptor in judges:
            os.close(descriptor)
        _end_with_parent()
        importlib.import_module(module).main(read, write)
    finally:
        os._exit(0)


def _end_with_parent() -> None:
    """Let the system end this process should the judge end before it."""
    import ctypes

    with contextlib.suppress(OSError, AttributeError):
        ctypes.CDLL(None).prctl(_PARENT_DIED, signal.SIGKILL, 0, 0, 0)


class Answering:
    """The end of the student's process: takes messages, and answers each by the operation that it names."""

    def __init__(self, read: int, write: int):
        self.read, self.write = read, write
        self.request = receive(read)
        self.nonce = self.request.record["nonce"]

    def say(self, writer: Writer, record: Mapping[str, Any]) -> None:
        send(self.write, writer.message({"nonce": self.nonce, **record}))

    def ask(self, writer: Writer, record: Mapping[str, Any]) -> Reader:
        """Ask the judge something in the middle of an operation."""
        self.say(writer, {"asks": True, **record})
        return receive(self.read)

    def messages(self) -> Iterator[Reader]:
        """What the judge wants, until it is gone."""
        while True:
            try:
                message = receive(self.read)
            except Garbled:
                return
            yield message
