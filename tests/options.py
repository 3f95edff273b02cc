"""For every command: a call, and for each of its options a call in which the option changes what happens.

A word that stands alone is added to the command's call; a pair is a call of its own, without the option and with it.
"""

from __future__ import annotations

import io

import numpy as np

HAND_IN = b"""
import numpy as np

def affine_forward(x, w, b):
    out = x.reshape(len(x), -1) @ w + b
    return out, (x, w, b)

def affine_backward(dout, cache):
    x, w, b = cache
    dx = (dout @ w.T).reshape(x.shape)
    dw = x.reshape(len(x), -1).T @ dout
    db = np.mean(dout, axis=0)
    return dx, dw, db

def tanh_forward(x):
    out = np.tanh(x)
    return out, out

def tanh_backward(dout, cache):
    return dout * (1 - cache ** 2)
"""
RIGHT = HAND_IN.replace(b"np.mean(dout, axis=0)", b"np.sum(dout, axis=0)")
MINE = b"""
import numpy as np

def mean_of(x):
    return np.mean(x, axis=0)

def layer(x, *, beta=1.5):
    mu = mean_of(x)
    total = 0.0
    for row in range(3):
        total = total + np.tanh(beta * (x[row] - mu))
    return total

def rows(x):
    if x.ndim == 1:
        x = x[None]
    return np.tanh(x)
"""
HALVED = HAND_IN.replace(b"np.mean(dout, axis=0)", b"np.sum(dout, axis=0) + 1 / 2")


def _saved(array):
    file = io.BytesIO()
    np.save(file, array)
    return file.getvalue()


FILES = {
    "hand_in.py": HAND_IN,
    "right.py": RIGHT,
    "mine.py": MINE,
    "halved.py": HALVED,
    "list.txt": b"right.py\n",
    "hw.toml": b"[functions]\naffine_backward = 10\n",
    "x.npy": _saved(np.arange(6.0).reshape(2, 3) - 2.4),
    "xb.npy": _saved(np.arange(12.0).reshape(4, 3) ** 2),
    "d.npy": _saved(np.linspace(-1, 1, 12).reshape(4, 3)),
    "dr.npy": _saved(np.linspace(-1, 1, 12).reshape(4, 3)),
    "three.npy": _saved(np.linspace(-1, 1, 3)),
}

_RUNS = {
    "inputs": "--input x=xb.npy",
    "shape": "--shape x=5,3",
    "set_": "--set eps=1",
    "seed": "--seed 3",
    "dout": "--dout d.npy",
    "dtype": "--dtype float32",
}
_TOO_SMALL = {"max_bytes": "--max-bytes 100"}
_SVG = "export relu -o b.svg"

