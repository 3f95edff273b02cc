"""What a function's source says of its parameters: dictionaries, lists, labels, and how many axes an array has.

Functions of the same file that a parameter is handed to are read as well. After a parameter's name was given to
something else, nothing that is said of the name counts.
"""

from __future__ import annotations

import ast
import inspect
import re
from collections.abc import Mapping
from types import FunctionType
from typing import Any, TypeGuard

import numpy as np

from backpropviz.engine.source import definition_of
from backpropviz.engine.trees import called_name, walk
from backpropviz.layers.bounds import bounds
from backpropviz.layers.conventions import kind_of
from backpropviz.layers.counting import counts
from backpropviz.layers.facts import Reading
from backpropviz.layers.keyed import keyed
from backpropviz.layers.parting import cuts, numbered_rows
from backpropviz.layers.rounds import begun, carried, indexes, keys_of, multiplied

MANY = re.compile(r"weights|biases|[Ww]s|bs|params?|parameters|thetas?|layers|filters|kernels|gammas|betas|grads")
"""What may be a list of arrays, by its name."""

_OF_DICTIONARIES = ("get", "keys", "values", "items", "setdefault", "update")
_KEEPS = ("save_for_backward",)
_PRODUCTS = ("dot", "matmul", "einsum", "tensordot", "inner", "outer", "solve", "vdot")
_OF_ARRAYS = ("sum", "mean", "std", "var", "max", "argmax", "transpose", "cumsum")
_DRAWN = ("binomial", "choice", "bernoulli", "geometric")
_DRAWS = re.compile(r"(sample|draw|random|next)_?\w*(idx|index|token|id)s?$", re.IGNORECASE)
_DEPTH = 3  # so far calls are followed


def read(function: Any, depth: int = _DEPTH) -> Reading:
    """Read a function's source for what it does to its parameters."""
    definition = definition_of(function.__code__)
    reader = _Reader(set(inspect.signature(function).parameters), getattr(function, "__globals__", {}), depth)
    if definition is not None:
        reader.see(definition)
    for inner, names in getattr(function, "stands_for", ()):  # a function around another one
        reader.found.take_over(read(inner, depth), names)
    return reader.found


