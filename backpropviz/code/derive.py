"""Prints the backward pass as NumPy code a person would write: a comment per step, in reverse order."""

from __future__ import annotations

from backpropviz.code.listing import Listing
from backpropviz.code.reach import as_far, is_right
from backpropviz.code.straight import listing
from backpropviz.engine.keeping import uncollected
from backpropviz.engine.trace import Trace


def derive(trace: Trace) -> str:
    """`written`, as text that says where it does not hold."""
    return str(as_far(trace, written, is_right))


@uncollected()
def written(trace: Trace) -> Listing:
    """The backward pass of a trace as a NumPy function of the upstream gradient, the inputs and the settings.

    Executed, it gives the same gradients as the trace. Sizes are written by name (`N`, `x.shape[0]`), so it also holds
    for inputs of other shapes with the same number of axes. Loops stay loops where all their rounds do the same.

    Raises:
        TraceError: nothing that the output depends on carries a gradient.
    """
    if trace.loops:
        from backpropviz.code.rolled import rolled  # what only functions with loops need

        if not trace.upstream:
            trace.backward()
        reasons: list[str] = []
        code = rolled(trace, reasons=reasons, shelves=True)
        if code is None:
            code = listing(trace)
            code.remarks[:0] = reasons
    else:
        code = listing(trace)
    code.remarks += _called_again(trace)
    return code


def _called_again(trace: Trace) -> list[str]:
    """What is said of functions that call themselves: how deep is known for these inputs alone."""
    deepest: dict[str, int] = {}
    for group in trace.groups:
        around, depth = group.parent, int(group.function == trace.layer)
        while around is not None:
            depth += around.function == group.function
            around = around.parent
        if depth:
            deepest[group.function] = max(deepest.get(group.function, 0), depth)
    return [
        f"{name} calls itself, {depth} deep with these inputs: only a run tells how deep, so its calls are written out"
        for name, depth in deepest.items()
    ]
