"""The student corpus proves itself: right files agree with an independent oracle, faulty files do not."""

from __future__ import annotations

import ast
import contextlib
import importlib.abc
import importlib.machinery
import importlib.util
import inspect
import re
import sys
import tomllib
import types
import warnings
from collections import Counter
from pathlib import Path

import numpy as np
import pytest

from tests.corpus import SETS, STUDENTS, Corpus, changes, edited

CORPUS = Corpus()
KINDS = """
    constant_factor sign missing_term wrong_axis not_summed overwritten eps ddof wrong_power wrong_operand wrong_slice
    wrong_operator transposed stride_pad crop_at_pad_0 integer_division wrong_mask mean_for_sum input_changed precision
    wrong_size wrong_rounds missing_factor shape_lost reversed
    gradient_order shape_kept dropout_scale missing_line reset_in_loop returned_early wrong_statistics test_mode cache
    layout unstable not_finished crash discarded_result
"""
FUNCTION = re.compile(r"(?P<layer>\w+?)_(forward|backward)(_\w+)?|(?P<loss>\w+_loss)")
OTHER_NAMES = {"fc": "affine", "maxpool": "max_pool"}
TOLERANCE = 1e-8


def load(path: Path, name: str) -> types.ModuleType:
    """Run a file as a module of that name."""
    spec = importlib.util.spec_from_file_location(name, path)
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module
    spec.loader.exec_module(module)
    return module


reference = load(STUDENTS / "reference.py", "students_reference")


class CourseFinder(importlib.abc.MetaPathFinder, importlib.abc.Loader):
    """Stands in, last in line, for course modules that are not there; what comes from them fails when called."""

    def find_spec(self, name, path=None, target=None):
        return importlib.machinery.ModuleSpec(name, self, is_package=True)

    def exec_module(self, module):
        def missing(attribute: str):
            if attribute.startswith("__"):
                raise AttributeError(attribute)

            def fails(*_args, **_kwargs):
                raise ImportError(f"{attribute} is in a course module that is not here")

            return fails

        module.__getattr__, module.__all__ = missing, []


@contextlib.contextmanager
def course_modules():
    """While a student's file is loaded, and only then, missing modules are stubs."""
    before, finder = set(sys.modules), CourseFinder()
    sys.meta_path.append(finder)
    try:
        yield
    finally:
        sys.meta_path.remove(finder)
        for name in set(sys.modules) - before:
            if isinstance(getattr(sys.modules[name], "__loader__", None), CourseFinder):
                del sys.modules[name]


@pytest.fixture(autouse=True)
def as_students_ran_it(monkeypatch):
    """NumPy's removed aliases are back, warnings are the student's business."""
    for alias in (int, float):
        monkeypatch.setattr(np, alias.__name__, alias, raising=False)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        yield


def student(path: Path) -> types.ModuleType:
    """A student's file as a module of a package, so that relative imports reach the stubs."""
    module = types.ModuleType(f"coursework.{path.stem}")
    module.__package__, module.__file__ = "coursework", str(path)
    with course_modules():
        exec(compile(path.read_text(encoding="utf-8"), str(path), "exec"), vars(module))
    return module


def pairs(module: types.ModuleType):
    """Every (layer, forward, backward) of a file; a loss is its own backward."""
    layers = {}
    for name, value in vars(module).items():
        match = FUNCTION.fullmatch(name)
        if match and getattr(value, "__module__", None) == module.__name__:
            layer = match["loss"] or match["layer"]
            layers[name] = OTHER_NAMES.get(layer, layer)
    for name, layer in layers.items():
        if layer not in reference.LAYERS:
            continue
        if layer.endswith("_loss"):
            yield layer, getattr(module, name), None
        elif "_backward" in name:
            forward = next(other for other, its in layers.items() if its == layer and "_forward" in other)
            yield layer, getattr(module, forward), getattr(module, name)


