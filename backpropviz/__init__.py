"""Traces and draws the backward pass of NumPy code.

    >>> import backpropviz as bp
    >>> t = bp.trace("batchnorm")
    >>> sorted(t.backward())
    ['beta', 'gamma', 'x']

Names are imported when they are first used, so that `import backpropviz` costs nothing.
"""

import sys
from types import ModuleType
from typing import Any

_HOMES = {
    "trace": "backpropviz.trace",
    "Trace": "backpropviz.trace",
    "gradcheck": "backpropviz.gradcheck",
    "im2col": "backpropviz.primitives.windows",
    "col2im": "backpropviz.primitives.windows",
    "output_shape": "backpropviz.primitives.windows",
    "add_windows": "backpropviz.primitives.windows",
    "first_winner": "backpropviz.primitives.reductions",
    "others": "backpropviz.primitives.reductions",
    "put": "backpropviz.primitives.shapes",
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


class _Package(ModuleType):
    """Importing `backpropviz.trace` sets the module on the package: `bp.trace` has to stay the function."""

    def __setattr__(self, name: str, value: Any) -> None:
        if not (name in _HOMES and isinstance(value, ModuleType)):
            super().__setattr__(name, value)


sys.modules[__name__].__class__ = _Package
