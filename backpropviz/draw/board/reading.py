"""Reads a board off a circuit: which operator a gate shows, and formulas with letters for lengths."""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Iterator

from backpropviz.draw.board.record import Board, Frame, Gate, Use
from backpropviz.draw.circuit import Box, Circuit, Edge, Vertex
from backpropviz.engine.graph import Node
from backpropviz.engine.named import plain
from backpropviz.engine.numbering import bare_number

_SYMBOLS = {
    "add": "+",
    "subtract": "−",
    "multiply": "×",
    "divide": "÷",
    "matmul": "@",
    "dot": "@",
    "negative": "−a",
    "square": "a²",
    "sqrt": "√a",
    "reciprocal": "1/a",
    "absolute": "|a|",
    "transpose": "a.T",
}
_INFIX = {"add": "+", "subtract": "−", "multiply": "×", "divide": "/", "power": "^"}
_RAISED = {2: "²", 3: "³"}
_LENGTH = re.compile(r"\b([A-Za-z_]\w*)\.shape\[(-?\d+)\]")
_WORD = re.compile(r"[A-Za-z_]\w*")
_MOST_TOLD = 600  # letters of a formula: some four lines from one end of a slide to the other


def read_board(circuit: Circuit, title: str = "") -> Board:
    """The board of a circuit: the same gates, and every black edge with the red one that runs back along it."""
    lengths = _Lengths(circuit)
    returning: dict[tuple[int, int], list[Edge]] = defaultdict(list)
    arriving: dict[int, int] = defaultdict(int)
    for edge in circuit.backward:
        returning[id(edge.head), id(edge.tail)].append(edge)
        arriving[id(edge.head)] += 1
    gates = {id(vertex): _gate(vertex, arriving[id(vertex)] > 1, lengths) for vertex in circuit.vertices}
    uses: list[Use] = []
    left = Counter((id(edge.tail), id(edge.head)) for edge in circuit.forward)
    together: dict[tuple[int, int], Use] = {}  # a gate of several operations is shown with one wire for each operand
    for number, edge in enumerate(circuit.forward, 1):
        if edge.tail.outline is not None and edge.head.outline is not None:
            gates[id(edge.head)].keeps |= edge.tail.outline.shape == edge.head.outline.shape
        tail, head, key = gates[id(edge.tail)], gates[id(edge.head)], (id(edge.tail), id(edge.head))
        left[key] -= 1
        back, several = returning[key][: 1 if left[key] else None], arriving[id(edge.tail)] > 1
        if edge.head.kind == "outside" and edge.tail.outline is not None and edge.tail.outline.ndim:
            head.inscription = "loss" if back or not circuit.backward else "output"  # where an array goes on to
        del returning[key][: len(back)]
        terms = None
        if back:
            terms = tuple(
                term for red in back for term in _terms(edge.tail, lengths.shorten(_told(red.formula)), several)
            )
        if key in together:
            before = together[key].terms
            together[key].terms = terms if before is None else before + (terms or ())
            continue
        uses.append(Use(number, tail, head, terms))
        if not is_single(edge.head):
            together[key] = uses[-1]
    return Board(list(gates.values()), uses, title, lengths.legend)


def _told(formula: str) -> str:
    """A formula, or where it is found in steps if no slide has room for it beside a circuit that can be read."""
    if len(formula) <= _MOST_TOLD:
        return formula
    name = re.match(r"[^=]* \+?= ", formula)
    return f"{name[0] if name else ''}(see derive)"


def _terms(vertex: Vertex, formula: str, several: bool) -> Iterator[str]:
    """What is written on a red wire: the gradient's name and what it is equal to."""
    name = vertex.gradient.split(" = ")[0]
    if " += " in formula:  # what each round of a loop adds
        yield formula
        return
    if not several:
        yield name if formula == name else f"{name} = {formula}"
    elif " = " in formula:
        yield formula


def _frame(box: Box) -> Frame:
    """A line around gates; what goes round is drawn, and needs no words in its title."""
    words = f", handing on {', '.join(box.handed_on)}" if box.handed_on else ""
    return Frame(box.id, f"{bare_number(box.label)}  {box.title}".strip().removesuffix(words), box.handed_on)


