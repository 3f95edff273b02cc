"""The manual's "what is above reads what is below", held against the imports, lazy and for types alone included."""

import ast
import re
from functools import cache
from pathlib import Path

import pytest

import backpropviz
from backpropviz.code.straight import listing
from backpropviz.layers.library import layer_names, load
from backpropviz.show.view import view

PACKAGE = Path(backpropviz.__file__).parent
PAGE = PACKAGE / "manual" / "contributors.md"


def rooms():
    """The manual's table of packages, from the top floor down."""
    rows = re.findall(r"^\| (`[a-z`, ]+) \| [^|]+ \|$", PAGE.read_text(encoding="utf-8"), re.M)
    return [re.findall(r"`(\w+)`", row) for row in rows]


def floor_of():
    floors = {room: number for number, row in enumerate(reversed(rooms())) for room in row}
    return {**floors, "errors": -1, "files": -1, "text": -1, "__version__": -1}


@cache
def imports(path):
    """The rooms that a module reads, as `(room, line)`."""
    return list(_imports(path))


def _imports(path):
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.ImportFrom) and node.module == "backpropviz":
            for alias in node.names:
                yield alias.name, node.lineno
        elif isinstance(node, ast.ImportFrom) and node.module and node.module.startswith("backpropviz."):
            yield node.module.split(".")[1], node.lineno
        elif isinstance(node, ast.Import):
            yield from ((n.name.split(".")[1], node.lineno) for n in node.names if n.name.startswith("backpropviz."))


def room(path):
    return path.relative_to(PACKAGE).parts[0].removesuffix(".py")


def modules():
    return [p for p in PACKAGE.rglob("*.py") if room(p) not in ("__init__", "__main__", "graphs")]


def test_every_room_is_in_the_table():
    assert {room(path) for path in modules()} == set(floor_of()) - {"__version__"}


def test_what_is_above_reads_what_is_below():
    floors = floor_of()
    upward = [
        f"{path.relative_to(PACKAGE)}, line {line}, reads {other}, which is above it"
        for path in modules()
        for other, line in imports(path)
        if floors.get(other, 99) > floors[room(path)]
    ]
    assert not upward


def test_rooms_of_one_floor_read_each_other_one_way():
    reads = {(room(path), other) for path in modules() for other, _ in imports(path) if other != room(path)}
    circles = [(one, other) for one, other in reads if (other, one) in reads]
    assert not circles


IN_CIRCLES = {"engine.trace", "engine.gradient_names", "engine.traced", "engine.tape"}
"""Modules of types that name each other."""


def test_modules_read_each_other_one_way():
    """Also for types alone, and over others: what A reads does not read A."""
    names = {".".join(path.relative_to(PACKAGE).with_suffix("").parts): path for path in modules()}
    waiting = {name: set(_modules_read(path, names)) for name, path in names.items() if name not in IN_CIRCLES}
    while free := [name for name, reads in waiting.items() if not reads & waiting.keys()]:
        for name in free:
            del waiting[name]
    assert not waiting


def _modules_read(path, names):
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.ImportFrom) and node.module and node.module.startswith("backpropviz."):
            base = node.module.removeprefix("backpropviz.")
            for alias in node.names:
                inner = f"{base}.{alias.name}"
                yield inner if inner in names else base


# ---- one room makes the gradients' names -----------------------------------------------------------------------------

USERS = Path(__file__).parent / "users.py"


def named_gradients(trace):
    """What table and derived code call the gradients, each with its array."""
    shown = view(trace)
    table = {flow.name: flow for flow in shown.backward if not flow.shared}
    code = {statement.name: statement.node.value for statement in listing(trace).backward}
    return table, code, {flow.name for flow in shown.backward}


@pytest.mark.parametrize("name", [*layer_names(), "one_head", "residual", "reused", "normed", "numbered", "clash"])
def test_table_and_derived_code_say_the_same_names(name):
    trace = load(name if name in layer_names() else f"{USERS}:{name}").trace()
    trace.backward()
    table, code, said = named_gradients(trace)
    inputs = {f"d{name}" for name in trace.inputs}
    assert set(code) <= said | inputs
    for written, array in code.items():
        if written in table:
            assert table[written].value.tobytes() == array.tobytes(), written


@pytest.mark.parametrize("name", [*layer_names(), "one_head", "residual", "reused", "normed", "numbered", "clash"])
@pytest.mark.parametrize("ops", [False, True])
def test_the_picture_says_the_names_of_the_code(name, ops):
    from backpropviz.draw.wiring import read_circuit

    trace = load(name if name in layer_names() else f"{USERS}:{name}").trace()
    trace.backward()
    code = {statement.name: statement.node for statement in listing(trace).backward}
    every = trace.gradient_names.inside | {node: node.name for node in (*trace.nodes, *trace.red.nodes) if node.name}
    known = set(every.values()) | {n for names in trace.gradient_names.terms.values() for n in names}
    circuit = read_circuit(trace, ops, [group.function for group in trace.groups])
    drawn = [vertex.gradient for vertex in circuit.vertices] + [edge.formula for edge in circuit.backward]
    written = {word for text in drawn for word in re.findall(r"(?<![\w.])d[A-Za-z]\w*", text)}
    if ops:  # the gradient of an operation that code has no name for goes by that on its card
        known |= {f"d{vertex.name}" for vertex in circuit.vertices if vertex.kind == "operation"}
    if trace.loops:  # the parts of a gradient are counted within their round, not over all of them
        written, known = ({re.sub(r"_\d+$", "", word) for word in words} for words in (written, known))
    assert written - {"dtype"} <= known | set(code)
