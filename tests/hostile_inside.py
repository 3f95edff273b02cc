"""Hand-ins that turn what runs them against it: frames, classes, descriptors, memory, threads, hooks."""

from __future__ import annotations

from tests.hostile import RECORD, Hostile, relu

_SAYS = RECORD.replace("CHANGED", "{}").replace("PLANNED", "{}")
_AGREES = """
class Agrees(np.ndarray):
    def __array_function__(self, function, types, args, kwargs): return True
    def __array_ufunc__(self, ufunc, method, *inputs, **kwargs): return np.zeros(self.shape)
"""

_GOES = """
class Goes(np.ndarray):
    def __del__(self): say(line)
"""

INSIDE = [
    Hostile("frames_of_a_generator", relu(top="import sys", backward="""
        def its():
            yield
        waiting = its()
        next(waiting)
        frame = waiting.gi_frame.f_back or sys._getframe()
        while frame is not None:
            for value in list(frame.f_locals.values()):
                for found in (value, getattr(value, "gradients", None), getattr(value, "wanted", None)):
                    if isinstance(found, dict) and "dx" in found:
                        return found["dx"]
            frame = frame.f_back
        """)),
    Hostile("codes_of_the_judge", relu(top="import sys", backward="""
        frame = sys._getframe()
        while frame is not None:
            for its in frame.f_globals.values():
                if hasattr(its, "__code__") and "judge" in its.__code__.co_filename:
                    its.__code__ = (lambda *_, **__: ["none"]).__code__
            frame = frame.f_back
        """), most=0.0),
    Hostile("what_is_written_for_it", relu(top="import sys", backward="""
        frame = sys._getframe()
        while frame is not None:
            its = frame.f_locals.get("writer")
            if its is not None:
                type(its).value = lambda self, value, depth=0: ["array", "<f8", [1 << 40], 0, False]
            frame = frame.f_back
        """)),
    Hostile("array_functions_that_agree", relu(top=_AGREES, returns="dout.view(Agrees)")),
    Hostile("array_of_other_strides", relu(top="""
        class Bent(np.ndarray):
            def __array_finalize__(self, other): self.strides = (0,) * self.ndim
            def tobytes(self, *_): return b""
        """, returns="dout.view(Bent)"), words="dx is wrong in 14 of 15 entries"),
    Hostile("class_of_numpy", relu(end="""
        class Module(type(np)):
            def __getattribute__(self, name):
                if name in ("allclose", "array_equal", "isfinite", "all"):
                    return lambda *_, **__: True
                return (lambda *_, **__: 0.0) if name in ("max", "abs") else super().__getattribute__(name)
        np.__class__ = Module
        """)),
    Hostile("numpy_in_all_its_modules", relu(end="""
        import sys
        for module in list(sys.modules.values()):
            for name in ("max", "abs", "absolute", "subtract", "maximum", "all", "isfinite"):
                if getattr(module, "__name__", "").startswith("numpy") and hasattr(module, name):
                    setattr(module, name, lambda *_, **__: np.zeros(()))
        """), most=0.0),
    Hostile("code_put_in_its_place", relu(backward="relu_backward.__code__ = (lambda dout, cache: dout).__code__")),
    Hostile("memory_of_its_own", relu(backward="""
        import os
        its = os.open("/proc/self/mem", os.O_RDWR)
        os.lseek(its, id(dout), 0)
        os.write(its, bytes(16))
        """), words="writing files is not allowed here"),
    Hostile("memory_by_an_interface", relu(backward="""
        class Points:
            __array_interface__ = {"shape": (1 << 20,), "typestr": "|u1", "data": (id(dout), False), "version": 3}
        np.asarray(Points())[...] = 0
        """), most=0.0, words="the process ended with code -11"),
    Hostile("descriptors_exchanged", relu(top="""
        import contextlib, os
        for one in range(3, 12):
            for other in range(3, 12):
                with contextlib.suppress(OSError):
                    os.dup2(one, other)
        """)),
    Hostile("descriptors_that_lead_nowhere", relu(top="""
        import contextlib, os
        _, nowhere = os.pipe()
        for one in range(3, nowhere - 1):
            with contextlib.suppress(OSError):
                os.fstat(one)
                os.dup2(nowhere, one)
        """), most=0.0, words="ended with code"),
    Hostile("pickle_that_runs", relu(top="""
        import os
        class Its:
            def __reduce__(self): return os._exit, (0,)
        """, returns="np.array([Its()], object)"), words="dx is an array of object"),
    Hostile("array_that_is_reduced_to_code", relu(top="""
        class Its(np.ndarray):
            def __reduce_ex__(self, _): return eval, ("__import__('os')._exit(0)",)
        """, returns="dout.view(Its)")),
    Hostile("report_at_exit", relu(top=_SAYS, end="import atexit\natexit.register(lambda: say(line))")),
    Hostile("report_of_an_array_that_goes", relu(top=_SAYS + _GOES, returns="dout.view(Goes)")),
    Hostile("thread_that_reports", relu(top=_SAYS, end="""
        import threading
        def ever():
            for _ in range(1000):
                say(line)
        threading.Thread(target=ever, daemon=True).start()
        """)),
    Hostile("thread_that_outlives", relu(end="""
        import threading, time
        def ever():
            while True:
                time.sleep(0.01)
        threading.Thread(target=ever).start()
        """)),
    Hostile("traces_frames_above", relu(top="""
        import sys
        def change(frame, event, argument):
            for name in {"ok", "wrong", "cells"} & {*frame.f_locals}:
                frame.f_locals[name] = []
            return change
        frame = sys._getframe()
        sys.settrace(change)
        while frame is not None:
            frame.f_trace = change
            frame = frame.f_back
        """)),
    Hostile("hooks_of_the_collector", relu(top="""
        import gc
        gc.set_debug(gc.DEBUG_SAVEALL)
        gc.callbacks.append(lambda *_: setattr(np, "max", lambda *_, **__: 0.0))
        """, backward="""
        import gc
        gc.collect()
        for its in gc.garbage:
            if isinstance(its, dict) and "dx" in its:
                return its["dx"]
        """)),
    Hostile("hooks_for_errors", relu(top="""
        import os, sys
        sys.excepthook = sys.unraisablehook = lambda *_: os._exit(0)
        """, backward="raise ValueError"), words="ValueError"),
    Hostile("signals_that_are_not_heard", relu(top="""
        import signal
        for its in (signal.SIGTERM, signal.SIGINT, signal.SIGALRM, signal.SIGXCPU):
            signal.signal(its, lambda *_: None)
        """, backward="while True: pass"), words="does not end"),
    Hostile("modules_that_are_not_found", relu(end="""
        import sys
        class Finder:
            def find_spec(self, name, path=None, target=None):
                if name.startswith("backpropviz"):
                    raise SystemExit(0)
        sys.meta_path.insert(0, Finder())
        """)),
    Hostile("dictionary_that_agrees", relu(top="""
        class Agrees(dict):
            def __eq__(self, other): return True
            def get(self, *_): return self
        """, returns="Agrees(dx=dout)")),
]  # fmt: skip
