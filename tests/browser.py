"""Drives pages in Chromium: one browser for all tests of a process, one tab, in which page after page is opened.

What a test wants to know is asked by a script that runs in the page and returns it. Whatever a page tells the console
is a fault, as is any error.
"""

import atexit
import base64
import fcntl
import functools
import json
import os
import select
import shutil
import subprocess
import tempfile
from pathlib import Path

import pytest

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")

REQUIRED = os.environ.get("BACKPROPVIZ_BROWSER") == "required"  # to skip is to fail then
NEEDED = pytest.mark.skipif(CHROMIUM is None and not REQUIRED, reason="there is no Chromium: apt-get install chromium")
"""The mark of tests that need the browser."""

AXE = Path(os.environ.get("AXE", "node_modules/axe-core/axe.min.js"))
"""Where the checks of accessibility are, if they were fetched: npm install --no-save axe-core"""

_OPTIONS = [
    "--headless=new", "--no-sandbox", "--disable-gpu", "--no-first-run", "--disable-extensions", "--disable-sync",
    "--disable-background-networking", "--disable-component-update",
    "--disable-ipc-flooding-protection",  # tests follow more addresses a second than people
    "--remote-debugging-pipe", "about:blank",
]  # fmt: skip
_PATIENCE = 120  # seconds until a silent browser is given up

# What the script of a test can use: `press`, `settled` (the address has been followed), and `arrays` of what is shown.
_HELP = """
const settled = async () => { for (let n = 0; n < 3; n += 1) await new Promise((done) => setTimeout(done, 0)); };
const press = async (key, more = {}) => {
  (document.activeElement || document.body).dispatchEvent(
    new KeyboardEvent("keydown", { key, bubbles: true, cancelable: true, ...more }));
  await settled();
};
const text = (name) => document.getElementById("player-" + name).textContent;
const entry = (cell) => ({ true: 1, false: 0 })[cell.textContent] ?? Number(cell.textContent);
const arrays = () => [...document.querySelectorAll("#player-arrays figure")].map((figure) => ({
  name: figure.querySelector("figcaption").firstChild.textContent.trim(),
  entries: [...figure.querySelectorAll("tbody td")].map(entry),
}));
"""


class Browser:
    """A Chromium that reads commands of the DevTools protocol from descriptor 3 and answers on descriptor 4, a zero
    byte after each.

    Source: https://chromedevtools.github.io/devtools-protocol/
    """

    def __init__(self):
        assert CHROMIUM, "there is no Chromium: apt-get install chromium"
        self.folder = tempfile.TemporaryDirectory(ignore_cleanup_errors=True)
        (commands, self.to), (self.back, answers) = _pipe(), _pipe()
        self.process = subprocess.Popen(
            [CHROMIUM, *_OPTIONS, f"--user-data-dir={self.folder.name}/profile"],
            stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, pass_fds=(3, 4),
            preexec_fn=lambda: (os.dup2(commands, 3), os.dup2(answers, 4)),
        )  # fmt: skip
        os.close(commands)
        os.close(answers)
        self.sent, self.read, self.events = 0, bytearray(), []

    def send(self, method, session=None, **params):
        """What a command answers.

        Raises:
            AssertionError: the browser refuses it, or is silent.
        """
        self.sent += 1
        message = {"id": self.sent, "method": method, "params": params} | ({"sessionId": session} if session else {})
        data = json.dumps(message).encode() + b"\0"
        while data:
            data = data[os.write(self.to, data) :]
        while (told := self._next()).get("id") != self.sent:
            self.events.append(told)
        assert "error" not in told, f"{method}: {told['error']}"
        return told["result"]

    def event(self, method):
        """The next event of this kind, also one that came before it was asked for."""
        while True:
            for told in self.events:
                if told.get("method") == method:
                    self.events.remove(told)
                    return told["params"]
            self.events.append(self._next())

    def _next(self):
        while (end := self.read.find(0)) < 0:
            ready, _, _ = select.select([self.back], [], [], _PATIENCE)
            more = os.read(self.back, 1 << 20) if ready else b""
            assert more, "the browser is silent"
            self.read += more
        told = json.loads(self.read[:end])
        del self.read[: end + 1]
        return told

    def close(self):
        self.process.terminate()
        self.process.wait(30)
        os.close(self.to)
        os.close(self.back)
        self.folder.cleanup()


