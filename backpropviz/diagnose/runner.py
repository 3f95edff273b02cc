"""Diagnoses a file in a child process of its own."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from backpropviz.diagnose import kinds
from backpropviz.diagnose.verdict import FileReport, Finding, FunctionReport
from backpropviz.errors import LayerError

_ROOT = Path(__file__).resolve().parents[2]
_ENTRY = "import sys; sys.path.append(sys.argv[1]); from {} import main; main()"
_KEPT = ("PATH", "SYSTEMROOT", "LANG", "LC_ALL", "TMPDIR", "TEMP", "TMP", "LD_LIBRARY_PATH")
_MOST_OUTPUT = 4_000_000


def diagnose(
    path: str | os.PathLike[str],
    functions: Sequence[str] | None = None,
    *,
    python2: bool = False,
    seconds: float = 60.0,
    megabytes: int = 2048,
) -> FileReport:
    """Run a student's file in a child process and say which of its functions are right, and where the others go wrong.

    Args:
        functions: only these, by name. python2: read the text as Python 2.
        seconds: the most the whole file may take. megabytes: the most memory it may use.

    Raises:
        LayerError: there is no such file.
    """
    file = Path(path)
    if not file.is_file():
        raise LayerError(f"{file} is not a file", fix="Name a Python file with the functions to look at.")
    request = {
        "file": str(file.resolve()), "functions": list(functions or ()), "python2": python2,
        "seconds": seconds, "cpu_seconds": int(seconds) + 1, "megabytes": megabytes,
    }  # fmt: skip
    output, code = in_child("backpropviz.diagnose.child", request, seconds)
    return _read(file, output, code)


def in_child(module: str, request: dict[str, Any], seconds: float) -> tuple[bytes, int]:
    """Run `main()` of one of our modules in a process of its own, in an empty directory.

    Args:
        request: arrives on its standard input as JSON. seconds: after some more than these it is ended.

    Returns:
        What it wrote to its standard output, and its exit code (negative: the signal that ended it).
    """
    environment = {name: os.environ[name] for name in _KEPT if name in os.environ}
    environment |= {"OPENBLAS_NUM_THREADS": "1", "OMP_NUM_THREADS": "1", "MKL_NUM_THREADS": "1", "PYTHONHASHSEED": "0"}
    with tempfile.TemporaryDirectory(prefix="backpropviz-") as empty:
        child = subprocess.Popen(
            [sys.executable, "-I", "-W", "ignore", "-c", _ENTRY.format(module), str(_ROOT)],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, cwd=empty, env=environment,
        )  # fmt: skip
        try:
            output, _ = child.communicate(json.dumps(request).encode(), timeout=seconds + 5)
        except subprocess.TimeoutExpired:
            child.kill()
            output, _ = child.communicate()
    return output[:_MOST_OUTPUT], child.returncode


def _read(file: Path, output: bytes, code: int) -> FileReport:
    """The report, or else one finding that says how the process ended and what it was doing."""
    records: list[dict[str, Any]] = []
    for line in output.decode(errors="replace").splitlines():
        try:
            records.append(json.loads(line))
        except ValueError:
            continue
    if records and "report" in records[-1]:
        return FileReport.from_dict(records[-1]["report"])
    start: dict[str, Any] = {"stage": "reading", "line": 1, "function": ""}
    stage = next((record for record in reversed(records) if "stage" in record), start)
    ended = "it took too long" if code in (-9, -24) else f"the process ended with code {code}"
    finding = Finding(
        file.name, stage["line"], stage["function"], "", "crash" if code not in (-9, -24) else "does_not_end",
        f"while looking at {stage['stage']}: {ended}", kinds.WORDS["crash"],
    )  # fmt: skip
    done = tuple(FunctionReport.from_dict(r["function_report"]) for r in records if "function_report" in r)
    return FileReport(file.name, done, (finding,))
