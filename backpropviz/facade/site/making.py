"""Writes the files of a site: everything under relative names, so that it can lie anywhere."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from backpropviz.draw.diagram import Diagram
from backpropviz.draw.formats import heading
from backpropviz.draw.player import page as player_page
from backpropviz.draw.player.making import opened, paged
from backpropviz.engine.trace import Trace
from backpropviz.errors import BackpropvizError, DrawingError
from backpropviz.exercises.exercise import worksheet
from backpropviz.exercises.questions import questions
from backpropviz.facade.site.index import MARK, Card, index, manual_page
from backpropviz.facade.site.manual import manual
from backpropviz.files import write
from backpropviz.layers.library import Layer, layer_names, load, load_summaries

_FOLDERS = ("layers", "pictures", "worksheets")


@dataclass(frozen=True)
class Entry:
    """A layer that gets a page.

    Attributes:
        spec: as on a command line. name: of its files. group: under which it stands on the index.
    """

    spec: str
    name: str
    group: str


def collected(files: Iterable[str], own: bool = True) -> list[Entry]:
    """The layers of the tool, if they are wanted, and those of files; each under a name of its own."""
    groups = {each["name"]: each["group"] for each in load_summaries()} if own else {}
    found = [Entry(name, name, groups[name]) for name in layer_names()] if own else []
    taken = {entry.name for entry in found}
    for spec in files:
        stem = "-".join(re.findall(r"[\w]+", re.sub(r"\.(py|ipynb)\b", "", Path(spec).name))) or "layer"
        name, number = stem, 1
        while name.lower() in {each.lower() for each in taken}:  # some systems do not tell A from a
            number += 1
            name = f"{stem}-{number}"
        taken.add(name)
        found.append(Entry(spec, name, "your own"))
    return found


def write_site(
    entries: list[Entry],
    folder: Path,
    force: bool = False,
    progress: Callable[[str], None] | None = None,
    with_manual: bool = False,
) -> list[Path]:
    """Write the site.

    Args:
        force: write over an index.html that is somebody else's. progress: is told the name of each layer.
        with_manual: its pictures are those of the tool's own layers, so these have to be there, too.

    Returns:
        The files, as they were written.

    Raises:
        DrawingError: the folder cannot be written to, or holds another site.
        LayerError, TraceError, InputError: of a layer; nothing of its page is written then.
    """
    top = folder / "index.html"
    if top.is_file() and not force and MARK not in top.read_text(encoding="utf-8", errors="replace"):
        raise DrawingError(f"{top} is there already, and not by this tool", fix="Choose another folder, or --force.")
    try:
        for part in _FOLDERS:
            (folder / part).mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise DrawingError(f"{folder} cannot be made: {error.strerror}", fix="Choose another folder.") from error
    written: list[Path] = []
    cards: list[Card] = []
    for entry in entries:
        if progress is not None:
            progress(entry.name)
        layer = load(entry.spec)
        trace = layer.trace()
        trace.backward()
        files = dict(_files(entry, trace, folder))
        for path, text in files.items():
            write(folder / path, text.encode())
        written += [folder / path for path in files]
        cards.append(_card(entry, layer, trace, [path for path in files if path.startswith("worksheets/")]))
    pages = manual() if with_manual else []
    if pages:
        (folder / "manual").mkdir(exist_ok=True)
    for page in pages:
        for name, text in {f"{page.name}.html": manual_page(page, pages), **page.files}.items():
            written.append(folder / "manual" / name)
            write(written[-1], text.encode())
    write(top, index(cards, pages).encode())
    return [*written, top]


def _files(entry: Entry, trace: Trace, folder: Path) -> Iterator[tuple[str, str]]:
    """The files of one layer by their places in the site."""
    title = heading(trace, entry.spec)
    links = [("../index.html", "all layers"), (f"../pictures/{entry.name}.svg", "picture")]
    sheet = _sheet(entry, folder)
    if sheet is not None:
        yield f"worksheets/{entry.name}.py", sheet
        links.append((f"../worksheets/{entry.name}.py", "worksheet"))
    yield f"pictures/{entry.name}.svg", Diagram(trace, title=title, size="page", theme="auto").svg()
    closed = paged(trace, title=title)
    name = entry.spec if entry.group != "your own" else trace.layer
    yield f"layers/{entry.name}.html", player_page(closed, name, questions(trace), links, opened(trace, closed, title))


def _sheet(entry: Entry, folder: Path) -> str | None:
    """The worksheet; None for a layer that cannot be asked about."""
    try:
        return worksheet(entry.spec, folder=folder / "worksheets")
    except BackpropvizError:
        return None


def _card(entry: Entry, layer: Layer, trace: Trace, sheets: list[str]) -> Card:
    used = {node.primitive for node in trace.nodes if node.primitive is not None}
    said = [layer.summary, *(step.caption for step in trace.steps), *(each.story for each in used)]
    operations = sorted({each.call or each.name for each in used})
    names = [*trace.inputs, *(step.name for step in trace.steps), *(group.function for group in trace.groups)]
    return Card(
        name=entry.name, group=entry.group, summary=layer.summary, steps=len(trace.steps),
        inputs=", ".join(f"{name} {node.shape}" for name, node in trace.inputs.items()), sheets=tuple(sheets),
        names=" ".join(dict.fromkeys(names)), operations=" ".join(operations),
        said=" ".join(dict.fromkeys(filter(None, said))),
    )  # fmt: skip
