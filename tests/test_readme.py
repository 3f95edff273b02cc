"""The README's generated parts are what the tool prints today; `--update-golden` writes them anew."""

import contextlib
import io
import re
import shlex
from pathlib import Path

import pytest

from backpropviz.cli import app

ROOT = Path(__file__).parent.parent
MARKER = re.compile(r"<!-- (run|file): (.+?) -->\n(?:\n```\w*\n.*?\n```\n)?", re.DOTALL)
ROWS = re.compile(r"<!-- rows of (\S+): (.+?) -->\n(?:\n(?:\|.*\n)+)?")
GRIDS = (
    "maxpool", "avgpool", "conv", "affine", "softmax_loss", "batchnorm", "layernorm", "groupnorm", "attention",
    "embedding",
)  # fmt: skip
PICTURES = ("batchnorm", "softmax_loss", "conv", "lstm_step", "convnet")
GALLERY = {
    f"{name}{'-dark' if theme == 'dark' else ''}.svg": f"export {name} --size page --theme {theme}"
    for name in PICTURES
    for theme in ("light", "dark")
} | {
    f"{name}-entries{'-dark' if theme == 'dark' else ''}.svg": f"export {name} --style entries --theme {theme}"
    for name in GRIDS
    for theme in ("light", "dark")
}


def run(command: str, folder: Path = ROOT) -> str:
    """What a command prints on an 80-column terminal without colour; its exit code does not matter here."""
    printed = io.StringIO()
    with pytest.MonkeyPatch.context() as patch, contextlib.redirect_stdout(printed), contextlib.suppress(SystemExit):
        patch.setenv("COLUMNS", "80")
        patch.setenv("NO_COLOR", "1")
        patch.chdir(folder)
        app(shlex.split(command.removeprefix("backpropviz ")), prog_name="backpropviz", standalone_mode=False)
    return "\n".join(line.rstrip() for line in printed.getvalue().rstrip().split("\n"))


def generated(match: re.Match[str], folder: Path = ROOT) -> str:
    kind, what = match.groups()
    text = (ROOT / what).read_text().rstrip() if kind == "file" else run(what, folder)
    language = "toml" if what.endswith(".toml") else "python" if kind == "file" or " derive " in what else "text"
    return f"<!-- {kind}: {what} -->\n\n```{language}\n{text}\n```\n"


def chosen_rows(match: re.Match[str]) -> str:
    """The rows of a page's table that begin with these cells, under its head."""
    page, names = match.groups()
    lines = (ROOT / page).read_text().splitlines()
    rows = [next(n for n, line in enumerate(lines) if line.startswith(f"| {name} |")) for name in names.split("; ")]
    head = next(n for n in range(rows[0], 0, -1) if lines[n].startswith("|---"))
    table = [lines[n] for n in (head - 1, head, *rows)]
    return "\n".join([f"<!-- rows of {page}: {names} -->", "", *table, ""])


@pytest.mark.parametrize("page", ["README.md"])
def test_generated_parts(page, request):
    path = ROOT / page
    text = path.read_text()
    assert MARKER.search(text)
    fresh = ROWS.sub(chosen_rows, MARKER.sub(generated, text))
    if request.config.getoption("--update-golden"):
        path.write_text(fresh)
    assert path.read_text() == fresh, "run pytest --update-golden, and look at what changed"


@pytest.mark.parametrize("name", GALLERY)
def test_gallery(name, request, tmp_path):
    kept = ROOT / "examples" / "gallery" / name
    run(f"{GALLERY[name]} -o {tmp_path / name}")
    fresh = (tmp_path / name).read_text()
    if request.config.getoption("--update-golden"):
        kept.parent.mkdir(exist_ok=True)
        kept.write_text(fresh)
    assert kept.read_text() == fresh, "run pytest --update-golden, and look at the picture"


def test_every_picture_is_shown_in_both_colours():
    for page, folder in ((ROOT / "README.md", "examples/gallery/"), (ROOT / "examples/gallery/README.md", "")):
        shown = re.findall(r'srcset="([^"]+)"', page.read_text()) + re.findall(
            r'<img [^>]*src="([^"]+)"', page.read_text()
        )
        assert shown
        assert all(name.removeprefix(folder) in GALLERY for name in shown)
        assert {name for name in shown if name.endswith("-dark.svg")} == {
            name.replace(".svg", "-dark.svg") for name in shown if not name.endswith("-dark.svg")
        }


def test_no_formula_of_the_gallery_is_cut():
    for name in GALLERY:
        assert "..." not in (ROOT / "examples" / "gallery" / name).read_text()


def test_every_command_is_in_the_readme():
    names = {command.name or command.callback.__name__ for command in app.registered_commands}
    text = (ROOT / "README.md").read_text()
    assert [name for name in names if f"backpropviz {name}" not in text] == []
