"""A file that is edited while its page is open: made anew at every save, with the diagnosis of what is in it."""

from __future__ import annotations

import html
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import typer

from backpropviz.cli.serving import Server, State
from backpropviz.errors import BackpropvizError, LayerError
from backpropviz.layers.sources import split_spec

_LOOK = 0.25  # seconds between two looks at the file
_MOST = 120  # seconds that a page may take to make

# Asks for news, and waits for the answer: a new page is loaded, in the place where the reader is.
_ASKING = """<script>
(() => {
  const known = { number: NUMBER, heard: 0 };
  const box = document.createElement("pre");
  box.id = "live-told";
  box.setAttribute("role", "status");
  box.hidden = true;
  box.style.cssText = "margin: 0 0 0.5rem; padding: 0.5rem 0.8rem; white-space: pre-wrap; max-height: 30vh; flex: none;"
    + "border-left: 5px solid var(--factor, #2f6fb3); overflow: auto; font-size: 0.85rem;"
    + "background: var(--code, #f6f7f9)";
  const main = document.querySelector("main");
  main.before(box);
  const ask = async () => {
    try {
      const answer = await fetch("news?" + new URLSearchParams(known));
      const news = await answer.json();
      if (news.number !== known.number) { location.reload(); return; }
      known.heard = news.heard;
      box.textContent = news.told;
      box.hidden = !news.told;
    } catch { await new Promise((resolve) => setTimeout(resolve, 1000)); }
    ask();
  };
  ask();
})();
</script>"""
_FAILED = """<!DOCTYPE html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">
<meta http-equiv="Content-Security-Policy"
 content="default-src 'none'; style-src 'unsafe-inline'; script-src 'unsafe-inline'">
<meta name="color-scheme" content="light dark"><title>{title}</title><style>
body {{ font: 1rem/1.5 system-ui, sans-serif; max-width: 60rem; margin: 2rem auto; padding: 0 1rem; }}
pre {{ white-space: pre-wrap; padding: 1rem; border-left: 5px solid #c0182a; background: rgb(128 128 128 / 0.12); }}
</style></head><body><main><h1>{title}</h1><pre id="live-error">{message}</pre>
<p>The page follows as soon as the file is saved again.</p></main></body></html>"""


def live(spec: str, options: list[str], open_: bool) -> None:
    """Serve the page of a file until the terminal ends it.

    Args:
        options: of the command line, for the run.

    Raises:
        LayerError: it is no file.
    """
    path, _ = split_spec(spec)
    file = Path(path) if path else None
    if file is None or not file.is_file():
        raise LayerError(_seen(spec, file), fix="--live is for a file that you edit: backpropviz play --live mine.py")
    state = State()
    server = Server(state)
    state.show(_framed(_FAILED.format(title=f"{html.escape(file.name)} is being read", message=""), 1))
    server.start()
    print(server.address, flush=True)
    typer.echo("backpropviz: save the file, and the page follows; Ctrl-C ends", err=True)
    if open_:
        import webbrowser

        webbrowser.open(server.address)
    try:
        for _ in _saves(file):
            _update(state, spec, file, options)
    except KeyboardInterrupt:
        pass
    finally:
        server.shutdown()
        server.server_close()


def _seen(spec: str, file: Path | None) -> str:
    """What stands where a file should."""
    from backpropviz.layers.library import layer_names

    if file is not None:
        return f"{file} is a folder" if file.is_dir() else f"there is no file {file}"
    return f"{spec} is a layer of the tool" if spec in layer_names() else f"{spec} is no Python file and no notebook"


def _saves(file: Path) -> Iterator[None]:
    """Once at the beginning, and whenever the file is another one. Editors write a new file in the place of the old."""
    before: tuple[int, int] | None = None
    while True:
        try:
            now = file.stat()
        except OSError:  # just being replaced
            time.sleep(_LOOK)
            continue
        if (now.st_mtime_ns, now.st_size) != before:
            before = now.st_mtime_ns, now.st_size
            yield
        time.sleep(_LOOK)


def _update(state: State, spec: str, file: Path, options: list[str]) -> None:
    made, message = _made(spec, options)
    page = (
        made
        if made is not None
        else _FAILED.format(title=f"{html.escape(file.name)} stops here", message=html.escape(message))
    )
    state.show(_framed(page, state.number + 1))
    state.tell(_diagnosed(file))


def _made(spec: str, options: list[str]) -> tuple[str | None, str]:
    """The page, or what is wrong. The file runs in a process of its own, which may loop or crash."""
    with tempfile.TemporaryDirectory(prefix="backpropviz-") as folder:
        path = Path(folder) / "page.html"
        command = [sys.executable, "-m", "backpropviz", "export", spec, "-o", str(path), *options]
        try:
            run = subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=_MOST)
        except subprocess.TimeoutExpired:
            return None, f"It did not end within {_MOST} seconds: is there a loop without an end?"
        if run.returncode == 0 and path.is_file():
            return path.read_text(encoding="utf-8"), ""
        return None, run.stderr.strip().removeprefix("backpropviz: ") or f"It ended with code {run.returncode}."


def _diagnosed(file: Path) -> str:
    """What is wrong with the backward passes in the file; empty where there are none."""
    from backpropviz.diagnose.processes.runner import diagnose
    from backpropviz.diagnose.telling.render import render_text

    try:
        report = diagnose(file)
    except BackpropvizError as error:
        return str(error)
    return render_text(report).rstrip("\n") if report.functions else ""


def _framed(page: str, number: int) -> str:
    """A page that asks for news, and may ask nobody but this server."""
    page = page.replace("content=\"default-src 'none';", "content=\"default-src 'none'; connect-src 'self';", 1)
    return page.replace("</body>", _ASKING.replace("NUMBER", str(number)) + "</body>", 1)
