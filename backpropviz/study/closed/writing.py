"""Writes what was found as textbooks print it: factors in front, the size once, minus signs last."""

from __future__ import annotations

import ast
import re
from collections import Counter
from collections.abc import Mapping
from fractions import Fraction
from typing import Any

from backpropviz.study.values.sums import Coefficient, Sum
from backpropviz.study.values.trees import binary, expression, name, names_in, number, operations

_TIMES, _OVER, _PLUS, _MINUS = ast.Mult(), ast.Div(), ast.Add(), ast.Sub()


def factored(front: ast.expr | None, what: ast.expr | Sum) -> ast.expr:
    """The front times an expression or a sum: `ivar / N * (N * dxhat - ...)`, `dout * (p - onehot) / N`."""
    if isinstance(what, list):
        return _of_sum(front, what)
    return what if front is None else _times(front, what)


def _times(front: ast.expr, tree: ast.expr) -> ast.expr:
    """front * tree, as products are written: numbers, then what comes in, names, what stands in brackets; then `/`."""
    above, below = list[ast.expr](), list[ast.expr]()
    _split(front, above, below)
    split = len(above)
    _split(tree, above, below)
    return _product([*above[:split], *sorted(above[split:], key=_is_sum)], below)


def cancelled(tree: ast.expr) -> ast.expr:
    """A product without what it is both multiplied and divided by."""
    above, below = list[ast.expr](), list[ast.expr]()
    _split(expression(ast.unparse(tree)), above, below)
    for factor in list(above):
        twin = next((each for each in below if ast.unparse(each) == ast.unparse(factor)), None)
        if twin is not None:
            above.remove(factor)
            below.remove(twin)
    return _product(above, below)


def without(tree: ast.expr, factor: str) -> ast.expr | None:
    """A product without the factor that is called so; None where it has no such factor, or several."""
    above, below = list[ast.expr](), list[ast.expr]()
    _split(cancelled(tree), above, below)
    kept = [each for each in above if not (isinstance(each, ast.Name) and each.id == factor)]
    return _product(kept or [number(1)], below) if len(kept) == len(above) - 1 else None


def _product(above: list[ast.expr], below: list[ast.expr]) -> ast.expr:
    sign = 1
    amount: float = 1
    factors = []
    for factor in above:
        if isinstance(factor, ast.UnaryOp) and isinstance(factor.op, ast.USub):
            sign, factor = -sign, factor.operand
        if isinstance(factor, ast.Constant) and isinstance(factor.value, int | float):
            amount *= factor.value
        else:
            factors.append(factor)
    if amount < 0:
        sign, amount = -sign, -amount
    if amount != 1 or not factors:
        factors.insert(0, number(amount))
    made = ast.UnaryOp(ast.USub(), factors[0]) if sign < 0 else factors[0]
    for factor in factors[1:]:
        made = binary(made, _TIMES, factor)
    for divisor in sorted(below, key=_is_size):
        made = binary(made, _OVER, divisor)
    return made


def _split(tree: ast.expr, above: list[ast.expr], below: list[ast.expr]) -> None:
    """The factors of a product, and what it is divided by."""
    if _is_size(tree):
        above.append(tree)
    elif _is_sum(tree) and not names_in(tree):
        above.append(number(eval(compile(ast.Expression(ast.fix_missing_locations(tree)), "<number>", "eval"))))
    elif isinstance(tree, ast.BinOp) and isinstance(tree.op, ast.Mult):
        _split(tree.left, above, below)
        _split(tree.right, above, below)
    elif isinstance(tree, ast.BinOp) and isinstance(tree.op, ast.Div):
        _split(tree.left, above, below)
        _split(tree.right, below, above)
    elif isinstance(tree, ast.UnaryOp) and isinstance(tree.op, ast.USub) and isinstance(tree.operand, ast.BinOp):
        above.append(ast.UnaryOp(ast.USub(), ast.Constant(1)))
        _split(tree.operand, above, below)
    else:
        above.append(tree)


def _is_sum(tree: ast.expr) -> bool:
    return isinstance(tree, ast.BinOp) and isinstance(tree.op, ast.Add | ast.Sub)


def _is_size(tree: ast.expr) -> bool:
    """How long one axis is, or several together."""
    if isinstance(tree, ast.BinOp) and isinstance(tree.op, ast.Mult):
        return _is_size(tree.left) and _is_size(tree.right)
    return isinstance(tree, ast.Attribute) or (
        isinstance(tree, ast.Subscript) and isinstance(tree.value, ast.Attribute)
    )


def _of_sum(front: ast.expr | None, total: Sum) -> ast.expr:
    by = next((c.by for c, _ in total if c.by and c.divided), "")
    numbers = {abs(c.number) for c, _ in total}
    shared = numbers.pop() if len(numbers) == 1 else Fraction(1)
    if all(c.number < 0 for c, _ in total):
        shared = -shared
    terms = []
    for c, term in total:
        rest = Coefficient(c.number / shared, c.by, c.divided)
        if by and c.by == by and c.divided:
            rest = Coefficient(rest.number)
        elif by and not c.by:
            rest = Coefficient(rest.number, by, False)
        terms.append((rest, term.tree))
    terms.sort(key=lambda pair: pair[0].number < 0)
    tree: ast.expr | None = None
    for c, term_tree in terms:
        product = None if _is_one(term_tree) else term_tree
        amount = _amount(Coefficient(abs(c.number), c.by, c.divided))
        whole = _scaled(amount, c, product)
        if tree is None:
            tree = ast.UnaryOp(ast.USub(), whole) if c.number < 0 else whole
        else:
            tree = binary(tree, _MINUS if c.number < 0 else _PLUS, whole)
    assert tree is not None
    alone = len(terms) == 1
    if (amount := _amount(Coefficient(abs(shared)))) is not None:
        front = amount if front is None else binary(amount, _TIMES, front)
    if shared < 0:
        front = ast.UnaryOp(ast.USub(), front) if front is not None else number(-1)
    if by and not alone and front is not None:
        front = binary(front, _OVER, expression(by))
    if front is not None and not alone and not _is_one(_first(front)):
        return binary(front, _TIMES, tree)  # `ivar / N * (...)`
    made = tree if front is None else _times(front, tree)
    if by and (alone or front is None):
        made = binary(made, _OVER, expression(by))
    return made


