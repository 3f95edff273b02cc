"""Hand-ins that want a verdict they have not earned, or more than a verdict; each with what has to come of it."""

from __future__ import annotations

import textwrap
from dataclasses import dataclass

WRONG, RIGHT, REFUSED, UNFINISHED, UNKNOWN = "wrong", "right", "refused", "not finished", "not examined"
LATE = "not finished in time"
FAULT = "fault of the tool"
_SHORT = ("--seconds", "1")
HALF = 0.5
"""What is due to a relu whose forward pass is right and whose backward pass is not."""


@dataclass(frozen=True)
class Hostile:
    """A hand-in.

    Attributes:
        text: the file. status: the verdict on it. most: the highest score that it may get. words: what has to be said.
        code: the exit code. options: of the command, besides `--json`.
    """

    name: str
    text: str
    status: str = WRONG
    most: float = HALF
    words: str = ""
    code: int = 1
    options: tuple[str, ...] = ()


def relu(top: str = "", forward: str = "", backward: str = "", returns: str = "dout", end: str = "") -> str:
    """A relu whose backward pass gives what `returns` says, with lines put in at the usual places."""
    inside = lambda lines: textwrap.indent(textwrap.dedent(lines).strip("\n"), "    ") + "\n" * bool(lines)
    return (
        f"import numpy as np\n{textwrap.dedent(top)}\n"
        f"def relu_forward(x):\n{inside(forward)}    return np.maximum(0, x), x\n"
        f"def relu_backward(dout, cache):\n{inside(backward)}    return {returns}\n{textwrap.dedent(end)}\n"
    )


RECORD = """
import json, os
its = {"name": "relu_backward", "layer": "relu", "line": 5, "status": "right", "findings": [], "notes": [],
       "score": 1.0, "ran": ["all"], "failed": [], "reason": "", "looked_at": ["out", "dx"], "not_looked_at": [],
       "refused": [], "own": False}
its.update(CHANGED)
plan = {"forward": "relu_forward", "backward": "relu_backward", "layer": "relu", "own": False, "takes": [[], [], []],
        "texts": [], "unseen": [], "shipped": False, "cases": []}
plan.update(PLANNED)
whole = {"file": "relu.py", "functions": [its], "findings": [], "notes": [], "cut_short": False}
line = json.dumps({"report": whole, "plans": {"relu_backward": plan}, "seconds": 0.0}) + "\\n"
def say(text):
    for channel in range(3, 30):
        try:
            os.write(channel, text.encode())
        except OSError:
            pass
"""


def forged(changed: str = "{}", planned: str = "{}", then: str = "say(line)\nos._exit(0)") -> str:
    """A relu that writes the report on itself."""
    return relu(end=RECORD.replace("CHANGED", changed).replace("PLANNED", planned) + then)


ONCE = "import sys\nif any(name.startswith('backpropviz.d') for name in sys.modules):\n    say(line)\n    os._exit(0)\n"
"""Says it to the search, whose word is not believed, and runs as an honest file where it is judged."""

_WALK = """
while frame is not None:
    right = frame.f_locals.get("right")
    if hasattr(right, "gradients"):
        return right.gradients["dx"]
    frame = frame.f_back
"""
_OWN_TEXT = "def a_forward(x): return x, 0\\ndef a_backward(dout, c): return dout\\n"
PLAN_OF_ITS_OWN = f'''{{"own": True, "layer": "mine", "forward": "a_forward", "backward": "a_backward",
    "texts": ["{_OWN_TEXT}"], "takes": [["x"], ["out"], ["x"]],
    "cases": [["all", [["x", "<f8", [1.0, 2.0]]], {{}}]]}}'''
"""How a pair is called that is right, and in no file."""

_STOLEN = """
frame = sys._getframe()
while frame is not None:
    its = frame.f_locals.get("answering")
    if its is not None:
        text = json.dumps({"nonce": its.nonce, **SAID}).encode()
        os.write(its.write, struct.pack("!II", len(text), 0) + text)
    frame = frame.f_back
"""


