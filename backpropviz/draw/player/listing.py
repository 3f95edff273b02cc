"""The steps as a list: what is printed, what is read where scripts do not run, and where the page's formulas stand."""

from __future__ import annotations

import html
from collections.abc import Iterator

import numpy as np

from backpropviz.draw.player.frames import Frame


def item(frame: Frame) -> str:
    """A frame as an entry of the list that is printed."""
    lines = [*frame["code"]] or ([frame["title"]] if frame["pass"] == "forward" and frame["step"] != "0" else [])
    heading = f"{frame['pass']}, step {frame['step']}" if frame["step"] not in ("", "0") else frame["title"]
    text = [f"<li class='{frame['pass']}'><b>{html.escape(heading)}</b> <i>{html.escape(frame['caption'])}</i>"]
    text += [f"<code>{html.escape(line)}</code>" for line in lines]
    if frame["formulas"]:
        text.append(f"<div class='formulas'>{''.join(f'<div>{line}</div>' for line in frame['formulas'])}</div>")
    text += [f"<pre>{html.escape(block)}</pre>" for array in frame["arrays"] for block in _printed(array)]
    return "\n".join([*text, "</li>"])


def _printed(array: Frame) -> Iterator[str]:
    """An array in blocks, that stand side by side where there is room: one for each of its matrices."""
    head = f"{array['name']} {tuple(array['shape'])}"
    if "summary" in array:
        yield f"{head}: {array['summary']}"
        return
    values = np.asarray(array["data"])
    for place in np.ndindex(values.shape[:-2]):
        text = np.array2string(values[place], precision=4, suppress_small=True, max_line_width=100)
        which = f"{list(place)}" if place else ""
        yield f"{head} {which}".rstrip() + f"\n{text}" if not any(place) else f"{which}\n{text}"
