"""Drives a page in Chromium: a script is put behind its own, and what that finds is read out of the page again."""

import html
import json
import os
import re
import shutil
import subprocess
from pathlib import Path

import pytest

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")

REQUIRED = os.environ.get("BACKPROPVIZ_BROWSER") == "required"  # to skip is to fail then
NEEDED = pytest.mark.skipif(CHROMIUM is None and not REQUIRED, reason="there is no Chromium: apt-get install chromium")
"""The mark of tests that need the browser."""

AXE = Path(os.environ.get("AXE", "node_modules/axe-core/axe.min.js"))
"""Where the checks of accessibility are, if they were fetched: npm install --no-save axe-core"""

_NARROWEST = 500  # pixels of a window; a page in a narrower one stands in a frame
_OUTER = """<body style="margin: 0">
<iframe src="page.html" style="border: 0; width: {width}px; height: {height}px"></iframe>
<script>window.addEventListener("message", (event) => {{ const told = document.createElement("pre"); told.id = "told";
told.textContent = event.data; document.body.append(told); }});</script></body>"""

# What the script of a test can use: `press`, `settled` (the address has been followed), and `arrays` of what is shown.
_HELP = """
const errors = [];
window.addEventListener("error", (event) => errors.push(event.message));
window.addEventListener("securitypolicyviolation", (event) => errors.push(event.violatedDirective));
const settled = () => new Promise((resolve) => setTimeout(resolve, 40));
const press = async (key, more = {}) => {
  (document.activeElement || document.body).dispatchEvent(
    new KeyboardEvent("keydown", { key, bubbles: true, cancelable: true, ...more }));
  await settled();
};
const text = (name) => document.getElementById("player-" + name).textContent;
const arrays = () => [...document.querySelectorAll("#player-arrays figure")].map((figure) => ({
  name: figure.querySelector("figcaption").firstChild.textContent.trim(),
  entries: [...figure.querySelectorAll("tbody td")].map((cell) => Number(cell.textContent)),
}));
"""


def driven(page, script, folder, width=1400, height=900, dark=False, seconds=120):
    """What the script of a test returns, after the page has loaded.

    Raises:
        AssertionError: the page or the script ended in an error, or the page complained to the console.
    """
    behind = (
        "<script>window.addEventListener('load', async () => { let found; try {"
        f"found = await (async () => {{{script}}})();"
        "} catch (error) { errors.push(String(error)); } const told = document.createElement('pre'); told.id = 'told';"
        "told.textContent = JSON.stringify({ found, errors }); document.body.append(told);"
        "if (parent !== window) parent.postMessage(told.textContent, '*'); });</script>"
    )
    page = page.replace("<head>", f"<head><script>{_HELP}</script>", 1).replace("</body>", f"{behind}</body>")
    assert CHROMIUM, "there is no Chromium: apt-get install chromium"
    path = folder / "page.html"
    path.write_text(page, encoding="utf-8")
    if width < _NARROWEST:
        path = folder / "outer.html"
        path.write_text(_OUTER.format(width=width, height=height), encoding="utf-8")
    run = subprocess.run(
        [
            CHROMIUM, "--headless=new", "--no-sandbox", "--disable-gpu", "--no-first-run", "--enable-logging=stderr",
            "--disable-features=IsolateSandboxedIframes",  # else virtual time does not wait for a frame
            f"--user-data-dir={folder / 'profile'}", f"--window-size={width},{height}",
            f"--blink-settings=preferredColorScheme={0 if dark else 1}",
            "--virtual-time-budget=60000", "--dump-dom", path.as_uri(),
        ],
        capture_output=True, text=True, timeout=seconds,
    )  # fmt: skip
    assert "CONSOLE" not in run.stderr, run.stderr
    told = re.search(r'<pre id="told">(.*?)</pre>', run.stdout, re.DOTALL)
    assert told, run.stderr[-2000:]
    result = json.loads(html.unescape(told[1]))
    assert not result["errors"], result["errors"]
    return result["found"]
