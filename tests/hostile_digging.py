"""Hand-ins that look in memory for what works gradients out: by subclasses of `object`, frames, what helpers read."""

from __future__ import annotations

from tests.hostile import Hostile, relu

_TOOLS = """
import sys
from backpropviz import put
def its(x):
    out = np.maximum(0, x)
    return out
def below(kind, seen):
    for other in type.__subclasses__(kind):
        if other not in seen:
            seen.add(other)
            yield other
            yield from below(other, seen)
def rooms(globals_):
    waiting, seen = [globals_], set()
    while waiting:
        room = waiting.pop()
        if isinstance(room, dict) and id(room) not in seen:
            seen.add(id(room))
            yield room
            for value in list(room.values()):
                held = list(vars(value).values()) if isinstance(value, type) else []
                waiting += [getattr(each, "__globals__", None) for each in (value, *held)]
def by(make, x, dout):
    try:
        trace = make()
        trace.backward(dout)
        return trace["x"].grad
    except Exception:
        return None
def ours(name):
    return [its for its in below(object, set()) if its.__name__ == name and its.__module__.startswith("backpropviz")]
"""


def _digs(name: str, lines: str) -> Hostile:
    """A relu that hands `found` back if what it looks for is there."""
    backward = f"x, found = cache, None\n{lines.strip()}"
    return Hostile(f"digs_for_{name}", relu(top=_TOOLS, backward=backward, returns="dout if found is None else found"))


DIGGING = [
    _digs("a_recorder", """
for kind in ours("Recorder"):
    found = by(lambda: kind(its).run(its, {"x": x}, {}), x, dout) if hasattr(kind, "run") else found
"""),
    _digs("a_recorder_in_what_helpers_read", """
for room in rooms(put.__globals__):
    kind = room.get("Recorder")
    found = by(lambda: kind(its).run(its, {"x": x}, {}), x, dout) if hasattr(kind, "run") else found
"""),
    _digs("a_recorder_in_the_frames", """
frame = sys._getframe()
while frame is not None:
    for room in rooms(frame.f_globals):
        kind = room.get("Recorder")
        found = by(lambda: kind(its).run(its, {"x": x}, {}), x, dout) if hasattr(kind, "run") else found
    frame = frame.f_back
"""),
    _digs("what_records", """
for kind in below(object, set()):
    for room in rooms(getattr(vars(kind).get("__init__"), "__globals__", None)):
        record = room.get("record")
        if found is None and str(getattr(record, "__module__", "")).startswith("backpropviz"):
            found = by(lambda: record(its, {"x": x}, {}), x, dout)
"""),
    _digs("a_layer", """
for kind in ours("Layer"):
    for value in list(vars(kind).values()):
        for room in rooms(getattr(value, "__globals__", None)):
            if found is None and "load" in room:
                found = by(lambda: room["load"]("relu").trace({}, inputs={"x": x}), x, dout)
"""),
    _digs("the_table_of_derivatives", """
for room in rooms(put.__globals__):
    table = room.get("PRIMITIVES")
    if table and found is None:
        try:
            found = dict.__getitem__(table, np.maximum).gradient(1).vjp(dout, np.maximum(0, x), 0, x)
        except Exception:
            pass
"""),
    _digs("the_derivatives_of_an_operation", """
for room in rooms(put.__globals__):
    for value in list(room.values()):
        if getattr(value, "name", "") == "maximum" and getattr(value, "gradients", ()):
            found = value.gradients[1].vjp(dout, np.maximum(0, x), 0, x)
"""),
    _digs("a_tape", """
for kind in ours("Tape"):
    try:
        tape = kind()
        out = np.maximum(0, tape.input(x, "x"))
        found = out
    except Exception:
        pass
"""),
    _digs("the_right_values", """
for kind in below(object, set()):
    for value in list(vars(kind).values()):
        for room in rooms(getattr(value, "__globals__", None)):
            for right in list(room.values()):
                gradients = getattr(right, "gradients", None)
                if isinstance(gradients, dict) and "dx" in gradients:
                    found = gradients["dx"]
"""),
    _digs("what_traces_by_name", """
for kind in below(object, set()):
    for room in rooms(getattr(vars(kind).get("__init__"), "__globals__", None)):
        for name in ("trace", "derive", "gradcheck", "written"):
            if found is None and str(getattr(room.get(name), "__module__", "")).startswith("backpropviz"):
                found = by(lambda: room[name](its, x=x), x, dout)
"""),
]  # fmt: skip
"""Each is right of what the engine says, if it gets at it."""
