"""The examples run as a reader runs them, and what they claim is held against independent numbers."""

from __future__ import annotations

import contextlib
import importlib.util
import json
import linecache
import re
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest

import backpropviz as bp
from tests.notebooks import Shell

EXAMPLES = Path(__file__).parent.parent / "examples"


def example(name):
    spec = importlib.util.spec_from_file_location(f"example_{name}", EXAMPLES / f"{name}.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.mark.parametrize("name", ["batchnorm_iris", "dice", "fc_as_conv"])
def test_scripts_run_from_anywhere_and_say_something(name, tmp_path):
    root = str(EXAMPLES.parent)
    run = subprocess.run(
        [sys.executable, str(EXAMPLES / f"{name}.py")],
        cwd=tmp_path,
        env={"PYTHONPATH": root, "PATH": "", "SYSTEMROOT": ""},
        capture_output=True,
        text=True,
        check=False,
    )
    assert run.returncode == 0, run.stderr
    assert run.stderr == ""
    assert len(run.stdout.splitlines()) > 3
    assert max(map(len, run.stdout.splitlines())) <= 100


def test_digits_are_learned_to_97_percent_in_under_two_minutes(capsys):
    began = time.perf_counter()
    share = example("digits").main([])
    assert time.perf_counter() - began < 120
    assert share >= 0.97
    assert f"{share:.2%} of the held-out digits" in capsys.readouterr().out


@pytest.mark.parametrize(("suffix", "start"), [(".png", b"\x89PNG"), (".svg", b"<?xml")])
def test_a_short_run_draws_its_learning_curve(suffix, start, tmp_path, capsys):
    picture = tmp_path / f"curve{suffix}"
    share = example("digits").main(["--epochs", "2", "--filters", "4", "--plot", str(picture)])
    assert 0.5 < share < 1
    assert picture.read_bytes().startswith(start)


def test_digits_held_out_are_not_learned_from():
    digits = example("digits")
    (images, labels), (test_images, test_labels) = digits.load()
    assert len(images) + len(test_images) == 1797
    assert images.shape[1:] == (1, 8, 8)
    assert images.min() == 0
    assert images.max() == 1
    learned = {image.tobytes() for image in images}
    assert not any(image.tobytes() in learned for image in test_images)
    assert set(labels) == set(test_labels) == set(range(10))
    assert np.bincount(test_labels).min() >= 20


def test_replayed_training_takes_the_steps_that_fresh_traces_take():
    digits = example("digits")
    losses, _ = digits.train(1, 3, 0.05, seed=0, report=lambda *_: None)
    random = np.random.default_rng(0)
    (images, labels), _ = digits.load()
    weights = digits.initial_weights(random, 3)
    velocity = {name: 0.0 for name in weights}
    order = random.permutation(len(labels))
    for step in range(4):
        batch = order[step * digits.BATCH : (step + 1) * digits.BATCH]
        trace = bp.trace("convnet", x=images[batch], y=labels[batch], **weights)
        assert losses[step] == pytest.approx(float(trace.output), rel=1e-12)
        gradients = trace.backward()
        for name in weights:
            velocity[name] = 0.9 * velocity[name] - 0.05 * gradients[name]
            weights[name] = weights[name] + velocity[name]


def test_the_converted_network_slides():
    slid, by_crop = example("fc_as_conv").main()
    assert slid.shape == (10, 6, 6)
    np.testing.assert_allclose(slid, by_crop, rtol=0, atol=1e-12)
    assert np.ptp(slid, axis=(1, 2)).min() > 0.1  # the places differ: equality says something


def test_dice_add_up_as_they_should():
    dice = example("dice")
    fair, loaded = np.full(6, 1 / 6), np.array([1, 1, 1, 1, 1, 5]) / 10
    for f, g in ((fair, fair), (fair, loaded), (loaded, fair)):
        table = dice.sliding_table(f, g)
        counted = dict.fromkeys(range(2, 13), 0.0)
        for first in range(1, 7):
            for second in range(1, 7):
                counted[first + second] += f[first - 1] * g[second - 1]
        assert [total for total, *_ in table] == list(counted)
        np.testing.assert_allclose([p for *_, p in table], list(counted.values()), rtol=1e-14)
        np.testing.assert_allclose(dice.by_layer(f, g), np.convolve(f, g), rtol=1e-14)


def test_sum_of_four_is_one_face_against_three(capsys):
    dice = example("dice")
    four = dice.sliding_table(np.full(6, 1 / 6), np.full(6, 1 / 6))[2]
    assert four == (4, [3, 2, 1, None, None, None], pytest.approx(3 / 36))


def test_running_averages_of_iris():
    iris = example("batchnorm_iris")
    names, x = iris.load()
    assert names == ["sepal length", "sepal width", "petal length", "petal width"]
    assert x.shape == (150, 4)
    np.testing.assert_allclose(x.mean(axis=0), [5.843, 3.057, 3.758, 1.199], atol=5e-4)
    mean, var = iris.learn_averages(x)
    np.testing.assert_allclose(mean, x.mean(axis=0), rtol=0.02)
    np.testing.assert_allclose(var, x.var(axis=0) * 24 / 25, rtol=0.05)


def test_data_names_its_source_and_terms():
    text = (EXAMPLES / "data" / "README.md").read_text()
    for file in (EXAMPLES / "data").iterdir():
        if file.name != "README.md":
            line = next(line for line in text.splitlines() if f"`{file.name}`" in line)
            assert "CC BY 4.0" in line or "public domain" in line
            assert file.stat().st_size < 100_000


def test_the_notebook_checks_what_its_cells_define(capsys):
    notebook = json.loads((EXAMPLES / "check.ipynb").read_text())
    namespace = {"__name__": "a_notebook"}
    for number, cell in enumerate(notebook["cells"]):
        text, name = "".join(cell["source"]), f"<cell {number} of check.ipynb>"
        if cell["cell_type"] == "code":
            linecache.cache[name] = (len(text), None, text.splitlines(keepends=True), name)
            exec(compile(text, name, "exec"), namespace)
    assert "softmax_backward:2  along = np.sum(dp * p, axis=0)" in capsys.readouterr().out


# ---- a notebook that nbgrader or otter hands out -----------------------------------------------------------------

SOLUTION = re.compile(r"    ### BEGIN SOLUTION\n.*### END SOLUTION\n", re.DOTALL)
BLANKS = "    dbeta = ...\n    dgamma = ...\n    dx = ...\n"
WAYS = {
    "as the teacher wrote it": (lambda text: text, []),
    "as nbgrader hands it out": (
        lambda text: SOLUTION.sub("    # YOUR CODE HERE\n    raise NotImplementedError()\n", text),
        ["raise NotImplementedError()", "there is no result yet", "the function is not finished"],
    ),
    "as otter hands it out": (lambda text: SOLUTION.sub(BLANKS, text), ["not finished", "dbeta = ..."]),
    "begun": (
        lambda text: SOLUTION.sub(BLANKS.replace("dbeta = ...", "dbeta = np.sum(dout, axis=0)"), text),
        ["not finished", "there is no dx, dgamma yet, and dbeta is right", "dgamma = ..."],
    ),
    "with a slip": (
        lambda text: text.replace("np.sum(dout * xhat, axis=0)", "np.sum(dout, axis=0)"),
        ["dgamma = np.sum(dout, axis=0)", "dgamma = np.sum(dout * xhat, axis=0)"],
    ),
}


def cells_of_the_grader():
    cells = json.loads((EXAMPLES / "nbgrader.ipynb").read_text())["cells"]
    return [("".join(cell["source"]), cell["metadata"]["nbgrader"]) for cell in cells if cell["cell_type"] == "code"]


@pytest.mark.parametrize("way", WAYS)
def test_a_test_cell_fails_with_the_finding(way):
    hand_out, told = WAYS[way]
    shell = Shell(__name__="__main__")
    for source, its in cells_of_the_grader():
        if not its["grade"]:
            shell.run(hand_out(source) if its["solution"] else source)
            continue
        with pytest.raises(AssertionError) if told else contextlib.nullcontext() as found:
            shell.run(source)
        if told:
            text = " ".join(str(found.value).split())
            assert all(" ".join(words.split()) in text for words in told), text


def test_the_cells_are_as_nbgrader_wants_them():
    cells = cells_of_the_grader()
    assert len({its["grade_id"] for _, its in cells}) == len(cells)
    assert [its["schema_version"] for _, its in cells] == [3] * len(cells)
    (answer,) = [(source, its) for source, its in cells if its["solution"]]
    assert SOLUTION.search(answer[0])
    assert not answer[1]["locked"]
    (graded,) = [its for _, its in cells if its["grade"]]
    assert graded["locked"]
    assert graded["points"] > 0