def stolen(said: str) -> str:
    """A relu that finds the number by which its process is known, and answers in its place."""
    return relu(top="import json, os, struct, sys", backward=_STOLEN.replace("SAID", said))


_ONE_SHAPE = "shapes.add(dout.shape)\nif len(shapes) > 1:\n    "
"""What follows happens from the second shape on."""


def once(then: str, top: str = "") -> str:
    """A relu that is right for one shape."""
    return relu(top="shapes = set()\n" + top, backward=_ONE_SHAPE + then, returns="dout * (cache > 0)")


CHEATS = [
    Hostile("np_max", relu(end="np.max = lambda *_, **__: 0.0")),
    Hostile("np_abs", relu(end="np.abs = lambda a: a * 0.0")),
    Hostile("np_isfinite_and_all", relu(end="np.isfinite = np.all = np.array_equal = lambda *_, **__: True")),
    Hostile("np_asarray", relu(end="np.asarray = lambda *_, **__: np.zeros(())")),
    Hostile("np_allclose", relu(end="np.allclose = lambda *_, **__: True")),
    Hostile("np_ndarray", relu(end="class Array(np.ndarray): pass\nnp.ndarray = Array")),
    Hostile("builtin_float", relu(end="import builtins\nbuiltins.float = lambda *_: 0.0")),
    Hostile("builtin_all_any", relu(
        end="import builtins\nbuiltins.all = lambda *_: True\nbuiltins.any = lambda *_: False"
    )),
    Hostile("builtin_isinstance", relu(end="import builtins\nbuiltins.isinstance = lambda *_: True")),
    Hostile("builtin_import", relu(end="import builtins\nbuiltins.__import__ = lambda *_, **__: np")),
    Hostile("json_dumps", relu(end="import json\njson.dumps = lambda *_, **__: '{}'")),
    Hostile("os_write", relu(end="import os\nos.write = lambda *_: 0")),
    Hostile("numpy_as_another", relu(end="import sys, types\nsys.modules['numpy'] = types.ModuleType('numpy')")),
    Hostile("our_comparison", relu(top="""
        import backpropviz.diagnose.runs.outcomes as o, backpropviz.diagnose.runs.examine as e
        e.check = o.check = lambda got, want, tolerance=1: o.Cell(True, got, want)
        o.difference = lambda *_: 0.0
        """)),
    Hostile("our_verdict", relu(top="""
        import sys
        for name, module in list(sys.modules.items()):
            if name.startswith("backpropviz"):
                for word in ("WRONG", "UNFINISHED", "REFUSED"):
                    if hasattr(module, word):
                        setattr(module, word, "right")
        """)),
    Hostile("our_score", relu(top="""
        import sys
        module = sys.modules.get("backpropviz.diagnose.runs.weighing")
        if module:
            module.Weighed.score = lambda *_: 1.0
            module.Weighed.failed_words = module.Weighed.is_unfinished = ()
        """)),
    Hostile("our_trace", relu(top="import backpropviz as bp", backward="""
        t = bp.trace("relu", x=cache)
        t.backward(dout)
        """, returns='t.grad["x"]')),
    Hostile("our_trace_by_another_name", relu(top="import importlib", backward="""
        t = importlib.import_module("backpropviz.facade").trace("relu", x=cache)
        t.backward(dout)
        """, returns='t.grad["x"]')),
    Hostile("our_trace_among_the_modules", relu(top="import sys", backward="""
        t = sys.modules["backpropviz"].trace("relu", x=cache)
        t.backward(dout)
        """, returns='t.grad["x"]')),
    Hostile("our_source", relu(top="import numpy, pathlib", backward="""
        here = pathlib.Path(HERE)
        exec((here / "graphs" / "relu.py").read_text(), globals())
        exec((here / "backpropviz" / "facade.py").read_text(), globals())
        t = trace(relu, x=cache)
        t.backward(dout)
        """, returns='t.grad["x"]')),
    Hostile("frames", relu(top="import sys", backward="frame = sys._getframe()\n" + _WALK)),
    Hostile("frames_of_inspect", relu(top="import inspect", backward="frame = inspect.currentframe()\n" + _WALK)),
    Hostile("frames_of_an_error", relu(backward="""
        try:
            1 / 0
        except ZeroDivisionError as error:
            frame = error.__traceback__.tb_frame
        """ + textwrap.indent(_WALK, " " * 8))),
    Hostile("objects_of_the_collector", relu(top="import gc", backward="""
        for its in gc.get_objects():
            if type(its).__name__ == "Reference":
                return its.gradients["dx"]
        """)),
    Hostile("referrers", relu(top="import gc", backward="""
        for its in gc.get_referrers(dout):
            if isinstance(its, dict) and "dx" in its:
                return its["dx"]
        """)),
    Hostile("a_profiler", relu(top="""
        import sys
        def change(frame, event, argument):
            if "cells" in frame.f_locals:
                frame.f_locals["cells"].clear()
        sys.setprofile(change)
        """)),
    Hostile("a_tracer", relu(top="""
        import sys
        def change(frame, event, argument):
            if event == "return" and hasattr(argument, "ok"):
                object.__setattr__(argument, "ok", True)
            return change
        sys.settrace(change)
        """)),
    Hostile("a_thread", relu(top="""
        import threading
        def change():
            while True:
                np.max = np.abs = lambda *_, **__: 0.0
        threading.Thread(target=change, daemon=True).start()
        """)),
    Hostile("a_timer", relu(top="""
        import signal
        def change(*_):
            np.max = lambda *_, **__: 0.0
        signal.signal(signal.SIGALRM, change)
        signal.setitimer(signal.ITIMER_REAL, 0.001, 0.001)
        """)),
    Hostile("at_exit", relu(top="import atexit\natexit.register(lambda: __import__('os')._exit(0))")),
    Hostile("another_code", relu(end="""
        import backpropviz.diagnose.runs.outcomes as o
        o.check.__code__ = (lambda got, want, tolerance=1: o.Cell(True, got, want)).__code__
        """)),
    Hostile("report", forged(), most=0.0),
    Hostile("report_and_go_on", forged(then="say(line)")),
    Hostile("report_of_another_status", forged('{"status": "excellent"}'), FAULT, 0.0, "or forged", 3),
    Hostile("report_of_more_than_all", forged('{"score": 100.0}'), FAULT, 0.0, "or forged", 3),
    Hostile("report_of_no_number", forged('{"score": float("nan")}'), FAULT, 0.0, "or forged", 3),
    Hostile("report_of_no_text", forged('{"name": ["relu_backward"]}'), FAULT, 0.0, "or forged", 3),
    Hostile("report_of_nothing", forged(then="say('{\"report\": 3}\\n')\nos._exit(0)"), FAULT, 0.0, "or forged", 3),
    Hostile("report_deep", forged(then="say('[' * 100000 + '\\n')\nos._exit(0)"), most=0.0),
    Hostile("report_with_a_plan_of_its_own", forged(planned=f'''{{"own": True, "layer": "relu", "forward": "a_forward",
        "backward": "a_backward", "texts": ["{_OWN_TEXT}"], "takes": [["x"], ["out"], ["x"]],
        "cases": [["all", [["x", "<f8", [1.0, 2.0]]]]]}}'''), most=0.0),
    Hostile("report_on_another_layer", relu(
        returns="dout * (cache > 0)",
        end=RECORD.replace("CHANGED", '{"layer": "batchnorm"}').replace("PLANNED", "{}") + ONCE,
    ), UNKNOWN, 0.0, "no function of it was held against batchnorm", options=("--as", "batchnorm")),
    Hostile("report_of_nearly_all_and_no_time_to_judge", forged(
        '{"status": "wrong", "score": 0.99}', then=ONCE + "import time\ntime.sleep(1000)"
    ), most=0.0, words="nothing is counted that could not be run once more", options=_SHORT),
    Hostile("report_on_a_function_that_it_brings_along", forged('{"own": True}', PLAN_OF_ITS_OWN, ONCE), most=0.0,
            words="a_backward is another function"),
    Hostile("report_on_a_function_that_is_not_there", forged(
        '{"own": True}', PLAN_OF_ITS_OWN, "line = line.replace('relu_backward', 'batchnorm_backward')\n" + ONCE
    ), most=0.0, words="the file has no batchnorm_backward"),
    Hostile("report_with_an_odd_plan", forged(planned='{"takes": 3, "texts": {}, "cases": [[]]}'), most=0.0),
    Hostile("report_with_a_plan_that_is_no_code", forged(planned='{"texts": ["def ("]}'), most=0.0),
    Hostile("flood", forged(then="for _ in range(6000): say('x' * 1000000)")),
    Hostile("flood_of_lines", forged(then="for _ in range(6000): say('{}\\n' * 100000)")),
    Hostile("array_by_asking", relu(top="""
        import sys
        class Fetches:
            def __init__(self, shape): self.shape = shape
            def __array__(self, *_, **__):
                frame = sys._getframe(1)
                while frame is not None:
                    if frame.f_locals.get("want") is not None:
                        return np.asarray(frame.f_locals["want"])
                    frame = frame.f_back
                return np.zeros(self.shape)
        """, returns="Fetches(dout.shape)")),
    Hostile("array_by_ufunc", relu(top="""
        class Agrees:
            shape, size, dtype, ndim = (3, 5), 15, np.dtype(float), 2
            def __array_ufunc__(self, *_, **__): return np.zeros((3, 5))
            def __array_function__(self, *_, **__): return True
        """, returns="Agrees()")),
    Hostile("array_that_agrees", relu(top="""
        class Agrees(np.ndarray):
            def __sub__(self, other): return np.zeros(self.shape)
            __rsub__ = __sub__
            def __eq__(self, other): return np.ones(self.shape, bool)
        """, returns="dout.view(Agrees)")),
    Hostile("number_that_agrees", relu(top="""
        class Agrees(float):
            def __le__(self, other): return True
            def __sub__(self, other): return self
        """, returns="Agrees(0)")),
    Hostile("array_interface", relu(top="""
        class Points:
            __array_interface__ = {"shape": (3, 5), "typestr": "<f8", "data": (8, False), "version": 3}
        """, returns="Points()")),
    Hostile("masked", relu(returns="np.ma.array(dout, mask=True)")),
    Hostile("matrix", relu(returns="np.matrix(dout.reshape(len(dout), -1))")),
    Hostile("objects", relu(returns="dout.astype(object)")),
    Hostile("not_a_number", relu(returns="dout * np.nan")),
    Hostile("infinite", relu(returns="dout + np.inf")),
    Hostile("complex", relu(returns="dout * 1j")),
    Hostile("nothing", relu(returns="None"), UNFINISHED),
    Hostile("a_generator", relu(returns="(d for d in dout)")),
    Hostile("itself", relu(backward="its = []\nits.append(its)", returns="its")),
    Hostile("a_million_lists", relu(returns="[[[]]] * 10**4")),
    Hostile("a_gigabyte", relu(returns="np.zeros(10**8)")),
    Hostile("an_odd_dtype", relu(returns="np.zeros(3, dtype='V100000')")),
    Hostile("refuses_the_gradient", relu(backward="assert False"), REFUSED, 0.0, "refuses"),
    Hostile("refuses_most", relu(forward="assert x.shape[0] == 4"), REFUSED, 0.0, "refuses"),
    Hostile("refuses_all_but_one", relu(
        top="seen = []", forward="seen.append(x.shape)\nassert len({*seen}) < 2", returns="dout * (cache > 0)"
    ), REFUSED, HALF, "refuses"),
    Hostile("raises_what_is_not_implemented", relu(backward="raise NotImplementedError"), UNFINISHED),
    Hostile("ten_trivial_pairs", relu() + "".join(
        f"def f{i}_forward(x):\n    return 2.0 * x, None\ndef f{i}_backward(dout, cache):\n    return 2.0 * dout\n"
        for i in range(10)
    )),
    Hostile("ten_relus_of_another_name", relu() + "".join(
        f"class Double{i}:\n    def forward(self, x):\n        return 2.0 * x\n"
        f"    def backward(self, dout):\n        return 2.0 * dout\n"
        for i in range(10)
    )),
    Hostile("right_on_the_second_run", relu(
        top="count = [0]", backward="count[0] += 1", returns="dout * (cache > 0) if count[0] < 8 else dout"
    )),
    Hostile("right_where_we_look", relu(
        top="import sys", returns="dout * (cache > 0) if 'backpropviz.diagnose.runs.examine' in sys.modules else dout"
    )),
    Hostile("right_for_small_arrays", relu(returns="dout * (cache > 0) if dout.size < 20 else dout")),
    Hostile("right_where_it_is_judged", relu(
        top="import sys", returns="dout * (cache > 0) if sys._getframe(1).f_code.co_name == 'call' else dout"
    )),
    Hostile("number_stolen_to_ask", stolen("{'asks': True}"), words="dx is wrong in"),
    Hostile("number_stolen_to_answer", stolen("{'returned': ['none'], 'after': [None, None]}"), words="dx is wrong in"),
    Hostile("number_stolen_to_fail", stolen("{'failed': {'type': 'a\\0b', 'text': 3, 'frames': [], 'numpy': 0}}")),
    Hostile("number_stolen_for_a_shape", stolen(
        "{'returned': ['array', '<f8', [2**62, 0], 0, False], 'after': [None, None]}"
    )),
    Hostile("changes_what_it_is_given", relu(forward="x[...] = 0", backward="dout[...] = 0"), most=0.0),
    Hostile("changes_the_upstream_alone", relu(backward="dout[...] = 0"), words="dx is 0 everywhere"),
    Hostile("changes_the_settings", """
import numpy as np
def batchnorm_forward(x, gamma, beta, bn_param):
    bn_param['mode'], bn_param['eps'] = 'test', 1e30
    return beta + 0 * x, (x, gamma)
def batchnorm_backward(dout, cache):
    return 0 * cache[0], 0 * cache[1], dout.sum(0)
"""),
    Hostile("another_forward_pass", relu().replace("np.maximum(0, x)", "x"), most=0.0),
    Hostile("fails_from_the_second_shape_on", once("raise TypeError('relu_backward() missing 1 argument')")),
    *(Hostile(f"raises_{kind}", once(f"raise {kind}('x')", f"class {kind}(Exception): pass\n"))
      for kind in ("MissingModule", "CannotCall", "NotApplicable", "TooMuch")),
    Hostile("refuses_from_the_second_shape_on", once("assert False"), REFUSED, words="refuses"),
    Hostile("dictionaries_of_types", relu(top="""
        class Takes:
            def __eq__(self, other):
                other.update(max=lambda *_, **__: 0.0, tobytes=lambda *_: bytes(120), __le__=lambda *_: True)
                return True
        float.__dict__ == Takes()
        np.ndarray.__dict__ == Takes()
        """)),
    Hostile("at_the_end_of_an_object", relu(top="""
        class Last:
            def __del__(self):
                np.max = np.abs = np.asarray = lambda *_, **__: 0.0
        """, backward="last = Last()")),
    Hostile("a_finalizer", relu(top="""
        import os, weakref
        class Its: pass
        its = Its()
        weakref.finalize(its, os._exit, 0)
        """)),
    Hostile("hooks", relu(top="""
        import os, sys, gc
        sys.excepthook = sys.unraisablehook = lambda *_: os._exit(0)
        gc.callbacks.append(lambda *_: 1 / 0)
        """, backward="1 / 0")),
    Hostile("a_thread_after_it_returned", relu(top="""
        import threading, time
        def change(array):
            while True:
                array[...] = 0
                time.sleep(0)
        """, backward="threading.Thread(target=change, args=(dout,), daemon=True).start()")),
    Hostile("a_number_of_a_subclass", relu(
        top="class Number(np.float64):\n    def __array__(self, *_, **__): return np.zeros((3, 5))", returns="Number(3)"
    )),
    Hostile("a_cache_around_it", relu(
        top="import functools", end="relu_backward = functools.lru_cache(relu_backward)"
    )),
    Hostile("a_default_of_a_gigabyte", relu(end="relu_backward.__defaults__ = (np.zeros(10**8),)")),
    Hostile("texts_for_numbers", relu(returns="dout.astype(str)"), words="is an array of <U"),
    Hostile("records_for_numbers", relu(returns="np.zeros(dout.shape, [('a', 'f8')])"), words="is an array of [('a'"),
    Hostile("errors_that_numpy_calls", relu(top="np.seterrcall(lambda *_: 1 / 0)\nnp.seterr(all='call')")),
    Hostile("prints_that_fail", relu(top="np.set_printoptions(formatter={'all': lambda _: 1 / 0})")),
]  # fmt: skip

