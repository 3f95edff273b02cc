"""Everything that repeats, each beside a peer: the ratio of their times, its spread, and the bar it is held to.

    pip install -e '.[test,benchmarks]'
    pytest -o addopts= tests/benchmarks/test_peers.py -s

The peers are NumPy written by hand and, where they are installed, PyTorch (eager, on one thread) and HIPS autograd. The
two take turns; a ratio is that of their medians, its spread the quartiles over the rounds. With --update-golden the
rows measured are put into the table of the manual. Ratios fail a test only where BACKPROPVIZ_ASSERT_RATIOS is set, on a
machine that is otherwise idle. A bar that is missed for a reason has it below the table.
"""

import os
import platform
import resource
import statistics
import subprocess
import sys
import time
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from types import FunctionType

import numpy as np
import pytest
from numpy.lib.stride_tricks import sliding_window_view

import backpropviz as bp
from backpropviz.study.gradcheck import gradcheck
from tests.benchmarks.test_growth import written_out
from tests.benchmarks.test_ratios import batchnorm, batchnorm_by_hand

RANDOM = np.random.default_rng(0)
NORMALIZED = {"x": (256, 512), "gamma": (512,), "beta": (512,)}
IMAGES = {"x": (32, 3, 32, 32), "w": (32, 3, 3, 3), "b": (32,)}


def normal(shapes, dtype="f8"):
    return {name: RANDOM.standard_normal(shape).astype(dtype) for name, shape in shapes.items()}


PAGE = Path(bp.__file__).parent / "manual" / "contributors.md"
_PRODUCT = "most of it is the same product of matrices, which varies by more from run to run"
_PASSES = "PyTorch reads an array twice in one compiled loop; NumPy passes over it once for each operation"
_CALLS = "of small arrays most is NumPy's calls, which a faster processor shortened less than PyTorch's"
_MODULES = "more than a hundred modules of ours are read besides"
REASONS = {
    "first trace of 3,000 operations": "a step has its line, caption and name besides",
    '`bp.trace("batchnorm")`, x (4, 3), time and again': "it also draws a sample, looks whether the file has changed, "
    "and records eleven named steps",
    "batchnorm (256, 512), trace and backward pass, the first time": "a plain run is compared: a forward pass more",
    "batchnorm (256, 512), trace and backward pass, time and again": "ten arrays are kept, two of them copies",
    "batchnorm, both passes again": _PASSES,
    "layernorm, both passes again": _PASSES,
    "maxpool, both passes again": "four passes over the windows, for one compiled loop of PyTorch's",
    "softmax_loss, both passes again": "NumPy's exp of float64 goes entry by entry on processors without AVX-512",
    "convnet, both passes again": "it is a conv, a maxpool and a softmax_loss",
    "conv, both passes again": _PRODUCT,
    "conv in float32, both passes again": _PRODUCT,
    "gradcheck of conv, x (2, 3, 8, 8), all entries": _CALLS,
    "gradcheck --fast of conv, x (2, 3, 8, 8)": _CALLS,
    "gradcheck --fast of conv, x (2, 3, 12, 12)": _CALLS,
    "`backpropviz show batchnorm`": _MODULES,
    "`backpropviz show batchnorm --diagram`": f"{_MODULES}, and the board is laid out in several ways",
    "`backpropviz export batchnorm`": f"{_MODULES}, and the board is laid out in several ways",
    "`backpropviz compare conv`": f"{_MODULES}, and all ways run in turns",
}
"""Why a bar is missed, where it is."""
BEGIN, END = "<!-- ratios: pytest -o addopts= tests/benchmarks/test_peers.py --update-golden -->\n", "<!-- ratios -->\n"


@pytest.fixture(scope="module")
def table(request):
    """Collects rows (work, ours, peer, its, ratio, spread, bar), and prints them in the end, with what they ran on."""
    rows = []
    yield rows
    installed = [f"Python {platform.python_version()}", f"NumPy {np.__version__}"]
    for package in ("torch", "autograd"):
        try:
            installed.append(f"{package} {version(package)}")
        except PackageNotFoundError:
            continue
    machine = f"On {_processor()}, one thread; {', '.join(installed)}:\n"
    print("\n\n" + _written(machine, rows))
    if request.config.getoption("--update-golden"):
        before, _, rest = PAGE.read_text(encoding="utf-8").partition(BEGIN)
        old, _, after = rest.partition(END)
        lines = [line for line in old.splitlines()[4:] if line.startswith("|")]
        kept = [row.strip("| ").split(" | ") for row in lines] if old.startswith(machine) else []
        again = {(row[0], row[2]) for row in rows}  # the work, and the peer
        text = _written(machine, [*(row for row in kept if (row[0], row[2]) not in again), *rows])
        PAGE.write_text(before + BEGIN + text + END + after, encoding="utf-8")


