"""Traces and draws the backward pass of NumPy code.

    >>> import backpropviz as bp
    >>> t = bp.trace("batchnorm")
    >>> sorted(t.backward())
    ['beta', 'gamma', 'x']
    >>> t["xhat"].value.shape, t["xhat"].grad.shape
    ((4, 3), (4, 3))
    >>> bp.gradcheck(t).passed
    True

`trace(layer, x=..., ...)` records a run of a layer by name, of "file.py:function" or of a function. The `Trace` it
returns has `backward(dout)`, `output`, `grad`, `steps`, `["name"]` and `replay(x=...)`, and shows itself: `table()`,
`step(7)`, `entry("dx", (0, 1))`, `derive()`, `diagram()`, `player()`, `gradcheck()`.
`gradcheck(trace)` proves its gradients. `check(backward)` asserts that a backward pass written by hand is right, and
`diagnose(forward, backward)` says what is wrong with it. In a notebook, `%load_ext backpropviz` brings `%%backprop`.
`primitive` makes an operation with a hand-written VJP out of a function. The
other names are operations that NumPy lacks: `im2col`, `col2im`, `stop_gradient` and the like.

Names are imported when they are first used, so that `import backpropviz` costs nothing.
"""

from __future__ import annotations

TYPE_CHECKING = False
"""As in `typing`, which is left to those who need it: until `main` runs, Ctrl-C has no message of ours."""
if TYPE_CHECKING:
    from typing import Any

    from backpropviz.classroom.checking import check as check
    from backpropviz.diagnose.displayed import diagnosed
    from backpropviz.errors import BackpropvizError as BackpropvizError
    from backpropviz.facade import Trace as Trace
    from backpropviz.facade import trace as trace
    from backpropviz.primitives.along import handed_out as handed_out
    from backpropviz.primitives.along import put_along as put_along
    from backpropviz.primitives.along import running_winner as running_winner
    from backpropviz.primitives.custom import primitive as primitive
    from backpropviz.primitives.factors import one_over_gaps as one_over_gaps
    from backpropviz.primitives.joining import put_diagonal as put_diagonal
    from backpropviz.primitives.joining import unpadded as unpadded
    from backpropviz.primitives.reductions import first_winner as first_winner
    from backpropviz.primitives.reductions import how_many as how_many
    from backpropviz.primitives.running import others as others
    from backpropviz.primitives.shapes import put as put
    from backpropviz.primitives.shapes import stop_gradient as stop_gradient
    from backpropviz.primitives.signals import segment as segment
    from backpropviz.primitives.sorting import rank_weights as rank_weights
    from backpropviz.primitives.stores import added as added
    from backpropviz.primitives.stores import last_writes as last_writes
    from backpropviz.primitives.stores import stored as stored
    from backpropviz.primitives.windows import add_windows as add_windows
    from backpropviz.primitives.windows import col2im as col2im
    from backpropviz.primitives.windows import im2col as im2col
    from backpropviz.primitives.windows import output_shape as output_shape
    from backpropviz.study.gradcheck import gradcheck as gradcheck

    diagnose = diagnosed

_HOMES = {
    "trace": "backpropviz.facade",
    "Trace": "backpropviz.facade",
    "gradcheck": "backpropviz.study.gradcheck",
    "check": "backpropviz.classroom.checking",
    "im2col": "backpropviz.primitives.windows",
    "col2im": "backpropviz.primitives.windows",
    "output_shape": "backpropviz.primitives.windows",
    "add_windows": "backpropviz.primitives.windows",
    "one_over_gaps": "backpropviz.primitives.factors",
    "put_diagonal": "backpropviz.primitives.joining",
    "unpadded": "backpropviz.primitives.joining",
    "how_many": "backpropviz.primitives.reductions",
    "first_winner": "backpropviz.primitives.reductions",
    "others": "backpropviz.primitives.running",
    "rank_weights": "backpropviz.primitives.sorting",
    "segment": "backpropviz.primitives.signals",
    "handed_out": "backpropviz.primitives.along",
    "put_along": "backpropviz.primitives.along",
    "running_winner": "backpropviz.primitives.along",
    "put": "backpropviz.primitives.shapes",
    "stored": "backpropviz.primitives.stores",
    "added": "backpropviz.primitives.stores",
    "last_writes": "backpropviz.primitives.stores",
    "stop_gradient": "backpropviz.primitives.shapes",
    "primitive": "backpropviz.primitives.custom",
    "BackpropvizError": "backpropviz.errors",
}
__all__ = sorted(_HOMES)
__version__ = "0.1.0"


def __getattr__(name: str) -> Any:
    import importlib

    if name == "diagnose":  # a package that can be called
        return importlib.import_module("backpropviz.diagnose")
    if name not in _HOMES:
        raise AttributeError(f"module 'backpropviz' has no attribute {name!r}")

    value = globals()[name] = getattr(importlib.import_module(_HOMES[name]), name)
    return value


def __dir__() -> list[str]:
    return [*__all__, "__version__", "diagnose"]


def load_ipython_extension(shell: Any) -> None:
    """`%load_ext backpropviz`: the cell magic `%%backprop`."""
    from backpropviz.facade.magic import load

    load(shell)
