"""A function with one expression left open: it is compiled once, and of every edit in there the expression alone.

Behind `dvar = ...` stands `dvar = __eval__(__edit__)`, and `__edit__` is the code of whatever edit is tried. What has
names of its own inside (a comprehension, a lambda) would not see the function's there, and is compiled with it.
"""

from __future__ import annotations

import ast
import types

from backpropviz.diagnose.edits.tree import Edit, Slot
from backpropviz.diagnose.student.classes import placed

EVAL, EDIT = "__eval__", "__edit__"
_FIELDS = {
    ast.Assign: "value", ast.AugAssign: "value", ast.Return: "value", ast.Expr: "value", ast.For: "iter",
    ast.If: "test", ast.While: "test",
}  # fmt: skip
_SCOPES = (ast.FunctionDef, ast.AsyncFunctionDef, ast.Lambda, ast.ClassDef)


class Opened:
    """The expression of one statement of a function, before any edit is in place."""

    def __init__(self, definition: ast.FunctionDef, statement: ast.stmt):
        self.statement = statement
        self.field = _FIELDS.get(type(statement), "")
        self.expression = getattr(statement, self.field, None) if self.field else None
        inner = [node for part in definition.body for node in ast.walk(part)]
        if any(isinstance(node, _SCOPES) for node in inner):  # what it keeps of the names around it is settled at once
            self.expression = None
        self._inside = {id(node) for node in ast.walk(self.expression)} if self.expression is not None else set()

    def takes(self, edit: Edit) -> bool:
        """All that an edit changes is in this expression."""
        return self.expression is not None and not edit.parts and all(self._has(slot) for slot, _ in edit.changes)

    def _has(self, slot: Slot) -> bool:
        held = slot.container
        if held is self.statement:
            return bool(slot.key == self.field)
        return id(held) in self._inside or (isinstance(held, list) and any(id(item) in self._inside for item in held))

    def hole(self) -> ast.expr:
        """What stands in the expression's place."""
        call = ast.Call(ast.Name(EVAL, ast.Load()), [ast.Name(EDIT, ast.Load())], [])
        assert self.expression is not None
        return ast.fix_missing_locations(ast.copy_location(call, self.expression))

    def code(self, function: str) -> types.CodeType | None:
        """The expression as it stands now, with an edit in place perhaps; None where it has names of its own inside.

        Raises:
            SyntaxError: it cannot be compiled.
        """
        expression = placed(getattr(self.statement, self.field), function)
        code = compile(ast.Expression(expression), "edit", "eval", dont_inherit=True)
        return None if any(isinstance(part, types.CodeType) for part in code.co_consts) else code
