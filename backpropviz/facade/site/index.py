"""The index of a site: cards in groups, and a search over names, operations and sentences that needs no server."""

from __future__ import annotations

import html
from importlib.resources import files
from typing import NamedTuple

MARK = '<meta name="generator" content="backpropviz site">'


class Card(NamedTuple):
    """What the index says of a layer, and what it is found by.

    Attributes:
        name: of its files. inputs: with their shapes. sheets: worksheets, by their places in the site.
        names: of its values. operations: as NumPy has them. said: captions and stories.
    """

    name: str
    group: str
    summary: str
    steps: int
    inputs: str
    sheets: tuple[str, ...]
    names: str
    operations: str
    said: str


def index(cards: list[Card]) -> str:
    """The page as HTML; without scripts it is a list, with them it can be searched."""
    groups: dict[str, list[Card]] = {}
    for card in cards:
        groups.setdefault(card.group, []).append(card)
    sections = "\n".join(
        f"<section><h2>{html.escape(group)}</h2><ul>{''.join(map(_card, its))}</ul></section>"
        for group, its in sorted(groups.items(), key=lambda item: item[0] != "your own")
    )
    folder = files(__package__)
    parts = {
        "{{mark}}": MARK,
        "{{style}}": (folder / "index.css").read_text(encoding="utf-8"),
        "{{script}}": (folder / "index.js").read_text(encoding="utf-8"),
        "{{sections}}": sections,
    }
    text = (folder / "index.html").read_text(encoding="utf-8")
    for place, part in parts.items():
        text = text.replace(place, part, 1)
    return text


def _card(card: Card) -> str:
    name = html.escape(card.name)
    sheets = "".join(f' <a href="{html.escape(path)}" download>worksheet</a>' for path in card.sheets)
    found_by = html.escape(" \n".join((card.name, card.names, card.operations, card.summary, card.said)).lower())
    steps = f"{card.steps} step{'' if card.steps == 1 else 's'}"
    return (
        f'<li data-words="{found_by}"><a class="page" href="layers/{name}.html">'
        f'<img src="pictures/{name}.svg" alt="" loading="lazy"><b>{name}</b></a>'
        f"<p>{html.escape(card.summary)}</p><small>{html.escape(card.inputs)}; {steps}. "
        f'<a href="pictures/{name}.svg" download>picture</a>{sheets}</small></li>\n'
    )
