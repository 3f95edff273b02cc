"""Functions that keep what they need in a context: `forward(ctx, x)`, `backward(ctx, grad_output)`, both static.

As torch.autograd.Function and the engines that courses build after it have it. The base class may be missing.
"""

from __future__ import annotations

import ast
from collections.abc import Mapping
from typing import Any

CONTEXT = ("ctx", "context")


class Context:
    """What a forward pass saves for the backward pass, under any of the names that it goes by."""

    def __init__(self, alone: bool = True):
        self.needs_input_grad = (True,) * 4
        self.alone = alone
        self.saved: tuple[Any, ...] = ()

    def save_for_backward(self, *values: Any) -> None:
        """Keep values for the backward pass."""
        self.saved = values

    @property
    def saved_tensors(self) -> Any:
        """All that was saved; in torch's manner a tuple."""
        return self.saved

    @property
    def saved_values(self) -> Any:
        """All that was saved; a value that was saved alone comes alone, as it did in minitorch's first years."""
        return self.saved[0] if self.alone and len(self.saved) == 1 else self.saved

    def mark_non_differentiable(self, *values: Any) -> None:
        """Nothing is done about them here."""


def made(namespace: Mapping[str, Any], backward: ast.AST | None) -> str:
    """The call that makes a context: of the file's own class, where it has one; else one that gives the backward pass
    a value that was saved alone as it reads it: `(a,) = ctx.saved_values` takes a tuple."""
    for definition in namespace["__classes__"]:
        methods = {node.name: node for node in definition.body if isinstance(node, ast.FunctionDef)}
        init = methods.get("__init__")
        alone = init is None or len(init.args.args) == 1 + len(init.args.defaults)
        if "save_for_backward" in methods and not {"forward", "backward"} & {*methods} and alone:
            return f"{definition.name}()"
    return "__context__(alone=False)" if backward is not None and _takes_apart(backward) else "__context__()"


def _takes_apart(backward: ast.AST) -> bool:
    """Whether a backward pass reads a single saved value as the one entry of a tuple."""
    for node in ast.walk(backward):
        target, value = next(iter(getattr(node, "targets", [None])), None), getattr(node, "value", None)
        one = isinstance(target, ast.Tuple | ast.List) and len(target.elts) == 1
        if getattr(value, "attr", "") == "saved_values" and (one or isinstance(node, ast.Subscript | ast.Starred)):
            return True
    return False


def takes_context(function: ast.FunctionDef) -> bool:
    """Whether it is a pass whose first parameter is a context."""
    first = [argument.arg for argument in function.args.args[:1]]
    return bool(first) and first[0] in CONTEXT
