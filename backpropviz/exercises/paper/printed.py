"""The worksheet as a page to print: one file, which loads nothing."""

from __future__ import annotations

import html

from backpropviz.exercises.paper.sheet import Grid, Heading, Lines, Part, Words

_NARROW = 4  # columns of a grid of which two have room beside each other
_PAGE = """<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'">
<title>{title}</title>
<style>
body {{ max-width: 48rem; margin: 2rem auto; padding: 0 1rem; font: 1rem/1.45 system-ui, sans-serif; color: #1a1a1a;
  background: #ffffff; }}
pre, td {{ font-family: "DejaVu Sans Mono", Menlo, Consolas, monospace; }}
pre {{ margin: 0.3rem 0; white-space: pre-wrap; display: flex; }}
pre.blank::after {{ content: ""; flex: 1; margin-left: 0.6rem; border-bottom: 1px solid #1a1a1a; }}
h1 {{ font-size: 1.5rem; }} h2 {{ font-size: 1.2rem; margin-top: 1.6rem; }}
h3 {{ font-size: 1rem; margin-bottom: 0.2rem; }}
p {{ margin: 0.3rem 0; }}
table {{ border-collapse: collapse; margin: 0.3rem 1.5rem 0.8rem 0; display: inline-table; vertical-align: top; }}
.half {{ display: inline-block; vertical-align: top; width: 49%; padding-right: 1rem; box-sizing: border-box; }}
caption {{ text-align: left; font-weight: 600; }}
td {{ border: 1px solid #5f6773; min-width: 4.2rem; height: 1.9rem; padding: 0 0.3rem; text-align: right;
  font-size: 0.85rem; }}
.break {{ border-top: 2px solid #1a1a1a; padding-top: 1rem; }}
@page {{ margin: 18mm; }}
@media print {{
  body {{ margin: 0; max-width: none; font-size: 11pt; }}
  .break {{ break-before: page; border: 0; }}
  .block {{ break-inside: avoid; }}
}}
</style>
</head>
<body>
<main>
{body}
</main>
</body>
</html>
"""


def page(parts: list[Part]) -> str:
    """The worksheet as HTML."""
    title = next((part.text for part in parts if isinstance(part, Heading)), "worksheet")
    return _PAGE.format(title=html.escape(title), body="\n".join(map(_together, blocks(parts))))


def blocks(parts: list[Part]) -> list[list[Part]]:
    """What stays together on a page of paper: grids, with the words and the code above that are about them."""
    found: list[list[Part]] = []
    before: Part | None = None
    for part in parts:
        if before is None or (isinstance(before, Grid) and not isinstance(part, Grid)):
            found.append([])
        found[-1].append(part)
        before = part
    return found


def _together(block: list[Part]) -> str:
    """A block; narrow ones, where nothing is to be written on a line, stand two by two."""
    whole = any(
        part.level < 3 if isinstance(part, Heading)
        else part.blank if isinstance(part, Lines)
        else part.columns > _NARROW if isinstance(part, Grid)
        else False
        for part in block
    )  # fmt: skip
    kind = "block" if whole else "block half"
    return f'<div class="{kind}">{"".join(map(_set, block))}</div>'


def _set(part: Part) -> str:
    if isinstance(part, Heading):
        kind = ' class="break"' if part.breaks else ""
        return f"<h{part.level}{kind}>{html.escape(part.text)}</h{part.level}>"
    if isinstance(part, Words):
        return f"<p>{html.escape(part.text)}</p>"
    if isinstance(part, Lines):
        kind = ' class="blank"' if part.blank else ""
        return f"<pre{kind}>{html.escape(chr(10).join(part.lines))}</pre>"
    return _grid(part)


def _grid(grid: Grid) -> str:
    rows = []
    for row in range(grid.rows):
        cells = range(row * grid.columns, (row + 1) * grid.columns)
        written = [html.escape(grid.entries[cell]) if grid.entries is not None else "" for cell in cells]
        rows.append(f"<tr>{''.join(f'<td>{text}</td>' for text in written)}</tr>")
    return f"<table><caption>{html.escape(grid.name)}</caption><tbody>{''.join(rows)}</tbody></table>"
