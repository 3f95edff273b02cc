"""What a picture of an entry shows: which arrays, which part of each, and which of their entries are marked."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

import numpy as np

from backpropviz.engine.graph import Array, Node
from backpropviz.engine.trace import Trace
from backpropviz.study.entries import Entries, EntryStory
from backpropviz.study.expressions import entries as entries_of
from backpropviz.study.rows import Index, looked_at, row

MOST = 8  # rows and columns of a grid
GROUPS = 8  # colours for entries that belong together
_MOST_ARRAYS = 3  # beside each other
_FEW = 6  # pixels of an image that is shown as a row


@dataclass(frozen=True, eq=False)
class Grid:
    """A part of an array, two-dimensional, with what is marked in it.

    Attributes:
        name: of the array. place: which part of it, "[0, 0, :, :]"; empty where it is shown whole. shape: of the array.
        values: (rows, columns). framed: the entries that are followed. bold: those that count; the rest of the frame
            was looked at, and lost. groups: for every entry the number of its colour, or -1.
        red: it is a gradient.
    """

    name: str
    place: str
    shape: Index
    values: Array
    framed: Array
    bold: Array
    groups: Array
    red: bool = False


@dataclass(frozen=True, eq=False)
class Scene:
    """One picture: what goes into an entry and, below, where its gradient goes.

    Attributes:
        story: of the entry. sources, target: the row of black grids, or of red ones for an entry of a gradient.
        back: the grids of the inputs' gradients; arriving: that of the gradient that comes back to the entry.
    """

    story: EntryStory
    sources: tuple[Grid, ...]
    target: Grid
    back: tuple[Grid, ...] = ()
    arriving: Grid | None = None


@dataclass
class Reader:
    """Reads scenes off a trace whose backward pass has run."""

    trace: Trace
    entries: Entries = field(init=False)

    def __post_init__(self) -> None:
        self.entries = Entries(self.trace)

    def scene(self, asked: str | None = None) -> Scene:
        """The scene of an entry; without one, of the entry of the first output that has the most terms."""
        story = self.entries.story(asked or self.trace.start.name or "out")
        node, index = self.entries.nodes[story.entry.name], story.entry.index
        return self._of_gradient(story, node, index) if story.is_gradient else self._of_value(story, node, index)

    def positions(self, scene: Scene) -> Iterator[str]:
        """The entries that stand in the target's grid, in order."""
        node = self.entries.nodes[scene.story.entry.name]
        view = _View(node.shape, scene.story.entry.index)
        for place in np.ndindex(*scene.target.values.shape):
            yield f"{scene.story.entry.name}[{','.join(map(str, view.index(place)))}]"

    def _of_value(self, story: EntryStory, node: Node, index: Index) -> Scene:
        shown = self._sources(story)
        groups = self._groups(node, index, next(iter(shown.values()))) if shown else None
        derivatives, looked = row(node, index, shown.values()), looked_at(node, index, shown.values())
        sources, back = [], []
        for number, (name, its) in enumerate(shown.items()):
            seen, derivative = looked[its], derivatives.get(its, np.zeros(its.shape))
            view = _View(its.shape, _first(seen))
            colours = groups[0] if groups and not number else None
            sources.append(view.grid(name, its.value, seen, derivative != 0, colours))
            if its.gradient is not None:
                gradient = self.trace.gradient_names.gradient(its)
                moved = derivative != 0
                back.append(view.grid(gradient, its.gradient.value, moved, moved, colours, red=True))
        own = np.zeros(node.shape, bool)
        own[index] = True
        view = _View(node.shape, index)
        target = view.grid(story.entry.name, node.value, own, own, groups[1] if groups else None)
        arriving = None
        if story.gradient is not None and node.gradient is not None:
            values = node.gradient.value
            arriving = view.grid(story.gradient.name, values, own, own, groups[1] if groups else None, red=True)
        return Scene(story, tuple(sources), target, tuple(back), arriving)

    def _sources(self, story: EntryStory) -> dict[str, Node]:
        """The inputs that the entry depends on; where they are too many to read, the values its step is made from."""
        seen = [name for name, mask in story.seen.items() if mask.any()]
        if len(seen) > _MOST_ARRAYS:
            seen = list(dict.fromkeys(entry.name for entry in entries_of(story.own)))
        return {name: self.entries.nodes[name] for name in seen}

    def _of_gradient(self, story: EntryStory, node: Node, index: Index) -> Scene:
        """The arrays that the gradient is written in, each with the entries that take part."""
        taking_part: dict[str, list[Index]] = {}
        for entry in entries_of(story.best):
            taking_part.setdefault(entry.name, []).append(entry.index)
        sources = []
        for name, places in taking_part.items():
            its = self.entries.nodes[name]
            mask = np.zeros(its.shape, bool)
            for place in places:
                mask[place] = True
            red = its in {*self.trace.red.nodes}
            sources.append(_View(its.shape, _first(mask)).grid(name, its.value, mask, mask, red=red))
        own = np.zeros(node.shape, bool)
        own[index] = True
        target = _View(node.shape, index).grid(story.entry.name, node.value, own, own, red=True)
        return Scene(story, tuple(sources), target)

    def _groups(self, node: Node, index: Index, source: Node) -> tuple[Array, Array] | None:
        """Colours for the entries that are looked at together: a window, a row that shares its statistics. None where
        they overlap, or are too many to tell apart."""
        of_source, of_target = np.full(source.shape, -1), np.full(node.shape, -1)
        known: list[Array] = []
        view = _View(node.shape, index)
        for place in np.ndindex(*view.shape):
            mask = looked_at(node, view.index(place), [source]).get(source)
            if mask is None:
                return None
            number = next((at for at, other in enumerate(known) if np.array_equal(other, mask)), len(known))
            if number == len(known):
                if len(known) == GROUPS or any((other & mask).any() for other in known):
                    return None
                known.append(mask)
            of_source[mask] = number
            of_target[view.index(place)] = number
        alone = len(known) == 1 or all(mask.sum() == 1 for mask in known)
        return None if alone else (of_source, of_target)


