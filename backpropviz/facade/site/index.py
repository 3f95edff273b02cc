"""The index of a site: cards in groups, and a search over names, operations and sentences that needs no server."""

from __future__ import annotations

import html
from importlib.resources import files
from typing import NamedTuple

from backpropviz.facade.site.manual import Page, Part

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


def index(cards: list[Card], pages: list[Page]) -> str:
    """The page as HTML; without scripts it is a list, with them it can be searched.

    Parts of the manual are shown only where they are searched for.
    """
    groups: dict[str, list[Card]] = {}
    for card in cards:
        groups.setdefault(card.group, []).append(card)
    sections = "\n".join(
        f"<section><h2>{html.escape(group)}</h2><ul>{''.join(map(_card, its))}</ul></section>"
        for group, its in sorted(groups.items(), key=lambda item: item[0] != "your own")
    )
    if pages:
        guides = "".join(map(_guide, pages))
        found = "".join(_part(page, part) for page in pages for part in page.parts[1:])
        sections = (
            f'<section><h2>the manual</h2><ul class="guides">{guides}</ul></section>\n{sections}\n'
            f'<section hidden><h2>in the manual</h2><ul class="found">{found}</ul></section>'
        )
    return _filled("index.html", sections=sections, script=_read("index.js"))


def manual_page(page: Page, pages: list[Page]) -> str:
    """A page of the manual as HTML, with the ways to the others and to the index."""
    ways = "".join(
        f'<a href="{each.name}.html"{" aria-current=page" * (each is page)}>{html.escape(each.title.split(":")[0])}</a>'
        for each in pages
    )
    contents = "".join(
        f'<li><a href="#{part.anchor}">{html.escape(part.title.split("(")[0])}</a></li>' for part in page.parts[1:]
    )
    contents = f'<nav aria-label="on this page"><ul class="contents">{contents}</ul></nav>' if contents else ""
    return _filled("manual.html", title=html.escape(page.title), ways=ways, contents=contents, body=page.body)


def _read(name: str) -> str:
    return (files(__package__) / name).read_text(encoding="utf-8")


def _filled(name: str, **parts: str) -> str:
    """A page whose places are filled in, each once."""
    text = _read(name)
    for place, part in {"mark": MARK, "style": _read("index.css"), **parts}.items():
        text = text.replace(f"{{{{{place}}}}}", part, 1)
    return text


def _guide(page: Page) -> str:
    words = html.escape(f"{page.title} {page.summary}".lower())
    return (
        f'<li data-words="{words}"><a class="page" href="manual/{page.name}.html"><b>{html.escape(page.title)}</b></a>'
        f"<p>{html.escape(page.summary)}</p></li>\n"
    )


def _part(page: Page, part: Part) -> str:
    words = html.escape(f"{part.title} {part.words}".lower())
    return (
        f'<li data-words="{words}"><a class="page" href="manual/{page.name}.html#{part.anchor}">'
        f"<b>{html.escape(part.title)}</b></a><small>{html.escape(page.title)}</small></li>\n"
    )


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
