"""Finds, lists and loads layers: the ones in `graphs/` by name, a user's own by file and function."""

from __future__ import annotations

import difflib
import functools
import os
from dataclasses import replace
from pathlib import Path

from backpropviz.errors import LayerError
from backpropviz.layers.choosing import Method, choose
from backpropviz.layers.classes import Built
from backpropviz.layers.layer import Layer
from backpropviz.layers.loading import load_module
from backpropviz.layers.sources import SUFFIXES, split_spec
from backpropviz.layers.summaries import graphs_directory, layer_names, load_summaries


def load(spec: str) -> Layer:
    """The layer called `spec`: a name from `graphs/`, or "file.py", "file.py:function", "file.py:Class.method".

    A notebook is a file like any other: "notebook.ipynb:function".

    Raises:
        LayerError: there is no such layer, file or function, or the file cannot be run.
    """
    path, wanted = split_spec(str(spec))
    if not path:
        known = _file_of(spec)
        try:
            changed = os.stat(known).st_mtime_ns
        except (OSError, ValueError):
            changed = None
        if "/" in str(spec) or changed is None:
            if spec and Path(str(spec)).exists():
                what = "a folder" if Path(str(spec)).is_dir() else "no Python file and no notebook"
                raise LayerError(f"{spec} is {what}", fix="Name a file of code: mine.py, or notes.ipynb.")
            near = difflib.get_close_matches(str(spec), layer_names(), n=3, cutoff=0.5)
            hint = f"The nearest: {', '.join(near)}." if near else "`backpropviz list` names them all."
            raise LayerError(f"there is no layer {spec!r}", fix=f"{hint} Your own code is named by its file: mine.py")
        return _own(known, changed)
    file = Path(path)
    if file.is_dir():
        raise LayerError(f"{path} is a folder", fix=f"Name a file in it: {path}/...")
    if not file.is_file():
        raise LayerError(
            f"there is no file {path}",
            fix=f"Check the path; a layer of the tool is named without {file.suffix or SUFFIXES[0]}.",
        )
    layer = _read(file, wanted)
    name = file.stem if layer.name == "listing" else layer.name
    return replace(layer, name=name)


@functools.lru_cache(maxsize=64)
def _file_of(name: str) -> Path:
    """The file that a layer of `graphs/` has, or would have."""
    return graphs_directory() / f"{name}.py"


@functools.cache
def _own(file: Path, changed: int) -> Layer:
    """A layer of `graphs/`, run once until its file is `changed`.

    A user's file is run each time: it may read other files, or keep what it counted.
    """
    return replace(_read(file), name=file.stem)  # `mlp` is a class, MLP


def _read(file: Path, wanted: str = "") -> Layer:
    module = load_module(file)
    found = choose(module, file, wanted)
    function = Built(found) if isinstance(found, Method) else found
    return Layer(function.__name__, function, file, module)


def operations() -> list[dict[str, str]]:
    """Every operation that can be traced: NumPy's name, formula and what it does to a gradient."""
    from backpropviz.engine.refusals import full_name
    from backpropviz.primitives import PRIMITIVES
    from backpropviz.primitives.composites import COMPOSITES
    from backpropviz.primitives.special import enter_scipy

    enter_scipy(at_once=True)
    gates = {p.call + p.suffix: p for p in PRIMITIVES.values()}
    entries = {name: {"name": name, "summary": p.story, "inputs": p.formula} for name, p in gates.items()}
    for function in COMPOSITES:
        name = full_name(function)
        story = "It is put together from other operations of this list: so is its gradient."
        entries.setdefault(name, {"name": name, "summary": story, "inputs": f"{function.__name__}(...)"})
    return [entries[name] for name in sorted(entries)]


__all__ = ["Layer", "graphs_directory", "layer_names", "load", "load_summaries", "operations"]


def entry_of(layer: str) -> str | None:
    """The value whose entries show best what a layer does, where its file names one: `ENTRY = "context"`."""
    found: str | None = getattr(load(layer).module, "ENTRY", None)
    return found
