"""Which statements a result may depend on, by names alone."""

from __future__ import annotations

import ast
from collections.abc import Iterable, Iterator

from backpropviz.diagnose.pairs.protocols.names import bare, gradient_of
from backpropviz.diagnose.pairs.recognition import Pair
from backpropviz.diagnose.student.program import Program
from backpropviz.diagnose.student.recorder import Statement
from backpropviz.study.values.trees import called, elements, names_in

_FEATURES = {"shape", "size", "ndim", "dtype"}


def taken_as_right(program: Program, pair: Pair, function: str) -> set[int]:
    """The statements that an output rests on which is taken as right: they are not to blame for any gradient."""
    its = program.student.wrapped.get(pair.forward)
    statements = program.statements(function)
    if its is not None and function == its.forward == its.backward:
        return _behind_the_loss(statements)  # it is in one with its gradient
    if its is not None and function == its.forward and "." in function:
        return leading_to(statements, None)
    if function != (its.forward if its is not None else pair.forward):
        return set()
    # where the cache is packed is not taken as right
    returns = {s.index for s in statements if isinstance(s.node, ast.Return) and isinstance(s.node.value, ast.Tuple)}
    return leading_to(statements, set(range(len(pair.layer.outputs)))) - returns


def _behind_the_loss(statements: list[Statement]) -> set[int]:
    """What the loss is made of where it is made, in a function that returns it first; not what is made of that later
    under the same name."""
    returns = [its for its in statements if isinstance(its.node, ast.Return) and isinstance(its.node.value, ast.Tuple)]
    if not returns or not isinstance(loss := returns[-1].node.value.elts[0], ast.Name):  # type: ignore[attr-defined]
        return set()
    return behind(statements, {loss.id}, returns[-1].index)


def wrong_positions(wants: tuple[str, ...], cells: set[str], stage: str) -> set[int] | None:
    """The positions of the wrong gradients in what the backward pass returns; None for "all"."""
    if stage == "forward":
        return None
    names = [f"d{name}" for name in wants]
    found = {names.index(cell.split()[0]) for cell in cells if cell.split()[0] in names}
    return found or None


def right_positions(wants: tuple[str, ...], cells: set[str]) -> set[int]:
    """The positions of the right gradients in what the backward pass returns."""
    return {i for i, name in enumerate(wants) if f"d{name}" not in cells}


def leading_to(statements: list[Statement], positions: set[int] | None) -> set[int]:
    """The statements that what is returned at these positions may depend on, by names alone."""
    needed: set[str] = set()
    chosen: set[int] = set()
    for statement in statements:
        if isinstance(statement.node, ast.Return) and statement.node.value is not None:
            value = statement.node.value
            parts: Iterable[ast.AST] = [value]
            if positions is not None and isinstance(value, ast.Tuple) and len(value.elts) > max(positions):
                parts = [value.elts[i] for i in positions]
            needed |= {n.id for part in parts for n in ast.walk(part) if isinstance(n, ast.Name)}
            chosen.add(statement.index)
    compound = [its for its in statements if isinstance(its.node, ast.If | ast.For | ast.While)]
    inside = {its.index: {*ast.walk(its.node)} for its in compound}
    within = {at: [inner for inner in statements if inner.node in nodes] for at, nodes in inside.items()}
    before = -1
    while before != len(chosen) + len(needed):
        before = len(chosen) + len(needed)
        for statement in statements:
            node = statement.node
            leads = any(needed & set(inner.targets) for inner in within.get(statement.index, []))
            if leads or (needed & set(statement.targets) and not isinstance(node, ast.For)):
                chosen.add(statement.index)
                head = getattr(node, "test", node) if not isinstance(node, ast.For) else node.iter
                needed |= names_in(head)
    return chosen


def behind_right(statements: list[Statement], wants: tuple[str, ...], cells: set[str]) -> set[int]:
    """The statements behind gradients that came out right, where names say which these are: `dW2` that is returned,
    alone or in a dictionary, or `grads["dW2"] = ...`."""
    right = {bare(name) for name in wants if f"d{name}" not in cells}
    found: set[int] = set()
    for statement in statements:
        for word, part in _named_parts(statement.node):
            if gradient_of(word) in right:
                found |= behind(statements, reads(part), statement.index)
    return found


def _named_parts(node: ast.stmt) -> Iterator[tuple[str, ast.expr]]:
    """What a statement returns, or keeps by a key, with what it is called."""
    value = getattr(node, "value", None)
    if isinstance(node, ast.Return) and isinstance(value, ast.Tuple):
        yield from ((ast.unparse(part), part) for part in value.elts)
    if isinstance(node, ast.Return | ast.Assign) and isinstance(value, ast.Dict):
        yield from ((str(getattr(key, "value", "")), part) for key, part in zip(value.keys, value.values))
    if isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Subscript):
        yield str(getattr(node.targets[0].slice, "value", "")), node.value


def behind(statements: list[Statement], names: set[str], before: int) -> set[int]:
    """The statements that names are made of where they stand before another; one that sets a name anew hides none."""
    found: set[int] = set()
    waiting = [(name, before) for name in names]
    seen = {*waiting}
    while waiting:
        name, end = waiting.pop()
        for statement in statements:
            if statement.index >= end or name not in statement.targets:
                continue
            found.add(statement.index)
            new = {(read, statement.index) for read in reads(statement.node)} - seen
            seen |= new
            waiting += new
    return found


def looks_up(node: ast.AST) -> bool:
    """A statement takes out what was put in elsewhere: `mean = cache['mean']`, `x, w = cache`. A wrong value comes from
    where it was put in."""
    if not isinstance(node, ast.Assign):
        return False
    is_unpacked = isinstance(node.targets[0], ast.Tuple) and isinstance(node.value, ast.Name)
    return is_unpacked or all(
        isinstance(part, ast.Subscript) and isinstance(part.value, ast.Name) and isinstance(part.slice, ast.Constant)
        for part in elements(node.value)
    )


def reads(tree: ast.AST) -> set[str]:
    """The names whose values are read; whose shape is asked for is none of them."""
    found: set[str] = set()
    waiting = [tree]
    while waiting:
        node = waiting.pop()
        if isinstance(node, ast.Attribute) and node.attr in _FEATURES:
            continue
        if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Load):
            found.add(node.id)
        if isinstance(node, ast.AugAssign) and isinstance(node.target, ast.Name):
            found.add(node.target.id)
        if called(node) != "len":
            waiting += ast.iter_child_nodes(node)
    return found
