"""Expressions in single entries of arrays: what they are made of, and how they are written."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from backpropviz.study.rows import Index


@dataclass(frozen=True)
class Entry:
    """One number of a named array."""

    name: str
    index: Index
    value: float

    def __str__(self) -> str:
        return f"{self.name}[{', '.join(map(str, self.index))}]" if self.index else self.name


@dataclass(frozen=True)
class Known:
    """An entry that has a name."""

    entry: Entry


@dataclass(frozen=True)
class Number:
    """A mere number; `of` says what it comes from, where that cannot be written out."""

    value: float
    of: str = ""


@dataclass(frozen=True)
class Operation:
    """An operation on single numbers: `infix` between two of them, or the function `call`."""

    call: str
    parts: tuple[Expression, ...]
    infix: str = ""


@dataclass(frozen=True)
class Product:
    """Factors, with a sign."""

    factors: tuple[Expression, ...]
    sign: int = 1


@dataclass(frozen=True)
class Sum:
    """A sum of products, divided by a whole number if it is a mean."""

    products: tuple[Product, ...]
    divisor: int = 1


Expression = Known | Number | Operation | Sum
Leaf = Callable[[Known | Number], str]


def added(products: tuple[Product, ...], divisor: int = 1) -> Sum:
    """A sum; sums and products in it are opened where no brackets are needed."""
    flat: list[Product] = []
    for product in products:
        factors: list[Expression] = []
        sign = product.sign
        for factor in product.factors:
            if isinstance(factor, Sum) and factor.divisor == 1 and len(factor.products) == 1:
                sign *= factor.products[0].sign
                factors += factor.products[0].factors
            else:
                factors.append(factor)
        inner = factors[0]
        if len(factors) == 1 and isinstance(inner, Sum) and inner.divisor == 1:
            flat += [Product(its.factors, its.sign * sign) for its in inner.products]
        else:
            flat.append(Product(tuple(factors), sign))
    return Sum(tuple(flat), divisor)


def named(leaf: Known | Number) -> str:
    """Entries by name; numbers as short as they are exact."""
    return str(leaf.entry) if isinstance(leaf, Known) else f"{leaf.value:g}"


def in_numbers(digits: int) -> Leaf:
    """Entries as their values, with so many digits."""
    return lambda leaf: f"{leaf.entry.value if isinstance(leaf, Known) else leaf.value:.{digits}g}"


def write(expression: Expression, leaf: Leaf = named) -> str:
    """An expression as Python evaluates it."""
    if isinstance(expression, Known | Number):
        return leaf(expression)
    if isinstance(expression, Operation):
        if expression.infix:
            return f" {expression.infix} ".join(_inside(part, leaf) for part in expression.parts)
        return f"{expression.call}({', '.join(write(part, leaf) for part in expression.parts)})"
    text = ""
    for product in expression.products:
        body = " * ".join(_inside(factor, leaf) for factor in product.factors)
        minus = product.sign < 0
        if len(product.factors) == 1 and body.startswith("(-") and isinstance(product.factors[0], Known | Number):
            body, minus = body[2:-1], not minus
        text += f" {'-' if minus else '+'} {body}" if text else f"-{body}" if minus else body
    if expression.divisor != 1:
        return f"({text}) / {expression.divisor}" if len(expression.products) > 1 else f"{text} / {expression.divisor}"
    return text or "0"


def _inside(expression: Expression, leaf: Leaf) -> str:
    """A part of a larger expression: in brackets if it is made of several, or is a number below zero."""
    text = write(expression, leaf)
    if isinstance(expression, Sum) and len(expression.products) == 1 and len(expression.products[0].factors) == 1:
        return f"({text})" if text.startswith("-") or expression.divisor != 1 else text
    alone = isinstance(expression, Known | Number) or (isinstance(expression, Operation) and not expression.infix)
    return text if alone and not text.startswith("-") else f"({text})"


def entries(expression: Expression) -> list[Entry]:
    """The entries that occur in an expression, in order."""
    if isinstance(expression, Known):
        return [expression.entry]
    if isinstance(expression, Number):
        return []
    parts = (
        expression.parts if isinstance(expression, Operation) else [f for p in expression.products for f in p.factors]
    )
    return [entry for part in parts for entry in entries(part)]