def run_forward(function, arrays: dict, settings: dict):
    """Call with the arrays in order, then the settings: a dictionary, or one by one by their names."""
    arguments = list(arrays.values())
    for name in list(inspect.signature(function).parameters)[len(arguments) :]:
        arguments.append(settings if "param" in name else settings.get(name, reference.DEFAULT_EPS))
    return function(*arguments)


def keeps_settings(forward) -> bool:
    """Whether the settings are a dictionary, in which a forward pass can keep running statistics."""
    return any("param" in name for name in inspect.signature(forward).parameters)


def same(ours, theirs) -> bool:
    """Equal in shape, and in value up to rounding."""
    ours, theirs = np.asarray(ours), np.asarray(theirs)
    return ours.shape == theirs.shape and bool(np.all(np.abs(ours - theirs) <= TOLERANCE * (np.abs(ours).max() + 1e-3)))


def mask_of(x, out, p: float):
    """The mask a dropout used, if it drops at one rate and scales by that rate; p may be what is kept or dropped."""
    if not isinstance(out, np.ndarray) or out.shape != x.shape:
        return None
    mask = out / x
    scale, share = mask.max(), np.mean(mask != 0)
    honest = np.allclose(mask[mask != 0], scale) and min(abs(scale - 1 / p), abs(scale - 1 / (1 - p))) < 1e-9
    return mask if honest and abs(share - 1 / scale) < 0.05 else None


def complaint(layer: str, index: int, forward, backward) -> str | None:
    """What is wrong with a pair in one case of its layer, or None."""
    case = reference.LAYERS[layer].cases[index]
    arrays = {k: v.copy() for k, v in case.arrays.items()}
    settings = {k: v.copy() if isinstance(v, np.ndarray) else v for k, v in case.settings.items()}
    upstream, wanted = reference.gradients(layer, index)
    produced = run_forward(forward, arrays, settings)
    *outputs, cache = produced if isinstance(produced, tuple) else (produced, None)
    if any(value is None for value in outputs):
        return "not finished"
    if layer == "dropout" and case.settings["mode"] == "train":
        mask = mask_of(case.arrays["x"], outputs[0], case.settings["p"])
        if mask is None:
            return "the mask"
        wanted = {"x": upstream[0] * mask}
    else:
        ours = reference.as_tuple(reference.LAYERS[layer].forward(case.arrays, case.settings))
        if len(ours) != len(outputs) or not all(same(a, b) for a, b in zip(ours, outputs, strict=True)):
            return "the output"
    if "batchnorm" in layer and case.settings["mode"] == "train" and keeps_settings(forward):
        running = reference.running_statistics(case.arrays["x"], case.settings)
        if any(k not in settings or not same(v, settings[k]) for k, v in running.items()):
            return "the running statistics"
    if any(not np.array_equal(v, case.arrays[k]) for k, v in arrays.items()):
        return "an input changed by the forward pass"
    if backward is None:
        return None if same(wanted["x"], cache) else "the gradient"
    if "batchnorm" in layer and case.settings["mode"] == "test":
        return None  # the course asks for no gradient there
    given = [upper.copy() for upper in upstream]
    for _ in range(2):  # the second time finds a changed cache
        returned = backward(*given, cache)
        returned = returned if len(wanted) > 1 else (returned,)
        if len(returned) != len(wanted) or not all(same(a, b) for a, b in zip(wanted.values(), returned, strict=True)):
            return "a gradient"
    before, after = [*case.arrays.values(), *upstream], [*arrays.values(), *given]
    return None if all(map(np.array_equal, before, after)) else "an input changed by the backward pass"


