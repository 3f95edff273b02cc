"""How the time of everything grows with the length of a run: chains of 1,000, 5,000 and 20,000 operations.

    pytest -o addopts= tests/benchmarks/test_growth.py -s

A loop and the same chain written out, in processor seconds of one run each. From the shortest to the longest, the time
of each may grow by the length and half as much again, and no command takes over 20 s. These fail a test only where
BACKPROPVIZ_ASSERT_RATIOS is set, on a machine that is otherwise idle. A chain written out is drawn as far as there is
a picture that can be read; one of 2,000 gates without any folding is to take under 5 s.
"""

import importlib.util
import io
import os
import time

import numpy as np
import pytest
from rich.console import Console

import backpropviz as bp
from backpropviz.code.derive import derive
from backpropviz.draw.board.picture import BoardPicture
from backpropviz.draw.diagram import Diagram
from backpropviz.draw.formats import export
from backpropviz.draw.reader import Reader
from backpropviz.engine.rounds import Rounds
from backpropviz.errors import DrawingError
from backpropviz.show.tables.nodes import NodeTable
from backpropviz.show.view import view

LENGTHS = (1_000, 5_000, 20_000)
X, W = np.random.default_rng(0).normal(size=(2, 3))


def loop(x, w, *, rounds=1):
    h = x
    for _ in range(rounds):
        h = np.tanh(h * w)
    return h


def written_out(folder, length):
    """A function of so many operations, two a line of the loop's."""
    file = folder / f"chain_{length}.py"
    steps = "    h = h * w\n    h = np.tanh(h)\n" * (length // 2)
    file.write_text(f"import numpy as np\n\n\ndef chain(x, w):\n    h = x\n{steps}    return h\n", encoding="utf-8")
    spec = importlib.util.spec_from_file_location(file.stem, file)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module.chain


def clocked(call):
    start = time.process_time()
    result = call()
    return time.process_time() - start, result


def measured(function, settings, folder):
    """Processor seconds of everything, by name; None where it is refused."""
    times = {}
    times["trace"], trace = clocked(lambda: bp.trace(function, x=X, w=W, settings=settings, verify=False))
    times["backward"], _ = clocked(trace.backward)
    readers = {
        "show": lambda: Console(file=io.StringIO(), width=110).print(
            NodeTable(view(trace, explain=False, rounds=Rounds(trace)))
        ),
        "derive": lambda: derive(trace),
        "svg": lambda: Diagram(trace).save(folder / "chain.svg"),
        "html": lambda: export(Diagram(trace), folder / "chain.html"),
    }
    for name, call in readers.items():
        try:
            times[name], _ = clocked(call)
        except DrawingError:
            times[name] = None
    return times


@pytest.mark.parametrize("kind", ["loop", "written out"])
def test_growth(kind, tmp_path, record_property):
    curves = {}
    for length in LENGTHS:
        if kind == "loop":
            found = measured(loop, {"rounds": length // 2}, tmp_path)
        else:
            found = measured(written_out(tmp_path, length), {}, tmp_path)
        for name, seconds in found.items():
            curves.setdefault(name, []).append(seconds)
    print(f"\n{kind:12}" + "".join(f"{length:>10,}" for length in LENGTHS) + "    growth")
    for name, seconds in curves.items():
        texts = "".join("         -" if s is None else f"{s:10.2f}" for s in seconds)
        growth = "" if None in seconds else f"{seconds[-1] / max(seconds[0], 0.02) * LENGTHS[0] / LENGTHS[-1]:10.2f}"
        print(f"{name:12}{texts}{growth}")
        record_property(f"{kind}: {name}", seconds)
    if os.environ.get("BACKPROPVIZ_ASSERT_RATIOS"):
        for name, seconds in curves.items():
            drawn = [s for s in seconds if s is not None]
            assert max(drawn) < 20, (kind, name)
            if None not in seconds:
                assert seconds[-1] <= 1.5 * max(seconds[0], 0.02) * LENGTHS[-1] / LENGTHS[0], (kind, name)


def skips(x, w, *, rounds=1):
    h = x
    for _ in range(rounds):
        h = np.tanh(h * w) + h
    return h


def test_a_board_that_nobody_folds(record_property):
    """Every operation a gate, with a wire around each three: laid out, and drawn, in processor seconds."""
    seconds = []
    for length in (500, 1_000, 2_000):
        trace = bp.trace(skips, x=X, w=W, settings={"rounds": length // 3}, verify=False)
        trace.backward()
        picture = BoardPicture(Reader(trace, True, set()).read())
        laid_out, _ = clocked(lambda picture=picture: picture.drawing)
        drawn, _ = clocked(lambda picture=picture: picture.render("svg"))
        seconds.append((laid_out, drawn))
        print(f"\nunfolded {length:>6,}: laid out {laid_out:.2f}, drawn {drawn:.2f}", end="")
    record_property("unfolded", seconds)
    if os.environ.get("BACKPROPVIZ_ASSERT_RATIOS"):
        assert sum(seconds[-1]) < 5
