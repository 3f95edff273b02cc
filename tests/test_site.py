"""`site`: every link leads to a file that is there, nothing comes from elsewhere, and the index can be searched."""

import os
import re
from html.parser import HTMLParser
from pathlib import Path

import pytest
from typer.testing import CliRunner

from backpropviz.cli import app
from backpropviz.errors import DrawingError, LayerError
from backpropviz.facade.site import Entry, collected, write_site
from backpropviz.facade.site.manual import PAGES
from backpropviz.layers.library import layer_names
from tests.browser import NEEDED, driven

MINE = """import numpy as np

def swish(x, *, beta=1.5):
    '''Twice <b>bold</b> & more.'''
    # how far every entry is switched on
    gate = 1 / (1 + np.exp(-beta * x))
    return x * gate

def scaled(x, w):
    '''Once <b>bold</b>.'''
    return np.tanh(x) * w
"""


class Links(HTMLParser):
    def __init__(self, text):
        super().__init__(convert_charrefs=True)
        self.links, self.text = [], ""
        self.feed(text)

    def handle_starttag(self, tag, attributes):
        found = dict(attributes)
        self.links += [found[name] for name in ("href", "src") if name in found]

    def handle_data(self, data):
        self.text += data


@pytest.fixture(scope="module")
def site(tmp_path_factory):
    folder = tmp_path_factory.mktemp("site")
    (folder / "mine.py").write_text(MINE, encoding="utf-8")
    entries = [
        Entry("batchnorm", "batchnorm", "normalization"), Entry("maxpool", "maxpool", "convolution and pooling"),
        *collected([f"{folder}/mine.py:swish", f"{folder}/mine.py:scaled"], own=False),
    ]  # fmt: skip
    return folder / "public", write_site(entries, folder / "public")


def test_every_link_leads_to_a_file_of_the_site(site):
    folder, written = site
    assert {*folder.rglob("*.*")} == {*written}
    reached = {folder / "index.html"}
    for path in written:
        if path.suffix != ".html":
            continue
        for link in Links(path.read_text(encoding="utf-8")).links:
            assert not re.match(r"[a-z]+:|/", link), link
            target = Path(os.path.normpath(path.parent / link))
            assert target.is_file(), link
            reached.add(target)
    assert reached == {*written}


@pytest.fixture(scope="module")
def whole(tmp_path_factory):
    """A site with the manual, which shows the picture of batchnorm."""
    folder = tmp_path_factory.mktemp("whole")
    return folder, write_site([Entry("batchnorm", "batchnorm", "normalization")], folder, with_manual=True)


def test_every_link_of_the_manual_leads_to_a_place(whole):
    folder, written = whole
    texts = {path: path.read_text(encoding="utf-8") for path in written if path.suffix == ".html"}
    manual = [path for path in texts if path.parent.name == "manual"]
    assert {path.stem for path in manual} == {*PAGES}
    for name in ("handin.py", "swish_norm.py", "hw2.toml"):
        assert (folder / "manual" / name).read_bytes() == Path("examples", name).read_bytes()
    for path in [*manual, folder / "index.html"]:
        for link in Links(texts[path]).links:
            name, _, anchor = link.partition("#")
            target = Path(os.path.normpath(path.parent / name)) if name else path
            assert target in written, link
            assert not anchor or f'id="{anchor}"' in texts[target], link


def test_nothing_comes_from_elsewhere(site):
    for path in site[1]:
        text = path.read_text(encoding="utf-8")
        if path.suffix == ".html":
            assert "default-src 'none'" in text
        assert not re.search(r"""(?:src|href)=["'](?:https?:)?//""", text)


