"""What holds a hand-in here: asked of a process that is put behind the same walls, and tries to get out."""

from __future__ import annotations

import json
import os
import signal
import socket
import sys
from collections.abc import Callable, Iterator
from typing import Any

from backpropviz.diagnose.processes.children import in_child
from backpropviz.diagnose.student import sandbox

_MODULE = "backpropviz.diagnose.student.probing"


def lines(megabytes: int = 2048) -> list[str]:
    """A few lines for a teacher: what is in force on this machine, and what the attempts came to."""
    records, code = in_child(_MODULE, {"megabytes": megabytes}, 30.0)
    found = records[-1] if records else {"walls": {}, "tried": {}, "limits": []}
    return list(_said(found, megabytes, code))


def _said(found: dict[str, Any], megabytes: int, code: int) -> Iterator[str]:
    abi, seccomp = found["walls"].get("landlock", 0), found["walls"].get("seccomp", False)
    names = ", ".join(found["limits"]) or "none on this system"
    yield f"limits         {names}" + (f"; {megabytes} MB of memory" if "memory" in found["limits"] else "")
    yield "audit hook     in force: no network, no new processes, no signals, no writing, reading only what is Python's"
    yield "Landlock       " + (f"in force, version {abi}: the kernel holds what can be opened" if abi else _NONE)
    yield "seccomp        " + (
        "in force: the kernel refuses what no function needs that computes" if seccomp else _NONE
    )
    yield "judge          verdicts come from values compared in another process"
    got_through = [what for what, refused in found["tried"].items() if not refused]
    if not found["tried"]:
        yield f"tried          the process that was to try it ended with code {code}"
    else:
        rest = f"; not refused: {', '.join(got_through)}" if got_through else ", all refused"
        yield f"tried          {', '.join(found['tried'])}{rest}"
    if not (abi and seccomp):
        yield "For files of strangers use a container or a virtual machine as well (README, Hand-ins)."


_NONE = "not on this system"


def main() -> None:
    """The process that tries: standard input holds the request; standard output gets one JSON record."""
    request = json.loads(sys.stdin.read())
    channel = sandbox.private_output()
    limits = sandbox.limit_resources(request["megabytes"])
    walls = sandbox.refuse_effects(hooked=False)
    tried = {what: _is_refused(attempt) for what, attempt in _ATTEMPTS.items()}
    record = {"walls": walls, "tried": tried if any(walls.values()) else {}, "limits": limits}
    os.write(channel, json.dumps(record).encode() + b"\n")
    os._exit(0)


def _is_refused(attempt: Callable[[], Any]) -> bool:
    try:
        attempt()
    except OSError:
        return True
    return False


_ATTEMPTS: dict[str, Callable[[], Any]] = {
    "reading /etc/passwd": lambda: open("/etc/passwd").close(),
    "making a file": lambda: os.close(os.open("made", os.O_CREAT | os.O_WRONLY)),
    "making a pipe": lambda: os.mkfifo("pipe"),
    "a socket": lambda: socket.socket().close(),
    "a signal to the parent": lambda: os.kill(os.getppid(), signal.SIGCONT),
    "a new process": lambda: os.fork() or os._exit(0),
}
"""Without the audit hook, so that it is the kernel that is asked."""
