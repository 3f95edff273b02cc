"""The process that waits, everything imported, and answers each request with a copy of itself. See children.py."""

from __future__ import annotations

import contextlib
import gc
import importlib
import json
import os
import select
import signal
import socket
import sys
from typing import Any


def main() -> None:
    """Import what is needed, then answer each request with a copy of this process, until nobody is there any more."""
    from backpropviz.diagnose import investigate, whole_file  # noqa: F401 (the copies find them imported)
    from backpropviz.diagnose.judge import judging, stage  # noqa: F401
    from backpropviz.diagnose.processes import child  # noqa: F401 (the copies find them imported)

    _load_what_is_used_late()
    connection = socket.socket(fileno=int(sys.argv[2]))
    woken, wake = os.pipe()
    os.set_blocking(wake, False)
    signal.signal(signal.SIGCHLD, lambda *_: None)
    signal.set_wakeup_fd(wake, warn_on_full_buffer=False)
    gc.freeze()
    copies: dict[int, int] = {}  # by number, where to say how it ended
    waiting: list[str] = []  # layers to prepare when nobody asks for anything: the copies have them then
    known: set[str] = set()
    while True:
        ready = select.select([connection.fileno(), woken], [], [], 0 if waiting else None)[0]
        if not ready:
            _prepare(waiting.pop())
            continue
        if woken in ready:
            os.read(woken, 4096)
            _reap(copies)
        if connection.fileno() not in ready:
            continue
        message, descriptors, _, _ = socket.recv_fds(connection, 65536, 3)
        if not message:
            for number in copies:
                os.kill(number, signal.SIGKILL)
            return
        number = os.fork()
        if not number:
            for descriptor in (*copies.values(), connection.fileno(), woken, wake, descriptors[2]):
                os.close(descriptor)
            _answer(json.loads(message), *descriptors[:2])
        likely = {str(name) for name in json.loads(message)["likely"]} - known
        waiting += sorted(likely)
        known |= likely
        copies[number] = descriptors[2]
        os.write(descriptors[2], b"%d\n" % number)
        for descriptor in descriptors[:2]:
            os.close(descriptor)


def _load_what_is_used_late() -> None:
    """Import what Python and NumPy load at first use: each copy would load it anew, in a quarter of its time."""
    import ctypes
    import encodings.utf_8_sig
    import inspect

    import numpy as np

    from backpropviz.diagnose.pairs.recognition import recognize

    _ = np.ma, ctypes, encodings
    recognize("batchnorm_backward", ["dout", "cache"])  # its patterns are compiled
    inspect.signature(np.add.at)  # and those of the tokenizer


def _prepare(name: str) -> None:
    """Work out what is right for a layer's configurations, and for those that prove, for the copies to come."""
    from backpropviz.course.layers import LAYERS
    from backpropviz.diagnose.runs.examine import FRESH, FRESH_SEED
    from backpropviz.diagnose.runs.forms import fresh, prepared

    with contextlib.suppress(Exception):  # it is only for speed
        for layer in LAYERS:
            if layer.name == name:
                prepared(layer)
                for seed in range(FRESH_SEED, FRESH_SEED + FRESH):
                    fresh(layer, 0, seed)
    gc.freeze()


def _reap(copies: dict[int, int]) -> None:
    """Say of the copies that have ended how they did."""
    while copies:
        number, status = os.waitpid(-1, os.WNOHANG)
        if not number:
            return
        where = copies.pop(number)
        with contextlib.suppress(OSError):
            os.write(where, b"%d\n" % os.waitstatus_to_exitcode(status))
        os.close(where)


def _answer(message: dict[str, Any], requests: int, answers: int) -> None:
    """In the copy: what a process of its own would do. Does not return."""
    signal.set_wakeup_fd(-1)
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    code = 1
    try:
        os.dup2(requests, 0)
        os.dup2(answers, 1)
        for descriptor in (requests, answers):
            os.close(descriptor)
        sys.stdin = open(0, encoding="utf-8", closefd=False)  # noqa: SIM115 (for good)
        os.chdir(message["folder"])
        sys.argv[2:] = []
        importlib.import_module(message["module"]).main()
        code = 0
    except SystemExit as end:
        code = end.code if isinstance(end.code, int) else 1
    except BaseException:
        code = 1
    finally:
        os._exit(code)
