"""Names the layers that come with the tool, and what each is, without running one: this needs no NumPy."""

from __future__ import annotations

import ast
import functools
from pathlib import Path


@functools.cache
def graphs_directory() -> Path:
    """Where the layers are: inside the installed package, or beside it in a checkout."""
    package = Path(__file__).parents[1]
    return next(path for path in (package / "graphs", package.parent / "graphs") if path.is_dir())


def layer_names() -> list[str]:
    """The layers that come with the tool, in alphabetical order."""
    return sorted(path.stem for path in graphs_directory().glob("*.py"))


def load_summaries() -> list[dict[str, str]]:
    """Name, first sentence, inputs and group of every layer in `graphs/`, read without running the files."""
    entries = []
    for name in layer_names():
        tree = ast.parse((graphs_directory() / f"{name}.py").read_text(encoding="utf-8"))
        takes = _takes(tree, name)
        summary = (ast.get_docstring(tree) or "").split("\n")[0]
        said = {
            target.id: node.value.value
            for node in tree.body
            if isinstance(node, ast.Assign) and isinstance(node.value, ast.Constant)
            for target in node.targets
            if isinstance(target, ast.Name)
        }
        entries.append(
            {"name": name, "summary": summary, "inputs": ", ".join(takes), "group": str(said.get("GROUP", "others"))}
        )
    return entries


def _takes(tree: ast.Module, name: str) -> list[str]:
    """The positional parameters of the function, or of the class's forward pass, that a file is called after."""
    for node in tree.body:
        if isinstance(node, ast.FunctionDef) and node.name == name:
            return [argument.arg for argument in node.args.args]
        if isinstance(node, ast.ClassDef) and node.name.lower() == name:
            methods = [part for part in node.body if isinstance(part, ast.FunctionDef) and part.name == "forward"]
            return [argument.arg for method in methods for argument in method.args.args[1:]]
    return []