def _first(mask: Array) -> Index:
    """The first marked entry of an array."""
    places = np.argwhere(mask)
    return tuple(int(i) for i in places[0]) if len(places) else (0,) * mask.ndim


class _View:
    """A part of an array as rows and columns: its two last axes, cut to what can be read around an entry. Images of a
    few pixels are rows of their own, one for each channel."""

    def __init__(self, shape: Index, around: Index):
        self.whole = shape
        self.pixels = shape[2:] if len(shape) == 4 and shape[1] > 1 and shape[2] * shape[3] <= _FEW else ()
        if self.pixels:
            self.before, rows, columns = around[:1], shape[1], shape[2] * shape[3]
            row, column = around[1], around[2] * shape[3] + around[3]
        else:
            self.before = around[:-2] if len(shape) > 2 else ()
            rows, columns = (*(1,) * (2 - len(shape)), *shape)[-2:]
            row, column = (*(0,) * (2 - len(around)), *around)[-2:]
        self.plane = rows, columns
        self.rows, self.columns = _cut(rows, row), _cut(columns, column)
        self.shape = (self.rows.stop - self.rows.start, self.columns.stop - self.columns.start)

    def index(self, place: Index) -> Index:
        """The place in the array of a cell of the grid."""
        row, column = self.rows.start + place[0], self.columns.start + place[1]
        if self.pixels:
            return (*self.before, row, *divmod(column, self.pixels[1]))
        return (*self.before, *(row, column)[2 - min(2, len(self.whole)) :])

    def grid(
        self, name: str, values: Array, framed: Array, bold: Array, groups: Array | None = None, red: bool = False
    ) -> Grid:
        colours = groups if groups is not None else np.full(self.whole, -1)
        part = self._part
        return Grid(name, self._place(), self.whole, part(values), part(framed), part(bold), part(colours), red)

    def _part(self, array: Array) -> Array:
        plane = array[self.before] if self.before else array
        part: Array = np.array(plane.reshape(self.plane)[self.rows, self.columns])
        return part

    def _place(self) -> str:
        """Which part it is, as NumPy writes it."""
        cuts = [
            ":" if its == slice(0, size) else f"{its.start}:{its.stop}"
            for its, size in zip((self.rows, self.columns), self.plane)
        ]
        if self.pixels:
            return f"[{self.before[0]}, i] in row i"
        cuts = cuts[2 - min(2, len(self.whole)) :]
        whole = not self.before and all(cut == ":" for cut in cuts)
        return "" if whole else f"[{', '.join([*map(str, self.before), *cuts])}]"


def _cut(size: int, around: int) -> slice:
    """At most `MOST` places of an axis, with `around` in the middle if possible."""
    start = min(max(0, around - MOST // 2), max(0, size - MOST))
    return slice(start, min(size, start + MOST))