ENDS = [
    Hostile("exit", relu(backward="import sys; sys.exit(0)"), words="SystemExit"),
    Hostile("exit_at_once", relu(backward="import os; os._exit(0)"), words="code 0"),
    Hostile("exit_at_the_top", relu(end="import os; os._exit(0)"), most=0.0, words="code 0"),
    Hostile("abort", relu(backward="import os; os.abort()"), words="the process ended with code -"),
    Hostile("interrupt", relu(backward="raise KeyboardInterrupt"), words="KeyboardInterrupt"),
    Hostile("generator_exit", relu(backward="raise GeneratorExit"), words="GeneratorExit"),
    Hostile("error_that_cannot_be_told", relu(backward="""
        class Odd(Exception):
            def __str__(self): raise Odd
        raise Odd
        """)),
    Hostile("recursion", relu(backward="return relu_backward(dout, cache)"), words="RecursionError"),
    Hostile("memory", relu(backward="np.ones((1 << 20, 1 << 16))"), words="MemoryError"),
    Hostile("memory_of_lists", relu(backward="[0] * (1 << 40)"), words="MemoryError"),
    Hostile("loop", relu(backward="while True: pass"), words="does not end"),
    Hostile("loop_in_a_comprehension", relu(backward="import itertools; [1 for _ in itertools.count()]"), words="end"),
    Hostile("loop_at_the_top", relu(end="while True: pass"), words="end"),
    Hostile("prints_a_lot", relu(backward="print('x' * 10**7)", returns="dout * (cache > 0)"), RIGHT, 1.0, code=0),
    Hostile("changes_the_folder", relu("import os; os.chdir('/')", returns="dout * (cache > 0)"), RIGHT, 1.0, code=0),
    Hostile("closes_everything", relu(
        backward="import os; os.closerange(0, 100)", returns="dout * (cache > 0)"
    ), words="ended with code"),
    Hostile("waits_for_its_input", relu(backward="raise ValueError(input())"), words="EOFError"),
    Hostile("a_hook_for_all_that_happens", relu(end="import sys\nsys.addaudithook(lambda *_: 1 / 0)"), most=0.0),
    Hostile("no_modules", relu(top="import sys\nsys.meta_path.clear()\nsys.modules.clear()"), most=0.0),
    Hostile("modules_that_agree", relu(top="""
        import sys
        class Agrees(type(sys)):
            def __getattribute__(self, _): return lambda *_, **__: True
        for module in list(sys.modules.values()):
            module.__class__ = Agrees
        """), most=0.0),
    Hostile("recursion_in_c", relu(
        top="import sys\nsys.setrecursionlimit(10**9)",
        backward="class A:\n    def __repr__(self): return repr(self)\nrepr(A())",
    ), most=0.0, words="code -11"),
    Hostile("no_code", relu(backward="exec((lambda: 0).__code__.replace(co_code=b'd\\xffS\\0'))"), words="code -11"),
    Hostile("many_threads", relu(top="import threading, time", backward="""
        for _ in range(10**5):
            threading.Thread(target=time.sleep, args=(1000,), daemon=True).start()
        """), words="start new thread"),
    Hostile("sleeps", relu(backward="import time; time.sleep(10**6)"), LATE, 0.0, "not enough", options=_SHORT),
    Hostile("stops_itself", relu(
        backward="import signal; signal.raise_signal(signal.SIGSTOP)"
    ), LATE, 0.0, "not enough", options=_SHORT),
    Hostile("an_error_with_a_long_name", relu(
        backward="raise type('E' * 10**6, (Exception,), {})('x')"
    ), words="E" * 100 + ": x"),
    Hostile("an_error_with_a_long_text", relu(backward="raise ValueError('x' * 10**6)"), words="x" * 200),
    Hostile("a_long_sum", relu(backward="a = " + "1 + " * 3000 + "1"), most=0.0, words="too deeply"),
    Hostile("empty", "", UNKNOWN, 0.0, code=2),
    Hostile("zero_bytes", "import numpy\0as np\n", most=0.0),
    Hostile("not_python", "def (:\n", most=0.0, words="not Python"),
    Hostile("too_deep", "x = " + "(" * 500 + ")" * 500 + "\n", most=0.0),
    Hostile(
        "escapes", "# \x1b[2J\x1b[H right\n" + relu(backward="raise ValueError('\\x1b[2Jright')"), words="\ufffd[2J"
    ),
]  # fmt: skip

