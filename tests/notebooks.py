"""Executes notebooks as Jupyter does, as far as the examples need it: without a kernel, in this process."""

import ast
import contextlib
import io
import linecache
import types

import backpropviz as bp

_FORMATS = {"text/html": "_repr_html_", "text/latex": "_repr_latex_"}


class Shell:
    """What a notebook's shell does with a cell, as far as a magic can see.

    Attributes:
        user_ns: the notebook's names. magics: what extensions have registered.
    """

    def __init__(self, **names):
        self.user_ns, self.magics, self.count = names, {}, 0

    def register_magic_function(self, function, magic_kind, magic_name):
        self.magics[magic_kind, magic_name] = function

    def run_cell(self, cell):
        try:
            self.run(cell)
        except Exception as error:
            return types.SimpleNamespace(success=False, error=error)
        return types.SimpleNamespace(success=True)

    def run(self, cell):
        """What the last line of a cell comes to; None where it is no expression."""
        self.count += 1
        name = f"/tmp/ipykernel_1/{self.count}.py"
        linecache.cache[name] = (len(cell), None, cell.splitlines(True), name)
        tree = ast.parse(cell)
        last = tree.body.pop() if tree.body and isinstance(tree.body[-1], ast.Expr) else None
        exec(compile(tree, name, "exec"), self.user_ns)
        if last is None:
            return None
        return eval(compile(ast.Expression(last.value), name, "eval"), self.user_ns)

    def run_any(self, cell):
        """A cell that may begin with a magic, or load an extension."""
        first, _, rest = cell.partition("\n")
        if first.startswith("%%"):
            name, _, line = first[2:].partition(" ")
            return self.magics["cell", name](line, rest)
        lines = cell.splitlines(True)
        if any(line.strip() == "%load_ext backpropviz" for line in lines):
            bp.load_ipython_extension(self)
        return self.run("".join(line for line in lines if not line.startswith("%")))


def executed(notebook):
    """The notebook with its cells numbered and their outputs anew."""
    shell, cells = Shell(__name__="__main__"), []
    for cell in notebook["cells"]:
        if cell["cell_type"] == "code":
            printed = io.StringIO()
            with contextlib.redirect_stdout(printed):
                value = shell.run_any("".join(cell["source"]))
            number = 1 + sum(each["cell_type"] == "code" for each in cells)
            outputs = [_stream(printed.getvalue())] if printed.getvalue() else []
            outputs += [_result(value, number)] if value is not None else []
            cell = {**cell, "execution_count": number, "outputs": outputs}
        cells.append(cell)
    return {**notebook, "cells": cells}


def _stream(text):
    return {"name": "stdout", "output_type": "stream", "text": text.splitlines(True)}


def _result(value, number):
    shown = {kind: getattr(value, show)() for kind, show in _FORMATS.items() if hasattr(value, show)}
    data = {kind: text.splitlines(True) for kind, text in (*shown.items(), ("text/plain", repr(value))) if text}
    return {"data": data, "execution_count": number, "metadata": {}, "output_type": "execute_result"}