CALLS: dict[str, tuple[str, dict[str, str | tuple[str, str]]]] = {
    "list": ("list", {"ops": "--ops", "closed": "--closed-forms relu", "as_json": "--json"}),
    "show": (
        "show batchnorm",
        {
            **_RUNS,
            "dout": ("show relu", "--dout dr.npy"),
            "ops": "--ops",
            "round_": ("show lstm", "--round 2"),
            "step": "--step 3",
            "explain": "--explain",
            "expand": ("show mine.py:layer --input x=xb.npy", "--expand mean_of"),
            "diagram": "--diagram b.svg",
            "table": "--passes",
            "values": "--values full",
            "output": "-o b.txt",
            "entry": "--entry out[0,1]",
            "jacobian": ("show affine --step 1", "--jacobian"),
            "digits": ("show affine --entry out[0,1]", "--digits 5"),
            "as_json": "--json",
        },
    ),
    "gradcheck": (
        "gradcheck batchnorm",
        {
            **_RUNS,
            "dout": ("gradcheck relu --json", "--dout dr.npy"),
            "fast": "--fast",
            "inputs_only": "--inputs-only",
            "tolerance": "--tolerance 1e-13",
            "round_": ("gradcheck lstm", "--round 2"),
            "as_json": "--json",
        },
    ),
    "export": (
        _SVG,
        {
            **_RUNS,
            "dout": ("export relu -o b.svg --values", "--dout dr.npy"),
            "inputs": ("export relu -o b.svg --values", "--input x=xb.npy"),
            "shape": "--shape x=5,3",
            "set_": ("export batchnorm -o b.dot", "--set mode=test"),
            "seed": ("export relu -o b.svg --values", "--seed 3"),
            "dtype": ("export relu -o b.html", "--dtype float32"),
            "output": "--frames f",
            "frames": "--frames f",
            "frame_format": ("export relu --frames f", "--frame-format pdf"),
            "passes": ("export relu --frames f", "--passes both"),
            "animate": "--animate",
            "ops": ("export batchnorm -o b.dot", "--ops"),
            "expand": ("export lstm_step -o b.dot", "--expand sigmoid"),
            "rounds": ("export lstm -o b.svg", "--rounds"),
            "forward_only": "--forward",
            "style": "--style cards",
            "entry": ("export affine -o b.svg --style entries", "--entry out[0,1]"),
            "size": "--size page",
            "theme": "--theme dark",
            "values": "--values",
            "title": "--title Mine",
            "legend": "--no-legend",
            "dpi": ("export relu -o b.png", "--dpi 96"),
            "as_json": "--json",
        },
    ),
    "derive": (
        "derive batchnorm",
        {
            "latex": "--latex",
            "plain": "--plain",
            "style": "--style cache",
            "closed": ("derive relu", "--closed-form"),
            "explain": ("derive sigmoid --closed-form", "--explain"),
            "inputs": ("derive mine.py:rows", "--input x=three.npy"),
            "shape": ("derive mine.py:rows", "--shape x=2"),
            "set_": "--set mode=test",
            "output": "-o b.py",
            "force": ("derive relu -o right.py", "--force"),
            "as_json": "--json",
        },
    ),
    "play": (
        "play relu --no-open",
        {
            "inputs": "--input x=xb.npy",
            "shape": "--shape x=5,3",
            "set_": ("play batchnorm --no-open", "--set eps=1"),
            "seed": "--seed 3",
            "dout": "--dout dr.npy",
            "dtype": "--dtype float32",
            "open_": ("play relu", "--no-open"),
            "live": ("play nowhere.py --no-open", "--live"),
            "as_json": "--json",
        },
    ),
    "step": (
        "step batchnorm --json",
        {**_RUNS, "dout": ("step relu --json", "--dout dr.npy"), "as_json": ("step relu", "--json")},
    ),
    "site": (
        "site pages --only mine.py:layer",
        {
            "only": ("site taken", "--only"),
            "force": ("site taken --only mine.py:layer", "--force"),
            "as_json": "--json",
        },
    ),
    "compare": (
        "compare batchnorm --seconds 0",
        {
            "inputs": "--input x=xb.npy",
            "shape": "--shape x=5,3",
            "set_": "--set eps=1",
            "seconds": ("compare batchnorm --seconds 0", "--seconds -1"),
            "closed": ("compare softmax_loss --seconds 0", "--closed-form"),
            "as_json": "--json",
        },
    ),
    "elements": (
        "elements affine",
        {
            "shape": "--shape x=2,2 --shape w=2,2",
            "set_": ("elements conv", "--set pad=2"),
            "letters": "--letter x=q",
            "round_": ("elements rnn", "--round t=1"),
            "as_json": "--json",
        },
    ),
    "shapes": (
        "shapes conv",
        {
            "shape": "--shape x=1,3,9,9",
            "set_": "--set pad=0",
            "batch": ("shapes 'input 8x8x3, fc 10'", "--batch 3"),
            "as_json": "--json",
        },
    ),
    "diagnose": (
        "diagnose hand_in.py",
        {
            "function": "--function tanh_backward",
            "as_": "--as batchnorm",
            "hint": "--hint 1",
            "explain": "--explain",
            "format_": "--format csv",
            "as_json": "--json",
            "output": "-o told.txt",
            "assignment": "--assignment hw.toml",
            "feedback": ("diagnose hand_in.py --assignment hw.toml", "--feedback told"),
            "files_from": "--files-from list.txt",
            "shard": "--shard 1/2",
            "resume": "--resume class.jsonl",
            "cache": "--cache kept",
            "jobs": "--jobs -1",
            "seconds": "--seconds 0",
            "python2": ("diagnose halved.py", "--python2"),
            "sandbox": ("diagnose", "--sandbox"),
        },
    ),
    "report": ("report class.jsonl", {"output": "-o class.html", "names": "--names", "as_json": "--json"}),
    "exercise": (
        "exercise relu -o sheet.ipynb",
        {
            "output": "-o other.ipynb",
            "shape": "--shape x=2,2",
            "set_": ("exercise batchnorm -o sheet.py", "--set eps=1"),
            "seed": ("exercise relu -o sheet.html", "--seed 3"),
            "format_": "--format pdf",
            "solved": "--solved",
            "closed": ("exercise sigmoid -o sheet.py", "--closed-form"),
            "force": ("exercise relu -o right.py", "--force"),
            "as_json": "--json",
        },
    ),
    "quiz": (
        "quiz relu --print",
        {
            "shape": "--shape x=2,2",
            "set_": ("quiz batchnorm --print", "--set eps=1"),
            "seed": "--seed 3",
            "closed": ("quiz batchnorm --print", "--closed-form"),
            "print_": ("quiz relu", "--print"),
            "as_json": "--json",
        },
    ),
    "help": ("help", {"as_json": "--json"}),
}

SAYS_NOTHING_BESIDE = {
    ("set_", "shape"),  # pad=0 is what it is by default, once a shape is given
    ("dtype", "step"), ("dtype", "entry"),  # the digits that are printed are the same
    ("table", "ops"), ("table", "explain"),  # both passes, which are printed then anyway
    ("shape", "solved"),  # of relu, whose lines hold for all shapes
}  # fmt: skip
"""Pairs of which the first changes nothing that is seen, and rightly so."""