def _written(machine, rows):
    head = "| work | time | beside | its time | ratio | quartiles | bar |\n|---|---|---|---|---|---|---|\n"
    missed = [f"- {row[0]}: {REASONS[row[0]]}.\n" for row in rows if row[4] and _is_missed(row)]
    below = ["\nBars that are missed, and why:\n\n", *missed] if missed else []
    return f"{machine}\n{head}" + "".join([*(f"| {' | '.join(row)} |\n" for row in rows), *below])


def _is_missed(row):
    return row[0] in REASONS and float(row[4]) > float(row[6])


def _processor():
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
    except OSError:
        return platform.processor() or platform.machine()
    names = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    return f"{names[0]} ({len(names)} cores)" if names else platform.machine()


def held(table, work, ours, peer, theirs, bar, rounds=15, clock=time.process_time):
    """Time `ours` and `theirs` in turns, in processor seconds; print the ratio, and hold it where asked to."""
    times = ([], [])
    ours(), theirs()
    for _ in range(rounds):
        for call, seconds in zip((ours, theirs), times):
            start = clock()
            call()
            seconds.append(clock() - start)
    mine, its = map(statistics.median, times)
    low, _, high = statistics.quantiles([a / b for a, b in zip(*times)], n=4)
    ratio = mine / its
    row = (work, _time(mine), peer, _time(its), f"{ratio:.2f}", f"{low:.2f} to {high:.2f}", f"{bar:g}")
    print("\n" + "  ".join(row), end="")
    table.append(row)
    if os.environ.get("BACKPROPVIZ_ASSERT_RATIOS"):
        assert ratio <= bar, row


def _time(seconds):
    return f"{seconds:.2f} s" if seconds >= 1 else f"{1e3 * seconds:.2f} ms"


# ---- recording -------------------------------------------------------------------------------------------------------


def test_a_chain_of_3000_operations(table, tmp_path):
    anp, autograd = pytest.importorskip("autograd.numpy"), pytest.importorskip("autograd")
    chain, x, w = written_out(tmp_path, 3000), *RANDOM.standard_normal((2, 3))

    def repeated(x):
        for _ in range(1500):
            x = anp.tanh(x * w)
        return x

    held(table, "first trace of 3,000 operations", lambda: bp.trace(chain, x=x, w=w, verify=False),
         "HIPS autograd's", lambda: autograd.make_vjp(repeated)(x), 0.75)  # fmt: skip


def test_a_trace_by_name(table):
    anp, autograd = pytest.importorskip("autograd.numpy"), pytest.importorskip("autograd")
    inputs = normal({"x": (4, 3), "gamma": (3,), "beta": (3,)})

    def circuit(x, gamma, beta):
        xmu = x - anp.mean(x, axis=0)
        return gamma * (xmu * (1 / anp.sqrt(anp.mean(xmu**2, axis=0) + 1e-5))) + beta

    held(table, '`bp.trace("batchnorm")`, x (4, 3), time and again', lambda: bp.trace("batchnorm"),
         "HIPS autograd's trace", lambda: autograd.make_vjp(circuit, (0, 1, 2))(*inputs.values()), 1.1, 60)  # fmt: skip


def naive(x, w, b, *, pad=1):
    N, _, H, W = x.shape
    F, _, HH, WW = w.shape
    padded = np.pad(x, ((0, 0), (0, 0), (pad, pad), (pad, pad)))
    out = np.zeros((N, F, H, W))
    for n in range(N):
        for f in range(F):
            for i in range(H):
                for j in range(W):
                    patch = padded[n, :, i : i + HH, j : j + WW]
                    out[n, f, i, j] = np.sum(patch * w[f]) + b[f]
    return out


def test_the_naive_convolution(table):
    inputs = normal({"x": (2, 3, 8, 8), "w": (4, 3, 3, 3), "b": (4,)})
    t = bp.trace(naive, **inputs)
    held(table, "naive convolution, trace", lambda: bp.trace(naive, verify=False, **inputs),
         "the bare function", lambda: naive(**inputs), 25, 9)  # fmt: skip
    held(table, "naive convolution, backward pass", t.backward, "the bare function", lambda: naive(**inputs), 25, 9)