def _first(tree: ast.expr) -> ast.expr:
    """What a product begins with."""
    while isinstance(tree, ast.BinOp) and isinstance(tree.op, ast.Mult | ast.Div):
        tree = tree.left
    return tree


def _is_one(tree: ast.expr) -> bool:
    return isinstance(tree, ast.Constant) and tree.value == 1


def _amount(c: Coefficient) -> ast.expr | None:
    """A positive number as code; None for 1."""
    if c.number == 1:
        return None
    return number(c.number.numerator if c.number.denominator == 1 else float(c.number))


def _scaled(amount: ast.expr | None, c: Coefficient, tree: ast.expr | None) -> ast.expr:
    """amount * by * tree, or amount / by * tree."""
    made = amount
    if c.by and not c.divided:
        by = expression(c.by)
        made = by if made is None else binary(made, _TIMES, by)
    if tree is not None:
        made = tree if made is None else binary(made, _TIMES, tree)
    made = made if made is not None else number(1)
    return binary(made, _OVER, expression(c.by)) if c.by and c.divided else made


def written(tree: ast.AST) -> str:
    """The code; powers stand close, as people write them."""
    return re.sub(r"(?<=\w) \*\* (?=\w)", "**", ast.unparse(ast.fix_missing_locations(tree)))


def assignment(
    target: str, found: ast.expr, helpers: Mapping[str, str], sizes: Mapping[str, object], taken: set[str]
) -> list[str]:
    """The line that sets the target, and before it what stands there twice (a size), a mask, one-hot rows."""
    before: list[str] = []
    tree: ast.AST = _counted(expression(written(found)))
    for size in sorted((s for s in sizes if not s.isidentifier() and not _is_a_number(s)), key=len, reverse=True):
        bare = ast.unparse(expression(size))
        if Counter(ast.unparse(n) for n in ast.walk(tree) if isinstance(n, ast.expr))[bare] > 1:
            letter = _letter(bare, taken | {line.split(" = ")[0] for line in before})
            tree = named_as(tree, bare, letter)
            before.append(f"{letter} = {bare}")
    repeated = Counter(ast.unparse(n) for n in ast.walk(tree) if isinstance(n, ast.expr) and operations(n) > 0)
    for text, count in sorted(repeated.items(), key=lambda pair: -len(pair[0])):
        here = Counter(ast.unparse(n) for n in ast.walk(tree) if isinstance(n, ast.expr))[text]
        if count > 1 and here > 1:
            word = "mask" if isinstance(expression(text), ast.Compare) else "part"
            helper = _fresh(word, taken | {line.split(" = ")[0] for line in before})
            tree = named_as(tree, text, helper)
            before.append(f"{helper} = {text}")
    words = names_in(tree)
    words |= {n.id for line in before for n in ast.walk(ast.parse(line)) if isinstance(n, ast.Name)}
    first = [f"{helper} = {made}" for helper, made in helpers.items() if helper in words]
    return [*first, *before, f"{target} = {written(tree)}"]


def _counted(tree: ast.AST) -> ast.AST:
    """Sums and products of whole numbers as the number that they are: `1 + 2` is 3."""

    class Count(ast.NodeTransformer):
        def visit_BinOp(self, node: ast.BinOp) -> ast.expr:
            self.generic_visit(node)
            left, right = (getattr(n, "value", None) for n in (node.left, node.right))
            if isinstance(left, int) and isinstance(right, int) and isinstance(node.op, ast.Add | ast.Mult):
                return number(left + right if isinstance(node.op, ast.Add) else left * right)
            return node

    return Count().visit(tree)  # type: ignore[no-any-return]


def _is_a_number(code: str) -> bool:
    return isinstance(expression(code), ast.Constant)


def _letter(size: str, taken: set[str]) -> str:
    usual = "M" if "*" in size or ".size" in size else "N" if size.endswith("[0]") else "D"
    return next(n for n in (usual, "M", "n", "count", "how_many") if n not in taken)


def _fresh(word: str, taken: set[str]) -> str:
    return next(n for n in (word, *(f"{word}_{k}" for k in range(2, 99))) if n not in taken)


def named_as(tree: ast.AST, text: str, helper: str) -> ast.expr:
    """The tree with a name wherever it has that code."""

    class Put(ast.NodeTransformer):
        def visit(self, node: ast.AST) -> Any:
            if isinstance(node, ast.expr) and ast.unparse(node) == text:
                return name(helper)
            return self.generic_visit(node)

    return ast.fix_missing_locations(Put().visit(expression(ast.unparse(tree))))  # type: ignore[no-any-return]
