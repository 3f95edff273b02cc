"""What derived code is made of: statements under the headings of their steps, and what they need around them."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import Any

from backpropviz.code.literals import digits
from backpropviz.engine.graph import Node, Step
from backpropviz.engine.named import plain
from backpropviz.engine.numbering import bare_number

_CHANGES_ENTRY = re.compile(r"[^=]*\] \S+=[^=]")  # params[k] -= step: the right-hand side says too little


@dataclass(frozen=True, slots=True)
class Statement:
    """One line of derived code: a name and what it is computed as.

    Attributes:
        node: the value. step: whose forward pass it is part of, or whose backward pass; None for what lies outside.
        heading: what it stands under in place of its step's.
    """

    name: str
    code: str
    node: Node
    step: Step | None
    heading: str = ""

    def __str__(self) -> str:
        return f"{self.name} = {self.code}"


@dataclass(slots=True)
class Listing:
    """Derived code in parts: what it needs, the forward values it uses, and the backward steps.

    Where loops are kept, `rolled` has both passes as lines, in place of `forward` and `backward`; `unrolled` says why
    others are not, and `stacks` are the lists that the backward pass uses up. `outputs` are the names of the values
    that were wanted besides.
    """

    name: str
    upstream: list[str]
    parameters: list[str]
    settings: dict[str, Any]
    constants: dict[str, Any]
    helpers: list[str]
    sizes: list[str]
    forward: list[Statement] = field(default_factory=list)
    backward: list[Statement] = field(default_factory=list)
    returns: list[str] = field(default_factory=list)
    remarks: list[str] = field(default_factory=list)
    rolled: tuple[list[str], list[str]] | None = None
    outputs: list[str] = field(default_factory=list)
    unrolled: list[str] = field(default_factory=list)
    stacks: list[str] = field(default_factory=list)

    def __str__(self) -> str:
        options = [f"{name}={digits(plain(value))}" for name, value in self.settings.items()]
        signature = ", ".join(
            [*self.upstream, *self.parameters, *self.constants, *(["*", *options] if options else [])]
        )
        body = [*(f"# {remark}" for remark in self.remarks), *self.sizes]
        forward, backward = self.rolled or (list(map(str, self.forward)), titled(self.backward))
        if forward:
            body += ["# the forward values that the backward pass uses", *forward]
        body += ["", *backward] if body else backward
        body += ["", f"return {', '.join(self.returns)}"]
        return "\n".join([*imports(self.helpers), "", "", f"def {self.name}({signature}):", *indented(body), ""])


def imports(helpers: list[str]) -> list[str]:
    """The import lines of derived code; what is not "module.name" comes from this package."""
    lines = [*["import math"] * ("math" in helpers), "import numpy as np"]
    modules: dict[str, list[str]] = {}
    for helper in sorted({*helpers} - {"math"}):
        module, _, name = helper.rpartition(".")
        modules.setdefault(module or "backpropviz", []).append(name)
    if modules:
        lines += ["", *(f"from {module} import {', '.join(names)}" for module, names in sorted(modules.items()))]
    return lines


def bare_names(helpers: list[str]) -> list[str]:
    """What imported helpers are called in the code."""
    return [helper.rpartition(".")[2] for helper in helpers]


def indented(lines: list[str]) -> list[str]:
    return [f"    {line}".rstrip() for line in lines]


def titled(statements: list[Statement]) -> list[str]:
    """Backward statements with a comment above those of every step."""
    lines: list[str] = []
    above: Step | None = None
    for statement in statements:
        if statement.heading:
            lines.append(f"# {statement.heading}")
        elif statement.step is not above:
            lines.append(f"# {title(statement.step)}")
        above = statement.step
        lines.append(str(statement))
    return lines


def title(step: Step | None) -> str:
    """What the backward statements of a step stand under."""
    if step is None:
        return "the inputs: where paths meet, they add up"
    whole = step.sets_a_part or _CHANGES_ENTRY.match(step.statement)
    return f"step {bare_number(step.label)}: {step.statement if whole else f'{step.name} = {step.code}'}"


def mentions(text: str, name: str) -> bool:
    return re.search(rf"\b{re.escape(name)}\b", text) is not None
