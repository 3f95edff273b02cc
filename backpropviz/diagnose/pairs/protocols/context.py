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

    def __init__(self, inputs: int = 4):
        self.needs_input_grad = (True,) * inputs
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
        """All that was saved; in minitorch's manner a value that was saved alone comes alone."""
        return self.saved[0] if len(self.saved) == 1 else self.saved

    def mark_non_differentiable(self, *values: Any) -> None:
        """Nothing is done about them here."""


def made(namespace: Mapping[str, Any]) -> str:
    """The call that makes a context: of the file's own class, where it has one."""
    for definition in namespace["__classes__"]:
        methods = {node.name: node for node in definition.body if isinstance(node, ast.FunctionDef)}
        init = methods.get("__init__")
        alone = init is None or len(init.args.args) == 1 + len(init.args.defaults)
        if "save_for_backward" in methods and not {"forward", "backward"} & {*methods} and alone:
            return f"{definition.name}()"
    return "__context__()"


def takes_context(function: ast.FunctionDef) -> bool:
    """Whether it is a pass whose first parameter is a context."""
    first = [argument.arg for argument in function.args.args[:1]]
    return bool(first) and first[0] in CONTEXT
