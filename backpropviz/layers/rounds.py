"""What a loop says of what it goes through: rows, words, dictionaries, a batch for every moment."""

from __future__ import annotations

import ast

from backpropviz.engine.trees import walk
from backpropviz.layers.keyed import lookups


def indexes(name: str, loop: ast.AST) -> bool:
    """Whether something is indexed in a loop with this name alone."""
    places = (node.slice for node in walk(loop) if isinstance(node, ast.Subscript))
    return any(isinstance(place, ast.Name) and place.id == name for place in places)


def keys_of(name: str, loop: ast.AST) -> dict[str, None]:
    """The words that a variable is indexed with in a loop, in order."""
    keys = [index.value for of, index in lookups(loop) if of == name and isinstance(index, ast.Constant)]
    return dict.fromkeys(key for key in keys if isinstance(key, str))


def multiplied(loop: ast.For) -> set[str]:
    """What products of matrices in a loop have on their left, as it is written: rows, `X` or `x[t]`."""
    found = set()
    for node in walk(loop):
        match node:
            case ast.BinOp(left, ast.MatMult()):
                found.add(ast.unparse(left))
            case ast.Call(ast.Attribute(ast.Name("np" | "numpy"), "dot" | "matmul"), [left, _]):
                found.add(ast.unparse(left))
            case ast.Call(ast.Attribute(left, "dot"), [_]):
                found.add(ast.unparse(left))
    return found


def carried(loop: ast.For) -> set[str]:
    """The names by which a round goes on with what the one before it made: `h = f(x, h)`; a sum that grows is none."""
    names = [node for node in walk(loop) if isinstance(node, ast.Name)]
    read = [(name.id, name.lineno) for name in names if isinstance(name.ctx, ast.Load)]
    made = [part for node in walk(loop) if isinstance(node, ast.Assign) for part in walk(node)]
    stored = [part for part in made if isinstance(part, ast.Name) and isinstance(part.ctx, ast.Store)]
    return {its.id for its in stored if any(name == its.id and line <= its.lineno for name, line in read)}


def begun(definition: ast.FunctionDef) -> dict[str, str]:
    """What names start from: H of `hs = [H]`, h0 of `h = h0`."""
    found = {}
    for node in walk(definition):
        match node:
            case ast.Assign([ast.Name(name)], ast.Name(start) | ast.List([ast.Name(start)])):
                found[name] = start
    return found