def test_batchnorm_traced(table):
    """Of a function that was never seen, each trace is held against a plain run; of one that was, hardly any."""
    inputs = normal(NORMALIZED)
    dout = RANDOM.standard_normal((256, 512))
    by_hand = lambda: batchnorm_by_hand(**inputs, dout=dout)

    def first():
        unseen = FunctionType(batchnorm.__code__, batchnorm.__globals__, "batchnorm", batchnorm.__defaults__)
        bp.trace(unseen, **inputs).backward(dout)

    held(table, "batchnorm (256, 512), trace and backward pass, the first time", first,
         "the nine steps by hand", by_hand, 2.0)  # fmt: skip
    held(table, "batchnorm (256, 512), trace and backward pass, time and again",
         lambda: bp.trace(batchnorm, **inputs).backward(dout), "the nine steps by hand", by_hand, 1.2)  # fmt: skip


def test_memory_of_dropped_traces(table):
    """In a process of its own, as the highest mark counts; in MB in place of seconds."""
    if not Path("/proc/self/status").exists():
        pytest.skip("the mark is read from /proc")
    program = (
        "import numpy as np, backpropviz as bp\n"
        "x = np.random.default_rng(0).normal(size=(256, 512))\n"
        "for _ in range(300):\n"
        "    t = bp.trace('batchnorm', x=x, gamma=x[0], beta=x[1])\n"
        "    t.backward(x)\n"
        "print(open('/proc/self/status').read().partition('VmHWM:')[2].split()[0])"
    )
    found = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True).stdout
    mark = int(found) / 1e3
    row = ("300 traces of batchnorm (256, 512), highest memory", f"{mark:.0f} MB", "", "", "", "", "110 MB")
    print("\n" + "  ".join(row), end="")
    table.append(row)
    assert mark <= 110


# ---- running again ---------------------------------------------------------------------------------------------------


def _torch():
    torch = pytest.importorskip("torch")
    torch.set_num_threads(1)
    return torch, torch.nn.functional


def _network(F, x, w1, b1, w2, b2, y):
    pooled = F.max_pool2d(F.relu(F.conv2d(x, w1, b1, padding=1)), 2)
    return F.cross_entropy(pooled.reshape(len(pooled), -1) @ w2 + b2, y)


_NETWORK = {"x": (32, 3, 32, 32), "w1": (16, 3, 3, 3), "b1": (16,), "w2": (4096, 10), "b2": (10,)}
REPLAYED = {
    "batchnorm": (NORMALIZED, {}, "f8", 1.0, lambda F, x, gamma, beta: F.batch_norm(x, None, None, gamma, beta, True)),
    "layernorm": (NORMALIZED, {}, "f8", 1.0, lambda F, x, gamma, beta: F.layer_norm(x, (512,), gamma, beta)),
    "conv": (IMAGES, {"pad": 1}, "f8", 1.0, lambda F, x, w, b: F.conv2d(x, w, b, padding=1)),
    "conv in float32": (IMAGES, {"pad": 1}, "f4", 0.9, lambda F, x, w, b: F.conv2d(x, w, b, padding=1)),
    "maxpool": ({"x": (32, 16, 32, 32)}, {}, "f8", 1.2, lambda F, x: F.max_pool2d(x, 2)),
    "softmax_loss": ({"x": (256, 100)}, {}, "f8", 1.0, lambda F, x, y: F.cross_entropy(x, y)),
    "convnet": (_NETWORK, {"pad": 1}, "f8", 1.0, _network),
}


@pytest.mark.parametrize("name", REPLAYED)
def test_replay(table, name):
    torch, F = _torch()
    shapes, settings, dtype, bar, theirs = REPLAYED[name]
    inputs = normal(shapes, dtype)
    inputs |= {"w2": 0.02 * inputs["w2"]} if "w2" in inputs else {}
    labels = {"y": RANDOM.integers(0, 10, shapes["x"][0])} if name in ("softmax_loss", "convnet") else {}
    t = bp.trace(name.split()[0], settings=settings, **inputs, **labels)
    t.backward()
    dout = t.dout.copy()
    leaves = {key: torch.tensor(value, requires_grad=True) for key, value in inputs.items()}
    fixed = {key: torch.tensor(value) for key, value in labels.items()}

    def eager():
        out = theirs(F, **leaves, **fixed)
        return torch.autograd.grad(out, list(leaves.values()), torch.tensor(dout))

    for key, gradient in zip(inputs, eager()):
        close = 1e-8 if dtype == "f8" else 1e-2
        np.testing.assert_allclose(t.grad[key], gradient.numpy(), rtol=close, atol=close)
    held(
        table, f"{name}, both passes again", lambda: t.replay(dout=dout, **inputs, **labels), "PyTorch", eager, bar, 25
    )