def verdicts(path: Path) -> list[tuple[str, str]]:
    """Every (function and case, complaint) of a file; a deliberate assert is a refusal, not a complaint."""
    found, judged = [], 0
    for layer, forward, backward in pairs(student(path)):
        for index, case in enumerate(reference.LAYERS[layer].cases):
            if case.settings.get("mode") == "test" and not keeps_settings(forward) and layer != "dropout":
                continue  # a plain batchnorm knows no test mode
            try:
                verdict = complaint(layer, index, forward, backward)
            except AssertionError:
                continue
            except Exception as error:  # a crash of theirs is a verdict of ours
                verdict = f"{type(error).__name__}: {error}"
            judged += 1
            if verdict:
                found.append((f"{(backward or forward).__name__}, {case.words}", verdict))
    assert judged, f"{path.name}: nothing to judge"
    return found


@pytest.mark.costly
@pytest.mark.parametrize("path", CORPUS.right(), ids=lambda path: path.stem)
def test_right_file_agrees_with_the_oracle(path):
    assert verdicts(path) == []


@pytest.mark.parametrize("name", [name for name in CORPUS.faults if not name.endswith("_py2")])
def test_faulty_file_is_wrong_somewhere(name):
    assert verdicts(CORPUS.file(name))


@pytest.mark.parametrize("name", CORPUS.faults)
def test_expected_line_is_one_that_the_edit_changes(name):
    entry = CORPUS.faults[name]
    faulty = CORPUS.file(name).read_text(encoding="utf-8").splitlines()
    changed: set[int] = set()
    moved = 0
    for change in changes(entry["edit"]):
        start = change.at + moved
        changed.update(range(start, start + len(change.come)))
        moved += len(change.come) - len(change.gone)
        if not change.come:  # a missing line belongs after the last code line above it
            changed.add(max(k for k in range(start) if faulty[k - 1].strip() and faulty[k - 1].strip()[0] != "#"))
    ends = {}
    if not name.endswith("_py2"):
        ends = {s.lineno: s.end_lineno for s in ast.walk(ast.parse("\n".join(faulty))) if isinstance(s, ast.stmt)}
    for line in [entry["line"], *entry.get("second", [])]:
        assert changed & set(range(line, ends.get(line, line) + 1)), f"line {line} is not changed"
    holder = [found[1] for row in faulty[: entry["line"]] if (found := re.match(r"def (\w+)", row))][-1]
    assert entry["function"] == holder
    assert entry["kind"] in KINDS.split()
    assert entry["why"].endswith(".")
    assert set(entry) <= {"of", "edit", "function", "line", "kind", "also_lines", "second", "configurations", "why"}


def test_every_kind_and_every_right_file_occurs():
    assert {entry["kind"] for entry in CORPUS.faults.values()} == set(KINDS.split())
    names = {path.stem for path in CORPUS.right(python_2=True)}
    assert {entry["of"] for entry in CORPUS.faults.values()} <= names
    notes = tomllib.loads((STUDENTS / "notes.toml").read_text(encoding="utf-8"))
    assert {*notes} <= names


@pytest.mark.parametrize("folder", SETS, ids=lambda folder: folder.name)
def test_an_edit_changes_what_it_says_and_no_text_is_kept_twice(folder):
    corpus = Corpus(folder)
    right = {path.stem: path.read_text(encoding="utf-8") for path in corpus.right(python_2=True)}
    faulty = {path.stem: path.read_text(encoding="utf-8") for path in corpus.wrong(python_2=True)}
    assert len({*right.values(), *faulty.values()}) == len(right) + len(faulty)
    for name, text in faulty.items():
        fault = corpus.faults[name]
        gone = Counter(right[fault["of"]].splitlines()) - Counter(text.splitlines())
        assert gone <= Counter(line for change in changes(fault["edit"]) for line in change.gone)


def test_an_edit_that_does_not_fit_is_refused():
    text = "a = 1\nb = a @ 2\n"
    assert edited(text, "@ 2\n-b = a @ 2\n+b = a\n@ 3\n+c = b\n") == "a = 1\nb = a\nc = b\n"
    with pytest.raises(AssertionError, match="at line 1 stands"):
        edited(text, "@ 1\n-a = 2\n+a = 3\n")