def test_names_of_files_and_what_they_say(site):
    folder, _ = site
    assert {path.stem for path in (folder / "layers").iterdir()} == {
        "batchnorm",
        "maxpool",
        "mine-swish",
        "mine-scaled",
    }
    index = (folder / "index.html").read_text(encoding="utf-8")
    assert "Twice <b>bold</b> & more." in Links(index).text
    assert "<h2>your own</h2>" in index
    assert index.index("your own") < index.index("normalization")
    assert (folder / "worksheets" / "batchnorm.py").read_text(encoding="utf-8").startswith("# backpropviz worksheet: ")
    assert "prefers-color-scheme: dark" in (folder / "pictures" / "mine-swish.svg").read_text(encoding="utf-8")


def test_every_layer_and_every_file_gets_a_name_of_its_own():
    entries = collected(["a/net.py", "b/net.py", "b/NET.py:f", "c/batchnorm.py", "notes.ipynb:swish"])
    names = [entry.name for entry in entries]
    assert names[: len(layer_names())] == layer_names()
    assert names[len(layer_names()) :] == ["net", "net-2", "NET-f", "batchnorm-2", "notes-swish"]
    assert len({name.lower() for name in names}) == len(names)


def test_another_s_index_is_left_alone(tmp_path):
    (tmp_path / "index.html").write_text("<p>mine</p>", encoding="utf-8")
    with pytest.raises(DrawingError, match="there already, and not by this tool"):
        write_site(collected(["graphs/relu.py"], own=False), tmp_path)
    assert (tmp_path / "index.html").read_text(encoding="utf-8") == "<p>mine</p>"
    write_site(collected(["graphs/relu.py"], own=False), tmp_path, force=True)
    write_site(collected(["graphs/relu.py"], own=False), tmp_path)  # its own it may write over
    with pytest.raises(LayerError, match="there is no file"):
        write_site(collected(["nothing.py"], own=False), tmp_path)


def test_the_command(tmp_path):
    run = CliRunner()
    found = run.invoke(app, ["site", str(tmp_path / "public"), "graphs/relu.py", "--only"])
    assert found.exit_code == 0, found.output
    assert "wrote 1 page, 4 files" in found.output
    assert run.invoke(app, ["site", str(tmp_path), "--only"]).exception is not None


SEARCHING = """
const shown = async (words) => {
  const field = document.querySelector("input");
  field.value = words;
  field.dispatchEvent(new Event("input"));
  await settled();
  const cards = [...document.querySelectorAll("li")].filter((card) => card.offsetParent !== null);
  return [cards.map((card) => card.querySelector("b").textContent), document.querySelector("output").textContent];
};
return [await shown(""), await shown("IVAR"), await shown("np.exp"), await shown("router gradient"),
  await shown("switched"), await shown("zzz"), await shown("<b>")];
"""


@NEEDED
def test_the_index_is_searched_by_names_operations_and_sentences(site, tmp_path):
    index = (site[0] / "index.html").read_text(encoding="utf-8")
    found = driven(re.sub(r"<img[^>]*>", "", index), SEARCHING, tmp_path)
    every = ["mine-swish", "mine-scaled", "batchnorm", "maxpool"]
    assert found == [
        [every, ""], [["batchnorm"], "1 of 4"], [["mine-swish"], "1 of 4"], [["maxpool"], "1 of 4"],
        [["mine-swish"], "1 of 4"], [[], "0 of 4"], [["mine-swish", "mine-scaled"], "2 of 4"],
    ]  # fmt: skip


@NEEDED
def test_the_manual_is_searched_as_well(whole, tmp_path):
    index = (whole[0] / "index.html").read_text(encoding="utf-8")
    looked = SEARCHING[: SEARCHING.index("return [await")] + (
        'const found = []; for (const words of ["np.log1p", "broadcast has to be summed", "paths meet", "ivar"])'
        "found.push((await shown(words))[0]); return [(await shown(''))[0].length, ...found];"
    )
    every, log, summed, _, ivar = driven(re.sub(r"<img[^>]*>", "", index), looked, tmp_path)
    assert every == len(PAGES) + 1  # parts are shown where they are asked for
    assert log == ["np.log1p", "Add a layer"]
    assert summed == ["Three things that are easily missed"]
    assert "batchnorm" in ivar
