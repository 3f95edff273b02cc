"""Calls that are refused, by kind: what is typed, and what the one message on standard error says.

Each file named here is in the folder that `tests/test_bad_calls.py` makes.
"""

from __future__ import annotations

import shlex
from collections.abc import Iterator

from tests import bad_combinations, bad_files, bad_kinds

FILES = {
    "mine.py": b"import numpy as np\n\ndef swish(x, *, beta=1.5):\n    return x / (1 + np.exp(-beta * x))\n",
    "empty.py": b"",
    "numbers.csv": b"a,b\n1,2\n",
    "broken.py": b"def f(x:\n    return x\n",
    "latin.py": b"# -*- coding: no-such-codec -*-\ndef f(x):\n    return x\n",
    "nul.py": b"def f(x):\n    return x\0\n",
    "text.txt": b"some words\n",
    "words.csv": b"a,b\nc,d\n",
    "pickled.npy": b"\x93NUMPY\x01\x00v\x00{'descr': '|O', 'fortran_order': False, 'shape': (1,), }"
    + b" " * 59
    + b"\n",
    "short.npy": b"\x93NUMPY\x01\x00",
    "none.npz": b"PK\x05\x06" + b"\0" * 18,
    "broken.ipynb": b"{",
    "no.toml": b"[functions\n",
    **bad_files.FILES,
    **bad_kinds.FILES,
    **bad_combinations.FILES,
    **dict.fromkeys(("folder", "folder.py", "folder.npy"), None),
}

TRACING = ("show", "gradcheck", "export", "derive", "play", "step", "compare", "elements", "quiz", "exercise")
_MORE = {"export": ["-o", "x.svg"], "exercise": ["-o", "x.py"], "play": ["--no-open"]}
_TAKES = {
    "show": ("--input", "--shape", "--set", "--dout", "--dtype"),
    "gradcheck": ("--input", "--shape", "--set", "--dout"),
    "export": ("--input", "--shape", "--set", "--dout", "--dtype"),
    "derive": ("--input", "--shape", "--set"),
    "compare": ("--input", "--shape", "--set"),
    "elements": ("--shape", "--set"),
    "shapes": ("--shape", "--set"),
    "exercise": ("--shape", "--set"),
}
_SINGLE = {
    "show": ("--seed 1", "--step 1", "--dout d.npy", "--dtype float32", "--values full", "--round 1", "--entry dx[0]"),
    "export": ("--seed 1", "-o a.svg", "--size free", "--theme dark", "--title a", "--style cards", "--entry dx[0]"),
    "derive": ("--style cache", "-o a.py"),
    "gradcheck": ("--seed 1", "--tolerance 0.1", "--round 1"),
    "elements": (),
    "shapes": ("--batch 2",),
    "compare": ("--seconds 1",),
    "diagnose": ("--hint 1", "--format json", "--seconds 9", "--jobs 1", "-o a.json", "--as relu"),
}

Call = tuple[list[str], str]


def calls() -> Iterator[Call]:
    """Every call, and a piece of its message."""
    yield from _commands()
    yield from _layers()
    yield from _options()
    yield from _repeated()
    yield from _idle()
    yield from _hand_ins()
    tables = (*bad_files.CALLS, *bad_kinds.CALLS, *bad_combinations.CALLS)
    yield from ((shlex.split(call), said) for call, said in tables)


def _commands() -> Iterator[Call]:
    for wrong, meant in (("shwo", "show"), ("exprot", "export"), ("diagnos", "diagnose"), ("quizz", "quiz")):
        yield [wrong, "batchnorm"], f"Did you mean '{meant}'?"
    yield ["batchnorm"], "no such command 'batchnorm'"
    yield ["help", "nope"], "there is no command 'nope'"
    for command in (*TRACING, "shapes"):
        yield [command], "missing argument"
        yield [command, "--nope", "relu"], "no such option: --nope"
        yield [command, "relu", "tanh", *_MORE.get(command, [])], "unexpected extra argument"


def _layers() -> Iterator[Call]:
    for command in (*TRACING, "shapes"):
        if command == "step":  # looks for a terminal first
            yield [command, "relu"], "is for a terminal"
            continue
        more = _MORE.get(command, [])
        yield [command, "batchnrom", *more], "batchnorm"
        yield [command, "nowhere.py", *more], "nowhere.py"
        yield [command, "mine.py:swihs", *more], "swish"
        yield [command, "empty.py", *more], "empty.py"
        yield [command, "broken.py", *more], "broken.py:1"
        yield [command, "text.txt", *more], "text.txt"
        yield [command, "broken.ipynb", *more], "broken.ipynb"
        yield [command, "nul.py", *more], "nul.py"
        yield [command, "latin.py", *more], "latin.py"
        yield [command, "", *more], "backpropviz: "


