"""Diagnoses a file in a child process of its own; in another one what is left, should the first end before its time."""

from __future__ import annotations

import contextlib
import json
import os
import queue
import subprocess
import sys
import tempfile
import threading
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import IO, Any

from backpropviz.diagnose import kinds
from backpropviz.diagnose.verdict import FAULT, UNKNOWN, WRONG, FileReport, Finding, FunctionReport
from backpropviz.errors import LayerError

_ROOT = Path(__file__).resolve().parents[2]
_ENTRY = "import sys; sys.path.append(sys.argv[1]); from {} import main; main()"
_KEPT = ("PATH", "SYSTEMROOT", "LANG", "LC_ALL", "TMPDIR", "TEMP", "TMP", "LD_LIBRARY_PATH")
_MOST_OUTPUT = 4_000_000
_MOST_ENDS = 8  # so many pairs of one file may end their process
_KILLED = -9  # by us, when the time was up; or by the system

Record = dict[str, Any]


def diagnose(
    path: str | os.PathLike[str],
    functions: Sequence[str] | None = None,
    *,
    pair: Sequence[str] = (),
    python2: bool = False,
    seconds: float = 60.0,
    megabytes: int = 2048,
) -> FileReport:
    """Run a student's file in a child process and say which of its functions are right, and where the others go wrong.

    What is said depends on no clock: the work is counted (student/work.py). A pair that the count does not end is ended
    by the clock, and said not to be finished.

    Args:
        functions: only these, by name. pair: only these two, a forward pass and its backward pass.
        python2: read the text as Python 2.
        seconds: the most that one pair of functions may take. megabytes: the most memory the process may use.

    Raises:
        LayerError: there is no such file.
    """
    file = Path(path)
    if not file.is_file():
        raise LayerError(f"{file} is not a file", fix="Name a Python file with the functions to look at.")
    request = {
        "file": str(file.resolve()), "functions": list(functions or ()), "python2": python2, "megabytes": megabytes,
        "pair": list(pair),
    }  # fmt: skip
    ended: list[FunctionReport] = []
    spent, cut_short = 0.0, False
    while True:
        request["left_out"] = [report.name for report in ended]
        records, code = in_child("backpropviz.diagnose.child", request, seconds)
        last = records[-1] if records else {}
        spent += float(last.get("seconds", 0.0))
        if "report" in last:
            report = FileReport.from_dict(last["report"])
            functions_ = tuple(sorted((*report.functions, *ended), key=lambda its: its.line))
            return replace(report, functions=functions_, seconds=spent, cut_short=cut_short)
        stage = next((record for record in reversed(records) if "stage" in record), None)
        if stage is None or not stage["function"] or len(ended) >= _MOST_ENDS:
            report = _of_the_file(file, stage, code, seconds)
            return replace(report, functions=(*ended, *report.functions), cut_short=cut_short or code == _KILLED)
        cut_short |= code == _KILLED
        ended.append(_of_the_pair(file, stage, code, seconds))


def in_child(module: str, request: Record, seconds: float) -> tuple[list[Record], int]:
    """Run `main()` of one of our modules in a process of its own, in an empty directory.

    Args:
        request: arrives on its standard input as JSON.
        seconds: the longest that it may say nothing; 0 ends it at once.

    Returns:
        The records it wrote to its standard output, and its exit code (negative: the signal that ended it).
    """
    environment = {name: os.environ[name] for name in _KEPT if name in os.environ}
    environment |= {"OPENBLAS_NUM_THREADS": "1", "OMP_NUM_THREADS": "1", "MKL_NUM_THREADS": "1", "PYTHONHASHSEED": "0"}
    with tempfile.TemporaryDirectory(prefix="backpropviz-") as empty:
        child = subprocess.Popen(
            [sys.executable, "-I", "-W", "ignore", "-c", _ENTRY.format(module), str(_ROOT)],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, cwd=empty, env=environment,
        )  # fmt: skip
        assert child.stdin is not None
        assert child.stdout is not None
        with child:
            with contextlib.suppress(BrokenPipeError):
                child.stdin.write(json.dumps(request).encode())
                child.stdin.close()
            try:
                records = list(_lines(child.stdout, seconds))
            except TimeoutError as error:
                child.kill()
                records = error.args[0]
    return records, child.returncode


def _lines(stream: IO[bytes], seconds: float) -> Iterator[Record]:
    """The JSON records of a stream, once it ends.

    Raises:
        TimeoutError: nothing came for so long; with the records until then.
    """
    arrived: queue.Queue[bytes] = queue.Queue()

    def read() -> None:
        for line in stream:
            arrived.put(line)
        arrived.put(b"")

    threading.Thread(target=read, daemon=True).start()
    records: list[Record] = []
    size = 0
    while size < _MOST_OUTPUT:
        try:
            line = arrived.get(timeout=seconds)
        except queue.Empty:
            raise TimeoutError(records) from None
        if not line:
            break
        size += len(line)
        with contextlib.suppress(ValueError):
            records.append(json.loads(line))
    yield from records


def _of_the_pair(file: Path, stage: Record, code: int, seconds: float) -> FunctionReport:
    """The report on a pair whose process ended before its time: one finding, or word that the time was up."""
    name, line = stage["function"], stage["line"]
    if code == _KILLED:
        reason = f"not finished in time: {seconds:g} s were not enough (--seconds gives it more)"
        return FunctionReport(name, stage["layer"], line, UNKNOWN, score=0.0, reason=reason)
    evidence = f"while it was run, the process ended with code {code}"
    finding = Finding(file.name, line, name, stage["text"], "crash", evidence, kinds.WORDS["crash"])
    return FunctionReport(name, stage["layer"], line, WRONG, (finding,), score=0.0)


def _of_the_file(file: Path, stage: Record | None, code: int, seconds: float) -> FileReport:
    """The report on a file whose process ended before any pair was looked at."""
    if stage is None:
        fault = f"the process that was to look at it ended with code {code}"
        return FileReport(file.name, (FunctionReport("", "", 1, FAULT, score=0.0, reason=fault),))
    ended = f"it was not finished within {seconds:g} s" if code == _KILLED else f"the process ended with code {code}"
    kind = "does_not_end" if code == _KILLED else "crash"
    evidence = f"while looking at {stage['stage']}: {ended}"
    return FileReport(
        file.name, findings=(Finding(file.name, stage["line"], "", "", kind, evidence, kinds.WORDS[kind]),)
    )
