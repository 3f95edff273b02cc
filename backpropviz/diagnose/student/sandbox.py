"""Limits for the process that runs a student's code.

What this protects against: accidents and carelessness. The code runs in a child process with limits on processor time,
memory, open files and written bytes; with no standard streams, in an empty directory; every loop is counted (work.py);
and an audit hook refuses network connections, opening files for writing, deleting or renaming them, and starting
processes.

What it does not protect against: malice. The hook sees what Python reports and can be gone around by code that sets
out to (through ctypes or a compiled extension), files that the user can read stay readable, and on systems without
the `resource` module there are no limits on memory. Run files you do not trust at all inside a container or a virtual
machine."""

from __future__ import annotations

import contextlib
import os
import sys
from typing import Any

MEGABYTE = 1 << 20
_REFUSED = {
    "os.remove", "os.rename", "os.rmdir", "os.mkdir", "os.chmod", "os.chown", "os.link", "os.symlink", "os.truncate",
    "os.system", "os.exec", "os.posix_spawn", "os.spawn", "os.fork", "os.forkpty", "os.startfile", "os.kill",
    "os.killpg", "os.putenv", "os.setxattr", "subprocess.Popen", "pty.spawn", "shutil.rmtree", "shutil.move",
    "shutil.copyfile", "webbrowser.open", "ctypes.dlopen", "signal.pthread_kill",
}  # fmt: skip
_WRITES = os.O_WRONLY | os.O_RDWR | os.O_CREAT | os.O_TRUNC | os.O_APPEND


def limit_resources(megabytes: int) -> None:
    """Hard limits on this process, where the system has them."""
    try:
        import resource
    except ImportError:  # Windows has none
        return
    wanted = {
        "RLIMIT_AS": (megabytes * MEGABYTE, megabytes * MEGABYTE),
        "RLIMIT_FSIZE": (0, 0),
        "RLIMIT_CORE": (0, 0),
        "RLIMIT_NOFILE": (64, 64),
    }
    for name, (soft, hard) in wanted.items():
        which = getattr(resource, name, None)
        if which is not None:
            ceiling = resource.getrlimit(which)[1]
            if ceiling != resource.RLIM_INFINITY:
                soft, hard = min(soft, ceiling), min(hard, ceiling)
            with contextlib.suppress(ValueError, OSError):  # macOS refuses some
                resource.setrlimit(which, (soft, hard))


def refuse_effects() -> None:
    """From now on this process cannot be made to reach the network, write files or start programs through Python."""

    def audit(event: str, args: tuple[Any, ...]) -> None:
        if event == "open":
            flags = args[2] if isinstance(args[2], int) else 0
            mode = args[1] if isinstance(args[1], str) else ""
            if flags & _WRITES or any(sign in mode for sign in "wax+"):
                raise PermissionError(f"writing files is not allowed here: {args[0]!r}")
        elif event in _REFUSED or event.startswith(("socket.", "ftplib.", "urllib.", "http.", "smtplib.", "winreg.")):
            raise PermissionError(f"{event} is not allowed here")

    sys.addaudithook(audit)


def private_output() -> int:
    """A descriptor for the report; what the student prints goes nowhere."""
    channel = os.dup(1)
    nowhere = os.open(os.devnull, os.O_RDWR)
    for standard in (0, 1, 2):
        os.dup2(nowhere, standard)
    sys.stdin, sys.stdout, sys.stderr = (open(os.devnull, mode) for mode in "rww")  # noqa: SIM115 (for good)
    return channel