def _options() -> Iterator[Call]:
    for command, options in _TAKES.items():
        more = _MORE.get(command, [])
        bad = {
            "--input": ("x", "x=", "=x.npy", "x=nowhere.npy", "x=text.txt", "x=words.csv", "x=pickled.npy"),
            "--shape": ("x", "x=", "x=a", "x=-1,3", "q=2,3", "x=1e3"),
            "--set": ("eps", "eps=", "nope=3"),
            "--dout": ("nowhere.npy", "text.txt", "short.npy", "none.npz"),
            "--dtype": ("int8", "double", ""),
        }
        for option in options:
            for value in bad[option]:
                yield [command, "batchnorm", option, value, *more], "backpropviz: "
    for seed in ("abc", "-1", "1.5", ""):
        yield ["show", "relu", "--seed", seed], "--seed"
        yield ["export", "relu", "--seed", seed, "-o", "x.svg"], "--seed"
    for step in ("99", "abc", "0", "-3", "2[7]"):
        yield ["show", "batchnorm", "--step", step], "step"
    for entry in ("nope[0]", "dx[9,9]", "dx[", "dx[a]", "", "dx[0,0,0,0]"):
        yield ["show", "batchnorm", "--entry", entry], "backpropviz: "
    for target in ("x", "x.jpg", "x.svgz", ".svg.bak"):
        yield ["export", "relu", "-o", target], "End it in one of"
    yield ["export", "relu", "-o", ""], "backpropviz: "
    yield ["export", "relu", "-o", "no/such/folder/x.svg"], "no/such/folder"
    yield ["export", "relu"], "nothing to write to"
    for option, value in (("--size", "big"), ("--theme", "blue"), ("--style", "wild"), ("--frame-format", "jpg")):
        yield ["export", "relu", "-o", "x.svg", option, value], "hoose"
    for dpi in ("0", "5000", "many"):
        yield ["export", "relu", "-o", "x.png", "--dpi", dpi], "--dpi"
    for letter in ("x=w", "q=a", "x=", "x=1", "out=b"):
        yield ["elements", "conv", "--letter", letter], "backpropviz: "
    yield ["derive", "relu", "--style", "song"], "there is no style"
    yield ["derive", "relu", "--latex", "--plain"], "one form at a time"
    yield ["exercise", "relu", "-o", "x.doc"], "x.doc"
    yield ["shapes", "input banana"], "banana"


def _repeated() -> Iterator[Call]:
    for command, options in _SINGLE.items():
        for option in options:
            name, value = option.split()
            layer = "mine.py" if command == "diagnose" else "relu"
            yield [command, layer, name, value, name, value], "is given 2 times"
    for command, options in _TAKES.items():
        for option in options:
            if option in ("--input", "--shape", "--set"):
                more = _MORE.get(command, [])
                yield [command, "relu", option, "x=2", option, "x=3", *more], f"{option} x is given twice"


def _idle() -> Iterator[Call]:
    for more in (["--explain"], ["--ops"], ["--table"], ["--passes"], ["--values", "full"]):
        yield ["show", "batchnorm", "--step", "3", *more], more[0].replace("--passes", "--table")
        yield ["show", "batchnorm", "--json", *more], more[0].replace("--passes", "--table")
    yield ["show", "batchnorm", "--json", "--step", "3"], "--step"
    yield ["show", "lstm_step", "--json", "--expand", "sigmoid"], "--expand does nothing"
    yield ["show", "batchnorm", "--digits", "5"], "--digits"
    yield ["exercise", "relu", "-o", "-"], "a worksheet is graded as a file, and has a name"
    yield ["show", "batchnorm", "--table", "--explain"], "--explain"
    yield ["show", "batchnorm", "--jacobian"], "--jacobian"
    for output in ("x.svg", "x.png", "x.pdf", "x.dot", "x.html", "x.tex", "x.mmd"):
        yield ["export", "relu", "-o", output, "--passes", "both"], "--passes"
        yield ["export", "relu", "-o", output, "--frame-format", "png"], "--frame-format"
    for output in ("x.svg", "x.pdf", "x.dot", "x.html", "x.tex", "x.mmd"):
        yield ["export", "relu", "-o", output, "--dpi", "96"], "--dpi"
    for more in (["--size", "page"], ["--theme", "dark"], ["--values"], ["--no-legend"]):
        yield ["export", "relu", "-o", "x.mmd", *more], more[0].replace("--no-", "--")
    yield ["export", "relu", "--frames", "f", "--forward", "--passes", "both"], "--passes"
    yield ["export", "relu", "-o", "x.png", "--animate"], "--animate"
    yield ["export", "relu", "-o", "x.png", "--theme", "auto"], "--theme"
    yield ["shapes", "conv", "--batch", "3"], "--batch"
    yield ["shapes", "input 8x8x3, fc 10", "--shape", "x=2"], "--shape"
    yield ["shapes", "input 8x8x3, fc 10", "--set", "x=2"], "--set"


def _hand_ins() -> Iterator[Call]:
    yield ["diagnose"], "no file was named"
    yield ["diagnose", "nowhere.py"], "nowhere.py"
    yield ["diagnose", "empty.py"], "nothing to diagnose"
    yield ["diagnose", "numbers.csv"], "numbers.csv is no Python file and no notebook"
    yield ["diagnose", "mine.py", "--function", "nope"], "nope"
    yield ["diagnose", "mine.py", "--format", "song"], "song"
    yield ["diagnose", "mine.py", "--seconds", "nan"], "--seconds"
    yield ["diagnose", "mine.py", "--hint", "9"], "--hint"
    yield ["diagnose", "mine.py", "--as", "nope"], "nope"
    yield ["diagnose", "mine.py", "--shard", "9/3"], "--shard"
    yield ["diagnose", "mine.py", "--shard", "a"], "--shard"
    yield ["diagnose", "mine.py", "--feedback", "f"], "--assignment"
    yield ["diagnose", "mine.py", "--assignment", "nowhere.toml"], "nowhere.toml"
    yield ["diagnose", "mine.py", "--assignment", "no.toml"], "no.toml"
    yield ["report"], "backpropviz: "
    yield ["report", "nowhere.jsonl"], "nowhere.jsonl"
    yield ["report", "text.txt"], "text.txt"
    yield ["site"], "missing argument"
