"""A report on what was asked for alone: a layer that the teacher names, whatever the file says of itself."""

from __future__ import annotations

from dataclasses import replace

from backpropviz.diagnose.verdict import UNKNOWN, FileReport, FunctionReport
from backpropviz.layers.sources import split_spec


def _bare(name: str) -> str:
    return name.replace("_", "").lower()


def only(report: FileReport, layer: str) -> FileReport:
    """The report with the functions that were held against a layer. Where there is none, that is all it says.

    Args:
        layer: its name, with or without underscores: "maxpool" is "max_pool".
    """
    kept = tuple(its for its in report.functions if _bare(its.layer) == _bare(layer) and not its.own)
    if kept or report.findings:
        return replace(report, functions=kept)
    others = sorted({its.layer for its in report.functions if its.layer})
    seen = f"; it was read as {', '.join(others)}" if others else ""
    reason = f"no function of it was held against {layer}{seen}"
    if split_spec(layer)[0]:
        reason += f"; a file's function is asked by worksheets, as `backpropviz exercise {layer}` writes them"
    return replace(report, functions=(FunctionReport(layer, layer, 1, UNKNOWN, score=0.0, reason=reason),))