class _Reader(ast.NodeVisitor):
    def __init__(self, names: set[str], its_globals: Mapping[str, Any], depth: int):
        self.names, self.globals, self.depth = names, its_globals, depth
        self.found = Reading()
        self.until: dict[str, int] = {}
        self.counted: set[str] = set()
        self.begun: dict[str, str] = {}

    def see(self, definition: ast.FunctionDef) -> None:
        for node in walk(definition):
            if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store) and node.id in self.names:
                self.until[node.id] = min(node.lineno, self.until.get(node.id, node.lineno))
        self.counted, self.begun = counts(definition), begun(definition)
        self.found.sizes = self.counted & self.names - {*self.until}
        self.found.cuts = cuts(definition, self.names)
        self.found.rows = numbered_rows(definition, self.names - {*self.until})
        self.found.alike = keyed(definition, self.names - {*self.until})
        self.found.bounds = bounds(definition, self.names - {*self.until})
        self.found.dictionaries |= {*self.found.alike}
        self.found.counted |= {*self.found.alike}
        for statement in definition.body:
            self.visit(statement)

    def _parameter(self, node: ast.AST) -> str:
        """The parameter that an expression is, or nothing."""
        its_own = isinstance(node, ast.Name) and isinstance(node.ctx, ast.Load) and node.id in self.names
        return node.id if its_own and node.lineno <= self.until.get(node.id, node.lineno) else ""  # type: ignore[attr-defined]

    def _has_rank(self, name: str, rank: int) -> None:
        if name and rank > 2:  # two is what is assumed
            self.found.ranks.setdefault(name, rank)

    def visit_Subscript(self, node: ast.Subscript) -> None:
        name, index = self._parameter(node.value), node.slice
        parts = index.elts if isinstance(index, ast.Tuple) else [index]
        self.found.parted |= {name} - {""}
        if name and isinstance(index, ast.Constant) and isinstance(index.value, str):
            self.found.dictionaries.add(name)
        elif name and _has_text(index):
            self.found.dictionaries.add(name)
            self.found.counted.add(name)
        elif name and isinstance(index, ast.Constant) and isinstance(index.value, int) and MANY.fullmatch(name):
            known = self.found.lengths.get(name, 2)
            self.found.lengths[name] = max(known, index.value + 1) if isinstance(known, int) else known
        elif name and not any(map(_adds_axes, parts)):
            self._has_rank(name, len(parts))
        elif name and sorted(map(ast.unparse, parts)) in ([":", "None"], [":", "np.newaxis"]):  # a row, or a column
            self.found.ranks.setdefault(name, 1)
        elif isinstance(index, ast.Constant) and isinstance(index.value, int) and _is_shape(node.value):
            its = self._parameter(node.value.value)  # W.shape[2]
            self._has_rank(its, max(index.value + 1, self.found.ranks.pop(its, 0)))
        elif isinstance(index, ast.Slice) and _is_shape(node.value) and ast.unparse(index) == "1:":
            self.found.series |= {self._parameter(node.value.value)} - {""}
        for part in parts:  # `p[np.arange(N), y]` and `p[i, y[i]]`
            inner = part.value if isinstance(part, ast.Subscript) else part
            if label := self._parameter(inner):
                self.found.labels.add(label)
                if isinstance(part, ast.Subscript) and isinstance(part.slice, ast.Name):  # `x[inputs[t]] = 1`
                    self.found.ranks.setdefault(label, 1)
        self.generic_visit(node)

    def visit_Compare(self, node: ast.Compare) -> None:
        self.found.numbers |= self._named(node.left, *node.comparators)
        asked = [its.value for its in node.comparators if isinstance(its, ast.Constant) and isinstance(its.value, str)]
        if (name := self._parameter(node.left)) and asked and isinstance(node.ops[0], ast.Eq):
            self.found.words.setdefault(name, []).extend(asked)
        if isinstance(node.left, ast.Constant) and isinstance(node.left.value, str) and isinstance(node.ops[0], ast.In):
            self.found.dictionaries |= set(filter(None, map(self._parameter, node.comparators)))
        self.generic_visit(node)

    def visit_Attribute(self, node: ast.Attribute) -> None:
        name = self._parameter(node.value)
        kept = isinstance(node.ctx, ast.Store) and not hasattr(np.ndarray, node.attr)
        if name and (kept or node.attr in _KEEPS):
            self.found.contexts.add(name)
        elif name and node.attr in _OF_DICTIONARIES:
            self.found.dictionaries.add(name)
            self.found.counted |= set() if node.attr in ("get", "setdefault") else {name}
        elif name and hasattr(np.ndarray, node.attr):
            self.found.asked.add(name)
        elif name and _DRAWS.search(node.attr):
            self.found.drawn[name] = node.attr
        self.generic_visit(node)

    def visit_BinOp(self, node: ast.BinOp) -> None:
        if isinstance(node.op, ast.Pow) or (isinstance(node.left, ast.Constant) and node.left.value == 1):
            self.found.numbers |= self._named(node.right)  # the p of a p-norm
        if isinstance(node.op, ast.Pow):
            self.found.exponents |= self._named(node.right)
        among = self.found.factors if isinstance(node.op, ast.MatMult) else self.found.met
        among |= self._named(node.left, node.right)
        if isinstance(node.op, ast.MatMult):
            self._multiplies(node.left, node.right)
        self.generic_visit(node)

    def _multiplies(self, left: ast.expr, right: ast.expr) -> None:
        """`x[:, t] @ Wx`: rows of one moment, of an array with one axis more than is written."""
        if not isinstance(left, ast.Subscript) or not isinstance(left.slice, ast.Tuple):
            return
        whole = [part for part in left.slice.elts if isinstance(part, ast.Slice) and part.lower is part.upper is None]
        picked = [part for part in left.slice.elts if isinstance(part, ast.Name)]
        if len(whole) == len(picked) == 1 and kind_of(getattr(right, "id", "")) == "weight":
            self._has_rank(self._parameter(left.value), len(left.slice.elts) + 1)

    def _holds_several(self, name: str) -> None:
        """`params[:n].reshape(h, d)`: one vector of all parameters."""
        if name:
            self.found.flat.add(name)
            self.found.ranks[name] = 1

    def _named(self, *operands: ast.expr) -> set[str]:
        """The parameters that operands are, or are the transposed of."""
        bare = (its.value if isinstance(its, ast.Attribute) and its.attr == "T" else its for its in operands)
        return {*map(self._parameter, bare)} - {""}

    def _contracted(self, subscripts: str, operands: list[ast.expr]) -> None:
        """`np.einsum("ni,kij->nkj", x, W)` counts the axes of x and W, and in `W[ids]` those of ids."""
        for letters, operand in zip(subscripts.partition("->")[0].split(","), operands):
            looked_up = self._parameter(operand.slice) if isinstance(operand, ast.Subscript) else ""
            name, axes = looked_up or self._parameter(operand), letters.replace(" ", "")
            if name and axes.isalpha():
                self.found.ranks.setdefault(name, len(axes) - bool(looked_up))

    def visit_Call(self, node: ast.Call) -> None:
        method = called_name(node)
        owner = self._parameter(node.func.value) if isinstance(node.func, ast.Attribute) else ""
        first = self._parameter(node.args[0]) if node.args else ""
        if method in _PRODUCTS:
            self.found.factors |= self._named(*node.args) | ({owner} - {""})
            if method in ("dot", "matmul") and len(node.args) == 2:
                self._multiplies(*node.args)
            subscripts = node.args[0] if node.args else None
            if method == "einsum" and isinstance(subscripts, ast.Constant) and isinstance(subscripts.value, str):
                self._contracted(subscripts.value, node.args[1:])
        if method in _DRAWN:
            self.found.numbers |= self._named(*node.args, *(option.value for option in node.keywords))
        if method in _OF_ARRAYS or "linalg" in ast.unparse(node.func):
            self.found.asked |= {first} - {""}
        if method == "len" and first:
            self.found.counted.add(first)
        if method == "reshape":
            of_module = isinstance(node.func, ast.Attribute) and getattr(node.func.value, "id", "") in ("np", "numpy")
            cut = node.args[0] if of_module and node.args else getattr(node.func, "value", None)
            if isinstance(cut, ast.Subscript) and isinstance(cut.slice, ast.Slice):
                self._holds_several(self._parameter(cut.value))
        if method == "astype" and owner and node.args and "int" in ast.unparse(node.args[0]):
            self.found.labels.add(owner)
        if method == "transpose":
            axes = node.args if owner else node.args[1:]
            axes = axes[0].elts if len(axes) == 1 and isinstance(axes[0], ast.Tuple | ast.List) else axes
            self._has_rank(owner or first, len(axes))
        if method == "pad" and len(node.args) > 1 and isinstance(node.args[1], ast.Tuple | ast.List):
            widths = node.args[1].elts
            if any(isinstance(width, ast.Tuple | ast.List) for width in widths):
                self._has_rank(first, len(widths))
        axis = next((option.value for option in node.keywords if option.arg == "axis"), None)
        if isinstance(axis, ast.Tuple):
            numbers = [part.value for part in axis.elts if isinstance(part, ast.Constant)]
            self._has_rank(owner or first, 1 + max((n for n in numbers if isinstance(n, int)), default=0))
        elif axis is not None:
            self.found.axes |= {self._parameter(axis)} - {""}
        called = self.globals.get(node.func.id) if isinstance(node.func, ast.Name) else None
        if isinstance(called, FunctionType) and self.depth:
            parameters = list(inspect.signature(called).parameters)
            handed = {name: self._parameter(argument) for name, argument in zip(parameters, node.args)}
            handed |= {option.arg: self._parameter(option.value) for option in node.keywords if option.arg}
            handed = {name: mine for name, mine in handed.items() if mine}
            if handed:
                self.found.take_over(read(called, self.depth - 1), handed)
        self.generic_visit(node)

    def visit_Assign(self, node: ast.Assign) -> None:
        target = node.targets[0]
        if isinstance(target, ast.Tuple | ast.List):
            pairs = [(target, node.value)]
            if isinstance(node.value, ast.Tuple) and len(node.value.elts) == len(target.elts):
                pairs = [(t, v) for t, v in zip(target.elts, node.value.elts) if isinstance(t, ast.Tuple | ast.List)]
            for left, right in pairs:
                self._unpacked(left.elts, right)
        self.generic_visit(node)

    def _unpacked(self, targets: list[ast.expr], value: ast.expr) -> None:
        """`W1, b1 = params` is a list, `N, D = x.shape` counts the axes of x."""
        if any(isinstance(target, ast.Starred) for target in targets):
            return
        if name := self._parameter(value):
            words = [target.id for target in targets if isinstance(target, ast.Name)]
            is_list = any(kind_of(word) != "main" for word in words) or MANY.fullmatch(name) or kind_of(name) == "state"
            if len(words) == len(targets) and is_list:
                self.found.lengths[name] = words
                self.found.sizes |= {f"{name}.{word}" for word in words if word in self.counted}
        elif _is_shape(value) and (name := self._parameter(value.value)):
            self.found.ranks[name] = len(targets)

    def visit_For(self, node: ast.For | ast.comprehension) -> None:
        """`for W, b in params` and `for W, b in zip(weights, biases)`."""
        each = node.target.id if isinstance(node.target, ast.Name) else ""
        lists = [name for part in walk(node.iter) if MANY.fullmatch(name := self._parameter(part))]
        lists = [name for name in lists if name not in self.found.dictionaries]
        if lists and not isinstance(node.iter, ast.Attribute | ast.Subscript):
            self.found.lengths |= dict.fromkeys(lists, 2)
            if len(lists) == 1 and isinstance(node.target, ast.Tuple) and isinstance(node.iter, ast.Name):
                words = [target.id for target in node.target.elts if isinstance(target, ast.Name)]
                self.found.lengths[lists[0]] = [words, words]
            keys = keys_of(each, node) if isinstance(node.iter, ast.Name) else {}
            if len(lists) == 1 and keys:  # for layer in layers: x @ layer["W"]
                self.found.lengths[lists[0]] = [keys, keys]
        many = self._parameter(node.iter)
        if each and many and many not in self.found.alike and indexes(each, node):
            self.found.labels.add(many)  # `for word in words: total += table[word]`
            self.found.parted.add(many)
            self.found.ranks.setdefault(many, 1)
        if each and isinstance(node, ast.For):
            self._batches(each, many, node)
        self.generic_visit(node)

    visit_comprehension = visit_For

    def _batches(self, each: str, many: str, loop: ast.For) -> None:
        """`for X in inputs: H = np.tanh(X @ W_xh + H @ W_hh)`: a batch for every moment, one to start from."""
        rows = multiplied(loop)
        through = {many} if each in rows else {name for name in self.names if f"{name}[{each}]" in rows}
        states = carried(loop) & rows
        states |= {name for name in self.begun if {f"{name}[-1]", f"{name}[{each}]"} & rows}
        if through and states:
            for name in through - {""}:
                self._has_rank(name, 3)
            for name in {self.begun.get(state, state) for state in states} & self.names:
                self.found.ranks.setdefault(name, 2)


def _adds_axes(index: ast.expr) -> bool:
    """Whether a part of an index may stand for several axes, or for none: `...`, None, np.newaxis."""
    if isinstance(index, ast.Constant):
        return index.value is None or index.value is ...
    return isinstance(index, ast.Attribute | ast.Starred)


def _is_shape(node: ast.expr) -> TypeGuard[ast.Attribute]:
    return isinstance(node, ast.Attribute) and node.attr == "shape"


def _has_text(node: ast.AST) -> bool:
    """Whether a key is put together from text: `f"W{i}"`, `"W" + str(i)`."""
    if not isinstance(node, ast.JoinedStr | ast.BinOp):
        return False
    return any(isinstance(part, ast.Constant) and isinstance(part.value, str) for part in walk(node))
