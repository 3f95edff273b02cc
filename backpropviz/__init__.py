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
returns has `backward(dout)`, `output`, `grad`, `steps`, `["name"]`, `replay(x=...)`, `derive()` and `diagram()`.
`gradcheck(trace)` proves its gradients. `check(backward)` asserts that a backward pass written by hand is right.
`primitive` makes an operation with a hand-written VJP out of a function. The
other names are operations that NumPy lacks: `im2col`, `col2im`, `stop_gradient` and the like.

Names are imported when they are first used, so that `import backpropviz` costs nothing.
"""

from typing import Any

_HOMES = {
    "trace": "backpropviz.facade",
    "Trace": "backpropviz.facade",
    "gradcheck": "backpropviz.study.gradcheck",
    "check": "backpropviz.classroom.checking",
    "im2col": "backpropviz.primitives.windows",
    "col2im": "backpropviz.primitives.windows",
    "output_shape": "backpropviz.primitives.windows",
    "add_windows": "backpropviz.primitives.windows",
    "first_winner": "backpropviz.primitives.reductions",
    "others": "backpropviz.primitives.running",
    "rank_weights": "backpropviz.primitives.sorting",
    "segment": "backpropviz.primitives.signals",
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
    if name not in _HOMES:
        raise AttributeError(f"module 'backpropviz' has no attribute {name!r}")
    import importlib

    value = globals()[name] = getattr(importlib.import_module(_HOMES[name]), name)
    return value


def __dir__() -> list[str]:
    return [*__all__, "__version__"]
