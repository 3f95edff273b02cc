"""What Python users hold: `trace`, a trace that shows itself, and the magic of notebooks."""

from backpropviz.facade.traces import Trace, trace

__all__ = ["Trace", "trace"]
