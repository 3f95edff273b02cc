"""The manual: markdown as it stands in `backpropviz/manual/`, made into pages of a site.

What the tool prints stands in these texts as it was printed: a test runs every command again and compares. The Python
API is read from its docstrings, the page of calculus from the operations' records.
"""

from __future__ import annotations

import inspect
import re
from collections.abc import Iterator
from dataclasses import dataclass
from importlib.resources import files
from itertools import pairwise
from pathlib import PurePath
from typing import Any

from markdown_it import MarkdownIt
from markdown_it.token import Token

from backpropviz.facade.site.docstrings import as_markdown, plain

PAGES = ("students", "teachers", "commands", "python", "operations", "contributors")
"""The texts, in the order in which they are read."""

_MARKER = re.compile(r"<!-- (run|file|try|api|operations|figures)(?:: (.+?))? -->")
_FILE = re.compile(r"^\[`(.+?)`\]\(\1\):\n\n```\w*\n(.*?)^```", re.DOTALL | re.MULTILINE)
_API = (
    "trace", "Trace", "gradcheck", "check", "diagnose", "primitive", "stop_gradient", "im2col", "col2im",
    "output_shape", "BackpropvizError",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Part:
    """A heading with what stands below it: its anchor, its title, and the words it is found by."""

    anchor: str
    title: str
    words: str


@dataclass(frozen=True, slots=True)
class Page:
    """A page of the manual.

    Attributes:
        name: of its file. title: its first heading. summary: its first sentence. body: as HTML. parts: what it has.
        files: what its reader is to save, by name.
    """

    name: str
    title: str
    summary: str
    body: str
    parts: tuple[Part, ...]
    files: dict[str, str]


def manual() -> list[Page]:
    """All pages of the manual."""
    return [_page(name, source(name)) for name in PAGES]


def source(name: str) -> str:
    """The markdown of a page, with its generated parts."""
    text = (files("backpropviz") / "manual" / f"{name}.md").read_text(encoding="utf-8")
    return _MARKER.sub(_filled, text)


def _filled(marker: re.Match[str]) -> str:
    """What stands in the place of a marker: a command or the name of a file above what it prints, or a list."""
    kind, what = marker.groups()
    if kind == "api":
        return "\n\n".join(_api())
    if kind == "operations":
        return "\n".join(_operations())
    name = PurePath(what or "").name
    return {"run": f"```sh\n{what}\n```", "file": f"[`{name}`]({name}):", "try": "", "figures": ""}[kind]


def _page(name: str, text: str) -> Page:
    reader = MarkdownIt("commonmark", {"html": False}).enable("table")
    tokens = reader.parse(text)
    parts = tuple(_parts(tokens))
    files = dict(_FILE.findall(text))
    for token in tokens:
        for child in token.children or ():
            link = str(child.attrs.get("href", ""))
            if link.endswith(".md"):
                child.attrs["href"] = f"{link.removesuffix('.md')}.html"
            if link in files:
                child.attrs["download"] = link
    summary = next(token.content for token in _after(tokens, "paragraph_open") if token.type == "inline")
    summary = re.split(r"(?<=[.?!:])\s", " ".join(summary.replace("`", "").split()))[0].rstrip(":")
    body = str(reader.renderer.render(tokens, reader.options, {}))
    body = body.replace("<table>", '<div class="wide" tabindex="0"><table>').replace("</table>", "</table></div>")
    return Page(name, parts[0].title, summary, body.replace("<pre>", '<pre tabindex="0">'), parts, files)


def _after(tokens: list[Token], kind: str) -> Iterator[Token]:
    for before, token in pairwise(tokens):
        if before.type == kind:
            yield token


def _parts(tokens: list[Token]) -> Iterator[Part]:
    """The headings, each with an anchor of its own, which it is given here."""
    taken: dict[str, int] = {}
    found: list[tuple[str, str, list[str]]] = []
    for before, token in zip([Token("", "", 0), *tokens], tokens):
        if before.type == "heading_open":
            stem = "-".join(re.findall(r"\w+", token.content.strip("`").split("(")[0].lower())) or "part"
            taken[stem] = taken.get(stem, 0) + 1
            anchor = stem if taken[stem] == 1 else f"{stem}-{taken[stem]}"
            before.attrs["id"] = anchor
            found.append((anchor, re.sub(r"[`*]", "", token.content), []))
        elif token.content and found:
            found[-1][2].append(token.content)
    return (Part(anchor, title, " ".join(words)) for anchor, title, words in found)


# ---- generated from the code -------------------------------------------------------------------------------------


def _api() -> Iterator[str]:
    """Every public name with its signature and what its docstring says; of a trace every view."""
    import backpropviz
    from backpropviz.diagnose.displayed import diagnosed

    for name in _API:
        found: Any = diagnosed if name == "diagnose" else getattr(backpropviz, name)
        yield f"## `bp.{_signature(name, found)}`"
        yield as_markdown(inspect.getdoc(found) or "")
        if name == "Trace":
            for attribute, member in _members(found):
                yield f"### `Trace.{_signature(attribute, member)}`"
                yield as_markdown(inspect.getdoc(member) or "")


def _members(kind: type) -> Iterator[tuple[str, Any]]:
    """The public methods and properties of a class that say what they are, its own ones first."""
    seen = set()
    for each in kind.__mro__:
        for name, member in vars(each).items():
            if not name.startswith("_") and name not in seen and inspect.getdoc(member) and each is not object:
                seen.add(name)
                if isinstance(member, property) or inspect.isfunction(member):
                    yield name, member


def _signature(name: str, found: Any) -> str:
    """A name, and in brackets what it takes, without types: these are in the docstring's words."""
    function = getattr(found, "run", found)
    if isinstance(found, property) or inspect.isclass(found) or not callable(function):
        return f"{name}"
    signature = inspect.signature(function)
    plain = [
        each.replace(annotation=inspect.Parameter.empty)
        for each in signature.parameters.values()
        if each.name != "self"
    ]
    return f"{name}{signature.replace(parameters=plain, return_annotation=inspect.Signature.empty)}"


def _operations() -> Iterator[str]:
    """Every record: the name, the formula, the story, the local derivatives."""
    from backpropviz.primitives import PRIMITIVES

    records = {primitive.call or primitive.name: primitive for primitive in PRIMITIVES.values()}
    for name, each in sorted(records.items(), key=lambda item: item[0].lower()):
        local = ", ".join(f"`{gradient.local}`" for gradient in each.gradients if gradient is not None)
        yield f"### `{name}`\n"
        yield f"`{each.formula}`{f', local derivatives {local}' if local else ''}. {plain(each.story)}\n"
