"""The steps as a list: what is printed, what is read where scripts do not run, and where the page's formulas stand."""

from __future__ import annotations

import html

import numpy as np

from backpropviz.draw.player.frames import Frame


def item(frame: Frame) -> str:
    """A frame as an entry of the list that is printed."""
    lines = [*frame["code"]] or ([frame["title"]] if frame["pass"] == "forward" and frame["step"] != "0" else [])
    heading = f"{frame['pass']}, step {frame['step']}" if frame["step"] not in ("", "0") else frame["title"]
    text = [f"<li class='{frame['pass']}'><b>{html.escape(heading)}</b> <i>{html.escape(frame['caption'])}</i>"]
    text += [f"<code>{html.escape(line)}</code>" for line in lines]
    text += [f"<pre>{html.escape(_printed(array))}</pre>" for array in frame["arrays"]]
    if frame["formulas"]:
        text.append(f"<div class='formulas'>{''.join(f'<div>{line}</div>' for line in frame['formulas'])}</div>")
    return "\n".join([*text, "</li>"])


def _printed(array: Frame) -> str:
    head = f"{array['name']} {tuple(array['shape'])}"
    if "summary" in array:
        return f"{head}: {array['summary']}"
    values = np.array2string(np.asarray(array["data"]), precision=4, suppress_small=True, max_line_width=100)
    return f"{head}\n{values}"
