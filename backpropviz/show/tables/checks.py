"""The verdict of a gradient check."""

from __future__ import annotations

from rich.console import RenderableType
from rich.text import Text

from backpropviz.show.tables.plain import BAD, FAINT, GOOD, Sheet, amount, counted, shape_text, stack
from backpropviz.study.gradcheck import Check, Kink, Report


def checks(report: Report) -> RenderableType:
    """One line for every gradient: how many entries were moved, the largest relative error and where it is."""
    rows = [_row(check) for check in report.checks]
    headings = ("step", "gradient", "shape", "checked", "largest error", "at", "")
    made = Sheet(headings, rows, numbers=(0, 4), spare=(5, 2, 3), title=1)
    lines = [
        f"d{check.name}{_at(places[0].index)}{_others(places)} {what if len(places) == 1 else many}: {where}"
        for check in report.checks
        for what, many, kind in (
            ("lies on a kink", "lie on kinks", check.kinks),
            ("is not checked", "are not checked", check.infinite),
            ("cannot be checked", "cannot be checked", check.unchecked),
        )
        for where, places in _by_reason(kind).items()
    ]
    if len(lines) > _MOST:
        lines[_MOST:] = [f"... and {len(lines) - _MOST} more like these"]
    lines += [
        f"d{check.name} is right with {' and '.join(check.held)} held constant, as the layer does"
        for check in report.checks
        if check.held and check.passed
    ]
    wrong = [check for check in report.checks if not check.passed]
    lines += [
        f"d{check.name}{_at(check.index)} is {check.analytic:.6g}, but the differences say {check.numeric:.6g}"
        for check in wrong
    ]
    lines += report.notes
    return stack(made, Text("\n".join(lines)) if lines else None, _verdict(report, len(wrong)))


_MOST = 8  # lines about entries that are left out


def _by_reason(places: list[Kink]) -> dict[str, list[Kink]]:
    grouped: dict[str, list[Kink]] = {}
    for place in places:
        grouped.setdefault(place.where, []).append(place)
    return grouped


def _others(places: list[Kink]) -> str:
    more = len(places) - 1
    return f" and {more} more {'entries' if more > 1 else 'entry'}" if more else ""


def _row(check: Check) -> tuple[object, ...]:
    checked = [f"{check.entries} of {check.size}"] if check.entries else []
    if check.directions:
        checked.append(f"{'+ ' if checked else ''}{counted(check.directions, 'direction')}")
    verdict = Text("not checked") if check.nothing else Text("ok", GOOD) if check.passed else Text("WRONG", BAD)
    if check.infinite:
        verdict = Text(f"{len(check.infinite)} inf or nan", BAD)
    if check.unchecked and not check.nothing:
        verdict.append(f", {len(check.unchecked)} cannot be checked", FAINT)
    if check.kinks:
        verdict.append(f", {len(check.kinks)} on a kink", FAINT)
    return (
        check.step,
        f"d{check.name}",
        shape_text(check.shape),
        "\n".join(checked),
        amount(check.error),
        _at(check.index),
        verdict,
    )


def _at(index: tuple[int, ...] | None) -> str:
    return "" if index is None else f"[{', '.join(map(str, index))}]"


def _verdict(report: Report, wrong: int) -> Text:
    how = f"central differences in float64, h = {report.step_size:g}, relative error at most {report.tolerance:g}"
    left_out, moved = sum(c.left_out for c in report.checks), sum(c.entries + c.directions for c in report.checks)
    but = f", as far as checked: {left_out} of {moved} entries cannot be" if left_out else ""
    shown = report.rounds.removeprefix("round ")  # of a loop over layers it has a number alone
    where = f", of the loop's steps those in the round {shown}" if shown else ""
    if report.empty:
        return Text(f"{report.function}: nothing could be checked ({how})", BAD)
    infinite = [f"d{check.name}" for check in report.checks if check.infinite]
    if infinite and not wrong:
        told = f"{' and '.join(infinite)} with entries that are inf or nan, the rest right"
        return Text(f"{report.function}: {told}{where}{but} ({how})", BAD)
    told = _told(wrong, len(report.checks))
    return Text(f"{report.function}: {told}{where}{but} ({how})", GOOD if report.passed else BAD)


def _told(wrong: int, total: int) -> str:
    if total == 1:
        return f"the gradient is {'wrong' if wrong else 'right'}"
    if wrong:
        return f"{wrong} of {total} gradients {'is' if wrong == 1 else 'are'} wrong"
    return f"{'both' if total == 2 else f'all {total}'} gradients are right"
