"""Limits for the process that runs a student's code.

The code runs in a child process with limits on memory, open files and written bytes; with no standard streams, in an
empty directory; every loop is counted (work.py). An audit hook refuses the network, new processes, signals to others,
making and changing files, and reading any that are not Python's own. Where the kernel has Landlock and seccomp, it
holds the same (walls.py): the hook sees only what Python reports, and can be gone around by code that sets out to.

What it does not protect against: a fault of the kernel, and on systems without these walls code that means harm. Run
files of strangers inside a container or a virtual machine as well."""

from __future__ import annotations

import contextlib
import functools
import os
import signal  # noqa: F401 (some of it is taken away)
import sys
from pathlib import Path
from typing import Any

from backpropviz.diagnose.student import walls

MEGABYTE = 1 << 20
_REFUSED = {
    "os.remove", "os.rename", "os.rmdir", "os.mkdir", "os.chmod", "os.chown", "os.link", "os.symlink", "os.truncate",
    "os.system", "os.exec", "os.posix_spawn", "os.spawn", "os.fork", "os.forkpty", "os.startfile", "os.kill",
    "os.killpg", "os.putenv", "os.setxattr", "os.removexattr", "os.utime", "subprocess.Popen", "pty.spawn",
    "shutil.rmtree", "shutil.move", "shutil.copyfile", "webbrowser.open", "signal.pthread_kill", "sqlite3.connect",
    "resource.setrlimit", "resource.prlimit", "sys._current_frames", "gc.get_objects", "gc.get_referrers",
    "gc.get_referents", "mmap.__new__",
}  # fmt: skip
_FAMILIES = ("socket.", "ftplib.", "urllib.", "http.", "smtplib.", "winreg.", "ctypes.", "syslog.", "msvcrt.")
_WITHOUT_A_WORD = {
    "posix": ("mkfifo", "mknod", "pidfd_open", "memfd_create", "sched_setaffinity", "setpriority", "nice"),
    "os": ("mkfifo", "mknod", "pidfd_open", "memfd_create", "sched_setaffinity", "setpriority", "nice"),
    "signal": ("pidfd_send_signal",),
}
"""Functions that no audit event tells of, by module."""

_WRITES = os.O_WRONLY | os.O_RDWR | os.O_CREAT | os.O_TRUNC | os.O_APPEND
_LOOKS = ("os.listdir", "os.scandir")
_SYSTEM = ("/usr/lib", "/usr/lib64", "/usr/share/zoneinfo", "/lib", "/lib64", "/etc/ld.so.cache", "/dev/urandom")


_LIMITS = {
    "RLIMIT_AS": "memory", "RLIMIT_FSIZE": "written bytes", "RLIMIT_CORE": "core files", "RLIMIT_NOFILE": "open files",
}  # fmt: skip


def limit_resources(megabytes: int) -> list[str]:
    """Hard limits on this process, where the system has them.

    Returns:
        What is limited, in words.
    """
    try:
        import resource
    except ImportError:  # Windows has none
        return []
    wanted = {
        "RLIMIT_AS": (megabytes * MEGABYTE, megabytes * MEGABYTE),
        "RLIMIT_FSIZE": (0, 0),
        "RLIMIT_CORE": (0, 0),
        "RLIMIT_NOFILE": (64, 64),
    }
    held = []
    for name, (soft, hard) in wanted.items():
        which = getattr(resource, name, None)
        if which is not None:
            ceiling = resource.getrlimit(which)[1]
            if ceiling != resource.RLIM_INFINITY:
                soft, hard = min(soft, ceiling), min(hard, ceiling)
            with contextlib.suppress(ValueError, OSError):  # macOS refuses some
                resource.setrlimit(which, (soft, hard))
                held.append(_LIMITS[name])
    return held


_PACKAGE = Path(__file__).resolve().parents[2]
OURS = (str(_PACKAGE), str(_PACKAGE.parent / "graphs"))
"""Where our package lies, and its layers in a checkout."""


def readable(*more: str) -> tuple[str, ...]:
    """The folders and files that may be read: Python's own, the packages', the working directory and `more`."""
    python = (sys.prefix, sys.base_prefix, sys.exec_prefix, os.path.dirname(os.__file__), *map(_home, _PACKAGES))
    every = (*python, *_SYSTEM, os.devnull, os.getcwd(), *more)
    return tuple(dict.fromkeys(os.path.realpath(path) for path in every if path))


_PACKAGES = ("numpy", "scipy")


def _home(package: str) -> str:
    """The folder that a package lies in, if it was imported."""
    file = getattr(sys.modules.get(package), "__file__", None)
    return os.path.dirname(file) if file else ""


def refuse_effects(*more: str, hidden: tuple[str, ...] = (), hooked: bool = True) -> dict[str, Any]:
    """From now on this process cannot reach the network, make or change files, signal others, start programs, or read
    what is not Python's own.

    Args:
        more: what else may be read. hidden: folders that may not, wherever they lie.
        hooked: by Python itself, too; else by the kernel alone.

    Returns:
        What is in force: "landlock", its version or 0, and "seccomp".
    """
    allowed = readable(*more)
    held = {"landlock": walls.landlock(allowed), "seccomp": walls.seccomp()}
    if not hooked:
        return held
    for module, names in _WITHOUT_A_WORD.items():
        for name in names:
            if hasattr(sys.modules.get(module), name):
                setattr(sys.modules[module], name, functools.partial(_refuse, f"{module}.{name}"))

    def is_allowed(path: Any) -> bool:
        if path is None or isinstance(path, int):
            return True
        real = os.path.realpath(os.fsdecode(path))
        if _lies_in(real, hidden):
            return False
        return _lies_in(real, allowed) or not os.path.lexists(real)

    def audit(event: str, args: tuple[Any, ...]) -> None:
        if event == "open":
            flags = args[2] if isinstance(args[2], int) else 0
            mode = args[1] if isinstance(args[1], str) else ""
            if flags & _WRITES or any(sign in mode for sign in "wax+"):
                raise PermissionError(f"writing files is not allowed here: {args[0]!r}")
            if not is_allowed(args[0]):
                raise PermissionError(f"reading files is not allowed here: {args[0]!r}")
        elif event in _LOOKS and not is_allowed(args[0]):
            raise PermissionError(f"looking into folders is not allowed here: {args[0]!r}")
        elif event in _REFUSED or event.startswith(_FAMILIES):
            raise PermissionError(f"{event} is not allowed here")

    sys.addaudithook(audit)
    return held


def _lies_in(path: str, folders: tuple[str, ...]) -> bool:
    return any(path == its or path.startswith(its + os.sep) for its in folders)


def _refuse(what: str, *_: Any, **__: Any) -> None:
    raise PermissionError(f"{what} is not allowed here")


def private_output() -> int:
    """A descriptor for the report; what the student prints goes nowhere."""
    channel = os.dup(1)
    nowhere = os.open(os.devnull, os.O_RDWR)
    for standard in (0, 1, 2):
        os.dup2(nowhere, standard)
    sys.stdin, sys.stdout, sys.stderr = (open(os.devnull, mode) for mode in "rww")  # noqa: SIM115 (for good)
    return channel