def _gate(vertex: Vertex, several: bool, lengths: _Lengths) -> Gate:
    frames = tuple(_frame(box) for box in vertex.boxes)
    if vertex.kind == "outside":
        return Gate(vertex.id, "end", "", name=vertex.name)
    assert vertex.outline is not None
    return Gate(
        vertex.id,
        "input" if vertex.kind == "input" else "group" if vertex.kind == "group" else "gate",
        vertex.name if vertex.kind == "input" else inscribed(vertex),
        bare_number(vertex.label),
        vertex.name,
        str(tuple(vertex.outline.shape)),
        lengths.shorten(vertex.gradient) if several else "",
        tuple(map(lengths.shorten, vertex.inner)),
        vertex.value,
        vertex.grad,
        vertex.caption or vertex.code,
        short=_operators(vertex),
        entrywise=vertex.kind != "input" and vertex.node is not None and _is_entrywise(vertex.node),
        frames=frames,
    )


# ---- operators -------------------------------------------------------------------------------------------------------


def inscribed(vertex: Vertex) -> str:
    """What a gate shows: an operator for one operation, the code for several, the function for a closed group."""
    code = " ".join(vertex.code.split()).replace("np.", "").replace("bp.", "")
    code = re.sub(r"\bsqrt\(", "√(", code)
    if vertex.kind == "group":
        return code.split("(")[0] if "(" in code else code
    node = vertex.node
    assert node is not None
    return _operator(node, code) if is_single(vertex) and node.primitive is not None else code


def _operators(vertex: Vertex) -> str:
    """The operators of a step of several operations, in their order."""
    node = vertex.node
    if vertex.kind != "step" or node is None or node.step is None:
        return ""
    names = (each.primitive.name for each in node.step.nodes if each.primitive is not None)
    return " ".join(dict.fromkeys(_SYMBOLS.get(name, name) for name in names))


def is_single(vertex: Vertex) -> bool:
    """Whether a vertex is one operation."""
    node = vertex.node
    return node is not None and (vertex.kind != "step" or node.step is None or len(node.step.nodes) == 1)


def _is_entrywise(node: Node) -> bool:
    return node.primitive is not None and node.primitive.elementwise


def _operator(node: Node, code: str) -> str:
    """An operator, with `a` for the operand where a number stands beside it: a², 1/a, 2×a."""
    assert node.primitive is not None
    name = node.primitive.name
    if name in _INFIX and len(node.args) == 2:
        left, right = node.args
        if not isinstance(left, Node) or not isinstance(right, Node):
            number = str(plain(right if isinstance(left, Node) else left))
            if len(number) > 4 or not re.fullmatch(r"[\d.]+", number):
                return code
            if name == "power" and isinstance(left, Node):
                return f"a{_RAISED[int(number)]}" if number in "23" else f"a^{number}"
            return f"a{_INFIX[name]}{number}" if isinstance(left, Node) else f"{number}{_INFIX[name]}a"
    if name in _SYMBOLS:
        return _SYMBOLS[name]
    if name in ("mean", "sum", "max", "min", "exp", "log", "tanh", "var", "std", "prod", "reshape", "im2col", "col2im"):
        return name
    return code


# ---- lengths ---------------------------------------------------------------------------------------------------------


class _Lengths:
    """Writes one letter for `x.shape[0]`, a letter that no value has."""

    def __init__(self, circuit: Circuit):
        self.arrays = {vertex.name: vertex.outline for vertex in circuit.vertices if vertex.outline is not None}
        texts = [vertex.code + " " + vertex.gradient for vertex in circuit.vertices]
        texts += [edge.formula for edge in circuit.backward]
        self.taken = {*self.arrays, *(word for text in texts for word in _WORD.findall(text))}
        self.legend: dict[str, str] = {}

    def shorten(self, formula: str) -> str:
        return _LENGTH.sub(lambda found: self._letter(found[0], found[1], int(found[2])), formula)

    def _letter(self, text: str, name: str, axis: int) -> str:
        array = self.arrays.get(name)
        letter = "N" if axis == 0 else "D" if array is not None and array.ndim == 2 and axis in (1, -1) else ""
        if array is None or not letter or self.legend.get(letter, text) != text or letter in self.taken:
            return text
        self.legend[letter] = text
        return letter