def _pipe():
    """A pipe whose ends are none of the descriptors that the browser gets."""
    ends = os.pipe()
    moved = [fcntl.fcntl(end, fcntl.F_DUPFD_CLOEXEC, 10) for end in ends]
    for end in ends:
        os.close(end)
    return moved


class Tab:
    """The tab of a browser in which pages are opened."""

    def __init__(self, browser):
        self.browser, self.page = browser, ""
        target = browser.send("Target.createTarget", url="about:blank")["targetId"]
        self.session = browser.send("Target.attachToTarget", targetId=target, flatten=True)["sessionId"]
        for domain in ("Page", "Runtime", "Log"):
            self.send(f"{domain}.enable")
        self.send("Page.addScriptToEvaluateOnNewDocument", source=_HELP)
        self.send("Emulation.setFocusEmulationEnabled", enabled=True)

    def send(self, method, **params):
        return self.browser.send(method, self.session, **params)

    def look(self, width=1400, height=900, dark=False, zoom=1):
        """The window as large as that, in the pixels of the screen, of which a pixel of the page takes `zoom`."""
        size = {"width": width // zoom, "height": height // zoom, "deviceScaleFactor": zoom, "mobile": False}
        self.send("Emulation.setDeviceMetricsOverride", **size)
        wanted = {"prefers-color-scheme": "dark" if dark else "light", "prefers-reduced-motion": "reduce"}
        self.send("Emulation.setEmulatedMedia", features=[{"name": n, "value": v} for n, v in wanted.items()])

    def open(self, address):
        self.page = ""
        self.browser.events.clear()
        failed = self.send("Page.navigate", url=address).get("errorText")
        assert not failed, f"{address}: {failed}"
        self.loaded()

    def loaded(self):
        self.browser.event("Page.loadEventFired")

    def run(self, script):
        """What the script returns.

        Raises:
            AssertionError: it ended in an error, or the page complained.
        """
        wrapped = f"(async () => {{{script}}})()"
        told = self.send("Runtime.evaluate", expression=wrapped, awaitPromise=True, returnByValue=True)
        assert "exceptionDetails" not in told, told["exceptionDetails"]["exception"].get("description")
        complaints = [each for each in self.browser.events if each["method"] in _COMPLAINTS]
        assert not complaints, complaints
        return told["result"].get("value")

    def picture(self, path, **options):
        path.write_bytes(base64.b64decode(self.send("Page.captureScreenshot", **options)["data"]))

    def printed(self, path):
        path.write_bytes(base64.b64decode(self.send("Page.printToPDF", printBackground=True)["data"]))


_COMPLAINTS = ("Runtime.consoleAPICalled", "Runtime.exceptionThrown", "Log.entryAdded")


@functools.cache
def tab():
    """The one tab of the one browser, which ends with the tests."""
    browser = Browser()
    atexit.register(browser.close)
    return Tab(browser)


def opened(page, folder, width=1400, height=900, dark=False, zoom=1):
    """The tab, with a page that was written to the folder."""
    path = folder / "page.html"
    path.write_text(page, encoding="utf-8")
    tab().look(width, height, dark, zoom)
    tab().open(path.as_uri())
    tab().page = page
    return tab()


def still_open(page, folder):
    """The tab with this page at its first step, as the test before left it where it is still open: for tests that put
    back what they change."""
    if tab().page != page:
        return opened(page, folder)
    tab().look()
    tab().browser.events.clear()
    tab().run('await press("Escape"); await press("Escape"); location.hash = "#forward-0"; await settled();')
    return tab()


def driven(page, script, folder, width=1400, height=900, dark=False):
    """What the script of a test returns, after the page has loaded.

    Raises:
        AssertionError: the page or the script ended in an error, or the page complained to the console.
    """
    return opened(page, folder, width, height, dark).run(script)
