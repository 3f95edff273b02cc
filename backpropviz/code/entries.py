"""Entries of dictionaries and lists in derived code: read as `params[k]`, with gradients in `dparams[k]`."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from backpropviz.code.shelves import Entry, Path, written_key
from backpropviz.code.views import Views
from backpropviz.engine.graph import Node
from backpropviz.layers.conventions import singular

_PART = "part"


class Entries(Views):
    """Names of the entries of what one program takes and returns."""

    names: dict[Node, str]
    gradient: dict[Any, str]

    def _name_entries(self) -> None:
        """Entries of what is kept whole go by where they stand, and so do their gradients."""
        program = self.program
        self.upstream_of: dict[Any, str] = {}
        self.kept = {entry.root for entry in program.shelved.values()}  # dictionaries and lists that are taken whole
        self.given_back = {entry.root for entry in program.handed_out.values()}  # and those that are returned
        self.printer.keep(self.kept)
        self.taken |= self.kept | {f"d{root}" for root in self.kept | self.given_back}
        spots = program.shelves.spots if program.shelves is not None else {}
        read = {(program.source(place, node), node) for place in program.places() for node in place.template.parents}
        for node, (root, path) in spots.items():
            if root in self.kept and (program.place.get(node), node) in read:
                at = place_of(_from_the_end(program.shelves.roots[root], path))  # type: ignore[union-attr]
                self._write(program.place[node], f"{root}{at}", f"d{root}{at}")
        for place, entry in program.shelved.items():
            at = self._at(entry)
            self._write(place, entry.called or f"{entry.root}{at}", f"d{entry.root}{at}")
        for place, entry in program.handed_out.items():
            self.upstream_of[place] = f"d{entry.root}{self._at(entry)}"
        for node, (root, path) in self.trace.held.items():
            if root in self.given_back and node in program.place and program.place[node] not in self.upstream_of:
                self.upstream_of[program.place[node]] = f"d{root}{place_of(path)}"

    def _write(self, place: Any, name: str, gradient: str) -> None:
        self.written[place] = name
        self.names.setdefault(place.template, name)
        if place.template.gradient is not None:
            self.gradient[place] = gradient

    def _at(self, entry: Entry) -> str:
        return "".join(f"[{part if isinstance(part, str) else self._index(part)}]" for part in entry.parts)

    def _added_up(self) -> set[Any]:
        """The places of entries whose gradients come from several places, or rounds: they are added to zeros."""
        program = self.program
        shared = {place for place, entry in program.shelved.items() if not entry.alone}
        inside = {node for place in shared for node in place.nodes}
        return shared | {place for place in self.gradient if place.template in inside}

    def _begun_shelves(self) -> list[str]:
        """The lines that begin the gradients of dictionaries and lists."""
        shelves, lines = self.program.shelves, []
        for root in sorted(self.kept, key=lambda root: [*self.trace.inputs].index(self._first_of(root))):
            assert shelves is not None
            own = [place for place, entry in self.program.shelved.items() if entry.root == root]
            alone = not self._added_up() & {*own}
            lines.append(f"d{root} = {_begun(shelves.roots[root], root, alone)}")
        return lines

    def _whole(self, names: Iterable[str]) -> list[str]:
        """The names of inputs, with the dictionaries and lists that are taken whole in the places of what they hold."""
        root_of = {}
        if self.program.shelves is not None:
            root_of = {str(node.name): root for node, (root, _) in self.program.shelves.spots.items()}
        roots = {name: root for name, root in root_of.items() if root in self.kept}
        return list(dict.fromkeys(roots.get(name, name) for name in names))

    def _arriving(self) -> list[str]:
        """The gradients that the backward pass is given, with one dictionary or list for what one such is returned."""
        held = self.trace.held
        roots = {node: root for node, (root, _) in held.items() if root in self.given_back}
        return list(
            dict.fromkeys(f"d{roots[n]}" if n in roots else str(red.name) for n, red in self.trace.upstream.items())
        )

    def _first_of(self, root: str) -> str:
        """The first input that stands in a dictionary or list."""
        assert self.program.shelves is not None
        spots = self.program.shelves.spots
        return next(name for name, node in self.trace.inputs.items() if spots.get(node, ("", ()))[0] == root)


def _begun(value: Any, name: str, alone: bool, one: str = "") -> str:
    """What the gradients of a dictionary or list begin with: nothing yet, or zeros that terms are added to."""
    if alone and isinstance(value, dict) and not any(isinstance(part, dict | list) for part in value.values()):
        return "{}"
    if alone and isinstance(value, list) and all(isinstance(part, dict) for part in value):
        return f"[{{}} for _ in {name}]"
    one = one or singular(name) or "each"
    if isinstance(value, dict):
        return f"{{key: {_begun(next(iter(value.values())), one, alone, _PART)} for key, {one} in {name}.items()}}"
    if isinstance(value, list | tuple):
        return f"[{_begun(value[0], one, alone, _PART)} for {one} in {name}]"
    return f"np.zeros_like({name})"


def _from_the_end(value: Any, path: Path) -> Path:
    """A way into lists, of which the last half is counted from the end: there may be more or fewer of them."""
    keys = []
    for key in path:
        near_end = isinstance(value, list | tuple) and 2 * key >= len(value)
        keys.append(key - len(value) if near_end else key)
        value = value[key]
    return tuple(keys)


def place_of(path: Path) -> str:
    """A way into dictionaries and lists as code."""
    return "".join(f"[{written_key(key)}]" for key in path)