# ---- checking --------------------------------------------------------------------------------------------------------


def conv_by_windows(x, w, b):
    n, _, height, width = x.shape
    padded = np.zeros((n, x.shape[1], height + 2, width + 2))
    padded[:, :, 1:-1, 1:-1] = x
    windows = sliding_window_view(padded, w.shape[2:], axis=(2, 3)).transpose(0, 2, 3, 1, 4, 5)
    scores = windows.reshape(n * height * width, -1) @ w.reshape(len(w), -1).T + b
    return scores.reshape(n, height, width, -1).transpose(0, 3, 1, 2)


def differences(function, inputs, dout, h=1e-5):
    """The numeric gradients by the loop that everyone writes."""
    gradients = {name: np.empty(value.shape) for name, value in inputs.items()}
    for name, value in inputs.items():
        for at in np.ndindex(value.shape):
            kept = value[at]
            value[at] = kept + h
            ahead = function(**inputs)
            value[at] = kept - h
            gradients[name][at] = np.sum((ahead - function(**inputs)) * dout) / (2 * h)
            value[at] = kept
    return gradients


def test_gradcheck(table):
    inputs = normal({"x": (2, 3, 8, 8), "w": (4, 3, 3, 3), "b": (4,)})
    t = bp.trace("conv", settings={"pad": 1}, **inputs)
    t.backward()
    np.testing.assert_allclose(differences(conv_by_windows, inputs, t.dout)["w"], t.grad["w"], rtol=1e-6, atol=1e-6)
    held(table, "gradcheck of conv, x (2, 3, 8, 8), all entries", lambda: gradcheck(t, steps=False),
         "a loop of NumPy", lambda: differences(conv_by_windows, inputs, t.dout), 1.1, 5)  # fmt: skip


@pytest.mark.parametrize("shape", [(2, 3, 8, 8), (2, 3, 12, 12)], ids=str)
def test_gradcheck_beside_torch(table, shape):
    torch, F = _torch()
    inputs = normal({"x": shape, "w": (4, 3, 3, 3), "b": (4,)})
    t = bp.trace("conv", settings={"pad": 1}, **inputs)
    t.backward()
    leaves = tuple(torch.tensor(value, requires_grad=True) for value in inputs.values())

    def layer(x, w, b):
        return F.conv2d(x, w, b, padding=1)

    held(table, f"gradcheck of conv, x {shape}, all entries", lambda: gradcheck(t, steps=False),
         "torch.autograd.gradcheck", lambda: torch.autograd.gradcheck(layer, leaves), 0.125, 2)  # fmt: skip
    held(table, f"gradcheck --fast of conv, x {shape}", lambda: gradcheck(t, steps=False, fast=True),
         "its fast mode", lambda: torch.autograd.gradcheck(layer, leaves, fast_mode=True), 1.0, 9)  # fmt: skip


# ---- whole commands --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("command", "imports", "bar"),
    [
        ("show batchnorm", "numpy, typer, rich.table", 1.35),
        ("show batchnorm --diagram {folder}/bn.svg", "numpy, typer, rich.table, graphviz", 1.6),
        ("export batchnorm -o {folder}/bn.svg", "numpy, typer, rich.table, graphviz", 1.6),
        ("compare conv", "numpy, typer, rich.table", 2.5),
    ],
)
def test_whole_processes(table, tmp_path, command, imports, bar):
    # compiled files are kept, as they are for whoever has installed it
    environment = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}

    def run(*arguments):
        subprocess.run([sys.executable, *arguments], stdout=subprocess.DEVNULL, check=True, env=environment)

    def processor():
        used = resource.getrusage(resource.RUSAGE_CHILDREN)
        return used.ru_utime + used.ru_stime

    arguments = command.format(folder=tmp_path).split()
    named = command.partition(" {")[0].removesuffix(" -o")
    held(table, f"`backpropviz {named}`", lambda: run("-m", "backpropviz", *arguments),
         f"`import {imports}`", lambda: run("-c", f"import {imports}"), bar, 5, processor)  # fmt: skip