_EFFECTS = {
    "writes": "open(TARGET, 'w').write('x')",
    "appends": "open(KEEP, 'a').write('x')",
    "reads_and_writes": "open(KEEP, 'r+').write('x')",
    "saves": "np.save(TARGET, cache)",
    "saves_text": "np.savetxt(TARGET, cache.reshape(1, -1))",
    "memory_map": "np.memmap(TARGET, mode='w+', shape=3)",
    "opens_low": "import os; os.open(TARGET, os.O_CREAT | os.O_WRONLY)",
    "folder": "import os; os.mkdir(TARGET)",
    "folders": "import os; os.makedirs(TARGET)",
    "removes": "import os; os.remove(KEEP)",
    "unlinks": "import pathlib; pathlib.Path(KEEP).unlink()",
    "renames": "import os; os.rename(KEEP, TARGET)",
    "replaces": "import os; os.replace(KEEP, TARGET)",
    "links": "import os; os.link(KEEP, TARGET)",
    "symlinks": "import os; os.symlink(KEEP, TARGET)",
    "truncates": "import os; os.truncate(KEEP, 0)",
    "mode": "import os; os.chmod(KEEP, 0)",
    "times": "import os; os.utime(KEEP, (0, 0))",
    "pipe": "import os; os.mkfifo(TARGET)",
    "pipe_below": "import posix; posix.mkfifo(TARGET)",
    "device": "import os, stat; os.mknod(TARGET, stat.S_IFREG | 0o600)",
    "database": "import sqlite3; sqlite3.connect(TARGET).execute('create table t (a)')",
    "shelf": "import shelve; shelve.open(TARGET)",
    "archive": "import zipfile; zipfile.ZipFile(TARGET, 'w')",
    "copies": "import shutil; shutil.copy(KEEP, TARGET)",
    "removes_all": "import os, shutil; shutil.rmtree(os.path.dirname(KEEP))",
    "temporary": "import tempfile; tempfile.NamedTemporaryFile()",
    "log": "import logging; logging.FileHandler(TARGET)",
    "socket": "import socket; socket.create_connection(('127.0.0.1', 9))",
    "datagram": "import socket; socket.socket(socket.AF_INET, socket.SOCK_DGRAM)",
    "address": "import urllib.request; urllib.request.urlopen('http://127.0.0.1:9/')",
    "mail": "import smtplib; smtplib.SMTP('127.0.0.1', 9)",
    "program": "import subprocess; subprocess.run(['touch', TARGET])",
    "shell": "import os; os.system('touch ' + TARGET)",
    "popen": "import os; os.popen('touch ' + TARGET).read()",
    "spawn": "import os; os.posix_spawn('/bin/touch', ['touch', TARGET], {})",
    "becomes": "import os; os.execv('/bin/touch', ['touch', TARGET])",
    "forks": "import os; os.fork()",
    "forks_often": "import multiprocessing; multiprocessing.Pool(2)",
    "kills_its_parent": "import os; os.kill(os.getppid(), 9)",
    "kills_its_group": "import os; os.killpg(0, 9)",
    "signals_by_descriptor": "import os, signal; signal.pidfd_send_signal(os.pidfd_open(os.getppid()), 9)",
    "limits": "import resource; resource.setrlimit(resource.RLIMIT_FSIZE, (-1, -1))",
    "library": "import ctypes; ctypes.CDLL(None).kill(0, 0)",
    "foreign_function": "import ctypes; ctypes.pythonapi.Py_IncRef",
    "memory_of_the_process": "import ctypes; ctypes.string_at(0)",
    "reads_passwords": "raise ValueError(open('/etc/passwd').read())",
    "reads_low": "import os; raise ValueError(os.read(os.open('/etc/passwd', 0), 99))",
    "reads_by_numpy": "raise ValueError(np.fromfile('/etc/passwd', 'u1').tobytes())",
    "reads_its_neighbour": "raise ValueError(open(KEEP).read())",
    "reads_its_environment": "raise ValueError(open('/proc/self/environ').read())",
    "reads_its_parents_memory": "import os; raise ValueError(open(f'/proc/{os.getppid()}/mem', 'rb').read(9))",
    "lists": "import os; raise ValueError(os.listdir(os.path.dirname(KEEP)))",
    "reads_where_its_memory_lies": "raise ValueError(open('/proc/self/maps').read())",
    "counts_its_descriptors": "import os; raise ValueError(os.listdir('/proc/self/fd'))",
    "reads_as_code": "import io; raise ValueError(io.open_code('/etc/passwd').read())",
    "runs_a_path": "import runpy; runpy.run_path('/etc/passwd')",
    "reads_by_tables": "raise ValueError(np.genfromtxt('/etc/passwd', str, delimiter='\\n'))",
    "reads_by_keys": "import ssl; ssl.create_default_context().load_verify_locations('/etc/passwd')",
    "keeps_keys": "import ssl; ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT).keylog_filename = TARGET",
    "reads_by_markup": "import xml.sax; xml.sax.parse('/etc/passwd', xml.sax.handler.ContentHandler())",
    "keeps_history": "import readline; readline.write_history_file(TARGET)",
    "library_below": "import _ctypes; _ctypes.dlopen(None, 0)",
    "socket_below": "import _socket; _socket.socket(2, 1).connect(('127.0.0.1', 9))",
    "file_below": "import _io; _io.FileIO(TARGET, 'w')",
    "shared_memory": "from multiprocessing import shared_memory; shared_memory.SharedMemory(create=True, size=9)",
    "semaphore": "import _multiprocessing; _multiprocessing.SemLock(1, 1, 1, '/its', False)",
    "pickle": 'import pickle; pickle.loads(b"cos\\nsystem\\n(S\'touch " + TARGET.encode() + b"\'\\ntR.")',
    "process_below": """import _posixsubprocess, os
a, b = os.pipe()
its = [b'touch', os.fsencode(TARGET)]
_posixsubprocess.fork_exec(its, [b'/bin/touch'], True, (), None, None, -1, -1, -1, -1, -1, -1, a, b, False, False, 0,
                           None, None, None, -1, None, False)""",
    "looks_around": "import os; raise ValueError([its.name for its in os.scandir('/')])",
}
_BY_THE_KERNEL = "reads_by_keys", "keeps_history", "shared_memory", "semaphore", "process_below"
_SAYS = dict.fromkeys(_BY_THE_KERNEL, "PermissionError")
EFFECTS = [
    Hostile(
        name,
        relu(backward=line),
        words="" if name in ("foreign_function", "temporary", "forks_often") else _SAYS.get(name, "not allowed"),
    )
    for name, line in _EFFECTS.items()
]
"""Lines that reach out of the process; TARGET is not there, KEEP is."""
