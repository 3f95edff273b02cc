"""What a loop says of what it goes through: rows, words, dictionaries, a batch for every moment."""

from __future__ import annotations

import ast


def indexes(name: str, loop: ast.AST) -> bool:
    """Whether something is indexed in a loop with this name alone."""
    places = (node.slice for node in ast.walk(loop) if isinstance(node, ast.Subscript))
    return any(isinstance(place, ast.Name) and place.id == name for place in places)


def keys_of(name: str, loop: ast.AST) -> dict[str, None]:
    """The words that a variable is indexed with in a loop, in order."""
    entries = (node for node in ast.walk(loop) if isinstance(node, ast.Subscript))
    its_own = [each.slice for each in entries if isinstance(each.value, ast.Name) and each.value.id == name]
    keys = [key.value for key in its_own if isinstance(key, ast.Constant)]
    return dict.fromkeys(key for key in keys if isinstance(key, str))


def multiplied(loop: ast.For) -> set[str]:
    """The names that products of matrices in a loop have on their left: rows."""
    found = set()
    for node in ast.walk(loop):
        match node:
            case ast.BinOp(ast.Name(name), ast.MatMult()):
                found.add(name)
            case ast.Call(ast.Attribute(_, "dot" | "matmul"), [ast.Name(name), _]):
                found.add(name)
            case ast.Call(ast.Attribute(ast.Name(name), "dot"), [_]):
                found.add(name)
    return found


def carries(loop: ast.For) -> bool:
    """Whether a round goes on with what the one before it made: `h = f(x, h)`; a sum that grows is none."""
    names = [node for node in ast.walk(loop) if isinstance(node, ast.Name)]
    read = [(name.id, name.lineno) for name in names if isinstance(name.ctx, ast.Load)]
    made = [part for node in ast.walk(loop) if isinstance(node, ast.Assign) for part in ast.walk(node)]
    stored = [part for part in made if isinstance(part, ast.Name) and isinstance(part.ctx, ast.Store)]
    return any(name == its.id and line <= its.lineno for its in stored for name, line in read)
