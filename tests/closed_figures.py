"""Prints the table of closed forms: `python tests/closed_figures.py [LAYER ...]`, a row for each layer that has one.

Times are those of the whole function, with the forward values that it recomputes, on the layer's sizes for `compare`.
"""

import sys
import time

from backpropviz.code.derive import derive
from backpropviz.layers.library import layer_names, load
from backpropviz.study.closed.form import closed_form


def seconds(code, name, arguments, settings):
    """The shortest of a hundred calls."""
    scope = {}
    exec(code, scope)
    function, taken = scope[name], scope[name].__code__
    given = {n: settings[n] for n in taken.co_varnames[: taken.co_argcount + taken.co_kwonlyargcount] if n in settings}
    best = float("inf")
    for _ in range(100):
        start = time.perf_counter()
        function(*arguments, **given)
        best = min(best, time.perf_counter() - start)
    return best


def row(name):
    """One line of the table; "" where nothing is shorter."""
    layer = load(name)
    form = closed_form(layer)
    if not form.is_shorter:
        return ""
    shapes, _ = layer.case("compare")
    trace = layer.trace(shapes=shapes)
    trace.backward()
    arguments = [*(n.value for n in trace.upstream.values()), *(n.value for n in trace.inputs.values())]
    long, short = (
        seconds(code, form.program.listing.name, arguments, trace.settings) for code in (derive(trace), form.code)
    )
    proof = f"{form.proof.runs} random inputs, {form.proof.shapes} shapes"
    return f"| {name} | {form.before} | {form.after} | {long / short:.2f} | {proof} |"


if __name__ == "__main__":
    print("| layer | operations before | after | times faster | proved |\n|---|---|---|---|---|")
    for each in sys.argv[1:] or layer_names():
        if line := row(each):
            print(line, flush=True)
