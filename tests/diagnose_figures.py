"""The two figures of the diagnosis over the student corpus: false alarms, and right first lines.

`python tests/diagnose_figures.py` measures all files and says which were missed; the tests run a part of it.
"""

from __future__ import annotations

import sys
import tomllib
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path

HERE = Path(__file__).parent
sys.path.insert(0, str(HERE.parent))

from backpropviz.diagnose import FileReport, diagnose  # noqa: E402

STUDENTS = HERE / "students"
EXPECTED = tomllib.loads((STUDENTS / "expected.toml").read_text(encoding="utf-8"))


def is_python_2(path: Path) -> bool:
    return path.stem.endswith("_py2")


def right_files() -> list[Path]:
    files = [*(STUDENTS / "correct").glob("*.py"), *(STUDENTS / "twins").glob("*.py")]
    return sorted(path for path in files if not is_python_2(path))


def wrong_files() -> list[Path]:
    return sorted(path for path in (STUDENTS / "faulty").glob("*.py") if not is_python_2(path))


@dataclass
class Figures:
    """What came out: alarms as (file, line), hits and misses by file name."""

    alarms: list[tuple[str, int]] = field(default_factory=list)
    hits: list[str] = field(default_factory=list)
    misses: list[str] = field(default_factory=list)
    kinds: int = 0
    proved: int = 0
    seconds: float = 0.0


def lines_of(name: str) -> list[int]:
    """The lines that may be named first."""
    return [EXPECTED[name]["line"], *EXPECTED[name].get("also_lines", [])]


def measure(right: Sequence[Path], wrong: Sequence[Path], jobs: int = 2) -> Figures:
    figures = Figures()
    with ThreadPoolExecutor(jobs) as pool:
        reports = list(pool.map(read, [*right, *wrong]))
    for report in reports[: len(right)]:
        figures.alarms += [(report.file, finding.line) for finding in report.all_findings]
        figures.seconds = max(figures.seconds, report.seconds)
    for report in reports[len(right) :]:
        name = report.file.removesuffix(".py")
        hit = report.first is not None and report.first.line in lines_of(name)
        (figures.hits if hit else figures.misses).append(name)
        if hit and report.first is not None:
            figures.kinds += report.first.kind == EXPECTED[name]["kind"]
            figures.proved += report.first.proved
        figures.seconds = max(figures.seconds, report.seconds)
    return figures


def read(path: Path) -> FileReport:
    return diagnose(path, python2=is_python_2(path))


if __name__ == "__main__":
    found = measure(right_files(), wrong_files())
    print(f"false alarms: {len(found.alarms)} on {len(right_files())} right files  {found.alarms}")
    print(f"right first line: {len(found.hits)} of {len(wrong_files())} wrong files, missed {found.misses}")
    print(f"of the hits {found.kinds} with the expected kind, {found.proved} proved by a repair")
    print(f"slowest file: {found.seconds:.1f} s")
