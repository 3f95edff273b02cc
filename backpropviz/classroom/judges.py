"""What looks at a file that was handed in: the diagnosis, or the grading of worksheets; for what a teacher names."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from backpropviz.classroom.handins import leads_out
from backpropviz.course.layers import LAYERS
from backpropviz.diagnose import FileReport, Finding, diagnose
from backpropviz.diagnose.asked import only
from backpropviz.errors import InputError
from backpropviz.exercises.handed_in import handed_in
from backpropviz.exercises.in_notebook import is_sheet
from backpropviz.exercises.signing import is_worksheet
from backpropviz.layers.library import layer_names, load
from backpropviz.layers.sources import read_text, split_spec


def holds_worksheet(file: Path, pin: str | None = None) -> bool:
    """Whether a file is a worksheet; a notebook is, if it has to be about a function of a file."""
    if leads_out(file):
        return False
    return is_sheet(file, pin) or is_worksheet(file.read_text(encoding="utf-8", errors="replace"))


def judge(file: Path, pin: str | None = None, pinned: str = "", **options: Any) -> FileReport:
    """The report on a hand-in, or on a worksheet.

    Args:
        pin: what it has to be about. pinned: what `pin` holds, on which the answer depends. options: of `diagnose`.
    """
    if leads_out(file):
        told = "a hand-in is a file of its own; if it is yours, name the file that it leads to"
        return FileReport(
            file.name, findings=(Finding(file.name, 1, "", "", "refused", "a link to another place", told),)
        )
    if holds_worksheet(file, pin):
        return handed_in(file, options["seconds"], pin, options.get("explain", False))
    if pin and split_spec(pin)[0]:  # no pair is held against it
        return only(FileReport(file.name), pin)
    report = diagnose(file, **options)
    return only(report, pin) if pin else report


def pin_options(pin: str | None) -> dict[str, str]:
    """The options of `judge` for what a teacher names: a layer, a file's function, a worksheet as handed out.

    Raises:
        InputError: there is no such layer. LayerError: the file cannot be read, or has no such function.
    """
    if pin is None:
        return {}
    path, wanted = split_spec(pin)
    if path:
        text = read_text(Path(path))
        if wanted:
            load(pin)  # tells if there is none
        return {"pin": pin, "pinned": text}
    names = {*layer_names(), *(layer.name for layer in LAYERS)}
    if pin.replace("_", "") not in {name.replace("_", "") for name in names}:
        raise InputError(f"--as {pin}: there is no such layer", fix=f"Choose one of {', '.join(sorted(names))}.")
    return {"pin": pin, "pinned": ""}
