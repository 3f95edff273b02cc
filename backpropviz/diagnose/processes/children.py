"""Runs `main()` of one of our modules in a process of its own, in an empty directory.

Starting Python and importing NumPy takes longer than looking at most hand-ins. So one process does that once, and
waits (waiting.py); every request is answered by a copy of it, forked for this request alone, which ends with it. Where
a system cannot fork safely, each request starts a process from the beginning.
"""

from __future__ import annotations

import contextlib
import json
import os
import queue
import select
import signal
import socket
import subprocess
import sys
import tempfile
import threading
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import IO, Any

_ROOT = Path(__file__).resolve().parents[3]
_ENTRY = "import sys; sys.path.append(sys.argv[1]); from {} import main; main()"
_KEPT = ("PATH", "SYSTEMROOT", "LANG", "LC_ALL", "TMPDIR", "TEMP", "TMP", "LD_LIBRARY_PATH")
_MOST_OUTPUT = 4_000_000
FLOODED = -13  # by us, as if the pipe were broken: it has said more than anyone asks for
KILLED = -9  # by us, when the time was up; or by the system

Record = dict[str, Any]


def in_child(module: str, request: Record, seconds: float, likely: Iterable[str] = ()) -> tuple[list[Record], int]:
    """The answer of a module's `main()` to a request.

    Args:
        request: arrives on its standard input as JSON.
        seconds: the longest that it may say nothing; 0 ends it at once.
        likely: layers that the next request is likely to be about: the process that waits prepares them.

    Returns:
        The records it wrote to its standard output, and its exit code (negative: the signal that ended it).
    """
    with tempfile.TemporaryDirectory(prefix="backpropviz-") as empty:
        child = _forked(module, empty, likely) or _started(module, empty)
        with contextlib.suppress(BrokenPipeError), child.requests:
            child.requests.write(json.dumps(request).encode())
        with child.answers:
            try:
                records = list(_lines(child.answers, seconds))
            except TimeoutError as error:
                child.kill()
                records = error.args[0]
            except OverflowError as error:
                child.kill()
                child.wait(seconds)
                return error.args[0], FLOODED
            return records, child.wait(seconds)


class _Started:
    """A process that was started from the beginning."""

    def __init__(self, process: subprocess.Popen[bytes]):
        assert process.stdin is not None
        assert process.stdout is not None
        self.process, self.requests, self.answers = process, process.stdin, process.stdout

    def kill(self) -> None:
        self.process.kill()

    def wait(self, seconds: float) -> int:
        try:
            return self.process.wait(seconds)
        except subprocess.TimeoutExpired:
            self.process.kill()
            return self.process.wait()


class _Forked:
    """A copy of the process that waits. `status` brings its number and, in the end, how it ended."""

    def __init__(self, requests: IO[bytes], answers: IO[bytes], status: IO[bytes]):
        self.requests, self.answers, self.status = requests, answers, status
        self.number = int(status.readline() or 0)

    def kill(self) -> None:
        with contextlib.suppress(ProcessLookupError):
            os.kill(self.number, signal.SIGKILL)

    def wait(self, seconds: float) -> int:
        with self.status:
            if not select.select([self.status], [], [], seconds)[0]:
                self.kill()
            return int(self.status.readline() or KILLED)


def _command(module: str, *more: str) -> list[str]:
    return [sys.executable, "-I", "-W", "ignore", "-c", _ENTRY.format(module), str(_ROOT), *more]


def _environment() -> dict[str, str]:
    kept = {name: os.environ[name] for name in _KEPT if name in os.environ}
    return kept | {"OPENBLAS_NUM_THREADS": "1", "OMP_NUM_THREADS": "1", "MKL_NUM_THREADS": "1"}


def _started(module: str, folder: str) -> _Started:
    pipe, nowhere = subprocess.PIPE, subprocess.DEVNULL
    return _Started(
        subprocess.Popen(_command(module), stdin=pipe, stdout=pipe, stderr=nowhere, cwd=folder, env=_environment())
    )


def started_with(module: str, read: int, write: int) -> subprocess.Popen[bytes]:
    """A process of a module of ours, whose `main(read, write)` has these descriptors."""
    entry = f"import sys; sys.path.append(sys.argv[1]); from {module} import main; main(0, 1)"
    command = [sys.executable, "-I", "-W", "ignore", "-c", entry, str(_ROOT)]
    return subprocess.Popen(command, stdin=read, stdout=write, stderr=subprocess.DEVNULL, env=_environment())


# ---- the process that waits ------------------------------------------------------------------------------------------

_lock = threading.Lock()
_waiting: tuple[subprocess.Popen[bytes], socket.socket] | None = None


def _forked(module: str, folder: str, likely: Iterable[str] = ()) -> _Forked | None:
    """A copy of the process that waits; None where there is no such process."""
    if sys.platform != "linux":  # elsewhere a fork may break libraries, or there is none
        return None
    (in_, requests), (answers, out), (status, ended) = os.pipe(), os.pipe(), os.pipe()
    with _lock:
        try:
            message = json.dumps({"module": module, "folder": folder, "likely": [*likely]}).encode()
            socket.send_fds(_connection(), [message], [in_, out, ended])
            sent = True
        except OSError:
            sent = False
        for descriptor in (in_, out, ended):
            os.close(descriptor)
        child = _Forked(os.fdopen(requests, "wb"), os.fdopen(answers, "rb"), os.fdopen(status, "rb"))
    if sent and child.number:
        return child
    for stream in (child.requests, child.answers, child.status):
        stream.close()
    return None


def _connection() -> socket.socket:
    """To the process that waits, which is started if it does not run."""
    global _waiting
    if _waiting is None or _waiting[0].poll() is not None:
        if _waiting is not None:
            _waiting[1].close()
        ours, its = socket.socketpair()
        with its:
            nowhere, number = subprocess.DEVNULL, its.fileno()
            process = subprocess.Popen(
                _command("backpropviz.diagnose.processes.waiting", str(number)), env=_environment(), pass_fds=[number],
                stdin=nowhere, stdout=nowhere, stderr=nowhere,
            )  # fmt: skip
        _waiting = process, ours
    return _waiting[1]


def _lines(stream: IO[bytes], seconds: float) -> Iterator[Record]:
    """The JSON records of a stream, once it ends.

    Raises:
        TimeoutError: nothing came for so long; with the records until then. OverflowError: too much came; the same.
    """
    arrived: queue.Queue[bytes | None] = queue.Queue()

    def read() -> None:
        left = _MOST_OUTPUT
        with contextlib.suppress(ValueError):  # it was closed
            while left > 0 and (line := stream.readline(left)):
                left -= len(line)
                arrived.put(line)
        arrived.put(None if left <= 0 else b"")

    threading.Thread(target=read, daemon=True).start()
    records: list[Record] = []
    while True:
        try:
            line = arrived.get(timeout=seconds)
        except queue.Empty:
            raise TimeoutError(records) from None
        if line is None:
            raise OverflowError(records)
        if not line:
            break
        with contextlib.suppress(ValueError, RecursionError):
            record = json.loads(line)
            if isinstance(record, dict):
                records.append(record)
    yield from records
