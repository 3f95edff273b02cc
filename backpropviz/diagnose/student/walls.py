"""Walls that the kernel holds, where it has them: Landlock (what can be opened) and seccomp (what can be called).

Both are given up to for good: nothing that the process does later lifts them. Linux on x86-64 and ARM; elsewhere the
functions here say that there is nothing. No maintained package gives both, so the calls are made by number.

Source: Documentation/userspace-api/landlock.rst and seccomp_filter.rst of the Linux kernel.
"""

from __future__ import annotations

import ctypes
import errno
import os
import platform
import struct
import sys
from collections.abc import Iterable, Iterator

_NO_NEW_PRIVILEGES, _SECCOMP, _FILTER = 38, 22, 2  # of prctl
_RULESET, _RULE, _RESTRICT = 444, 445, 446
_EXECUTE, _READ, _LIST = 1 << 0, 1 << 2, 1 << 3
_RIGHTS = {1: 13, 2: 14, 3: 15, 4: 15, 5: 16}  # how many rights on files an ABI knows
_TCP, _SCOPES = 0b11, 0b11  # bind and connect; abstract sockets and signals


class _Beneath(ctypes.Structure):
    """struct landlock_path_beneath_attr."""

    _layout_ = "ms"
    _pack_ = 1
    _fields_ = (("allowed", ctypes.c_uint64), ("parent", ctypes.c_int32))


class _Program(ctypes.Structure):
    """struct sock_fprog."""

    _fields_ = (("length", ctypes.c_ushort), ("filter", ctypes.c_char_p))


def _libc() -> ctypes.CDLL | None:
    return ctypes.CDLL(None, use_errno=True) if sys.platform == "linux" else None


def _no_new_privileges(libc: ctypes.CDLL) -> bool:
    return not libc.prctl(_NO_NEW_PRIVILEGES, 1, 0, 0, 0)


# ---- what can be opened ----------------------------------------------------------------------------------------------


def landlock_abi() -> int:
    """Which version of Landlock the kernel has; 0 if none."""
    libc = _libc()
    return max(0, libc.syscall(_RULESET, None, ctypes.c_size_t(0), 1)) if libc else 0


def landlock(readable: Iterable[str]) -> int:
    """Nothing but what lies in these folders and files can be opened from now on, and that only for reading; no TCP
    and no signals to other processes, where the kernel can hold that.

    Returns:
        The version of Landlock that holds it; 0 if nothing does.
    """
    libc, abi = _libc(), landlock_abi()
    if libc is None or not abi or not _no_new_privileges(libc):
        return 0
    every = (1 << _RIGHTS[min(abi, max(_RIGHTS))]) - 1
    words = [every, *[_TCP] * (abi >= 4), *[_SCOPES] * (abi >= 6)]
    attributes = struct.pack(f"={len(words)}Q", *words)
    ruleset = libc.syscall(_RULESET, attributes, ctypes.c_size_t(len(attributes)), 0)
    if ruleset < 0:
        return 0
    try:
        for path in dict.fromkeys(readable):
            _allow(libc, ruleset, path)
        return 0 if libc.syscall(_RESTRICT, ruleset, 0) else abi
    finally:
        os.close(ruleset)


def _allow(libc: ctypes.CDLL, ruleset: int, path: str) -> None:
    try:
        parent = os.open(path, os.O_PATH | os.O_CLOEXEC)
    except OSError:  # it is not there
        return
    try:
        rights = _EXECUTE | _READ | (_LIST if os.path.isdir(path) else 0)
        libc.syscall(_RULE, ruleset, 1, ctypes.byref(_Beneath(rights, parent)), 0)
    finally:
        os.close(parent)


# ---- what can be called ----------------------------------------------------------------------------------------------

_LOAD, _EQUAL, _HAS, _RETURN = 0x20, 0x15, 0x45, 0x06
_ALLOW, _ERROR, _KILL = 0x7FFF0000, 0x00050000, 0x80000000
_NUMBER, _ARCHITECTURE, _FIRST, _THIRD = 0, 4, 16, 32  # where they stand in struct seccomp_data
_SHARED_MEMORY = 0x100  # CLONE_VM: a thread

_MACHINES: dict[str, tuple[int, dict[str, int], tuple[int, ...]]] = {
    # by machine: its number, the calls that are looked into, and those that are refused
    "x86_64": (0xC000003E, {"kill": 62, "tkill": 200, "tgkill": 234, "clone": 56, "clone3": 435, "prlimit": 302}, (
        29, 41, 42, 49, 53, 57, 58, 59, 64, 68, 90, 91, 92, 93, 94, 101, 129, 132, 133, 160, 165, 188, 189, 190, 235,
        250, 259, 260, 261, 268, 272, 280, 297, 298, 308, 310, 311, 319, 321, 322, 323, 424, 425, 434, 438, 452,
    )),
    "aarch64": (0xC00000B7, {"kill": 129, "tkill": 130, "tgkill": 131, "clone": 220, "clone3": 435, "prlimit": 261}, (
        5, 6, 7, 33, 40, 52, 53, 54, 55, 88, 97, 117, 138, 164, 186, 190, 194, 198, 199, 200, 203, 219, 221, 240, 241,
        268, 270, 271, 279, 280, 281, 282, 424, 425, 434, 438, 452,
    )),
}  # fmt: skip
"""Sockets, new processes and programs, signals to others, other processes' memory, times, modes and owners of files,
devices and pipes with a name, shared memory, namespaces, mounts, keys, io_uring, BPF, and limits."""


def seccomp() -> bool:
    """Refuse what a function that computes never calls; whether the kernel holds that."""
    libc, machine = _libc(), _MACHINES.get(platform.machine())
    if libc is None or machine is None or not _no_new_privileges(libc):
        return False
    steps = list(_filter(*machine))
    code = b"".join(struct.pack("=HBBI", *step) for step in steps)
    program = _Program(len(steps), code)
    return not libc.prctl(_SECCOMP, _FILTER, ctypes.byref(program), 0, 0)


def _filter(
    architecture: int, looked_into: dict[str, int], refused: tuple[int, ...]
) -> Iterator[tuple[int, int, int, int]]:
    """The program of the filter, as (operation, steps to skip if so, if not, number)."""
    no, none = (_RETURN, 0, 0, _ERROR | errno.EPERM), (_RETURN, 0, 0, _ERROR | errno.ENOSYS)
    yes = (_RETURN, 0, 0, _ALLOW)
    yield from ((_LOAD, 0, 0, _ARCHITECTURE), (_EQUAL, 1, 0, architecture), (_RETURN, 0, 0, _KILL))
    yield from ((_LOAD, 0, 0, _NUMBER), (_HAS, 0, 1, 0x40000000), no)  # the calls of x32
    for number in refused:
        yield from ((_EQUAL, 0, 1, number), no)
    yield from ((_EQUAL, 0, 1, looked_into["clone3"]), none)  # then the C library asks clone
    for name in ("kill", "tkill", "tgkill"):  # to itself: that is how a process aborts
        yield from ((_EQUAL, 0, 4, looked_into[name]), (_LOAD, 0, 0, _FIRST), (_EQUAL, 0, 1, os.getpid()), yes, no)
    yield from ((_EQUAL, 0, 4, looked_into["clone"]), (_LOAD, 0, 0, _FIRST), (_HAS, 0, 1, _SHARED_MEMORY), yes, no)
    yield from ((_EQUAL, 0, 4, looked_into["prlimit"]), (_LOAD, 0, 0, _THIRD), (_EQUAL, 0, 1, 0), yes, no)
    yield yes
