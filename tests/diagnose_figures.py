"""The two figures of the diagnosis over the student corpus: false alarms, and right first lines.

`python tests/diagnose_figures.py` measures all files and says which were missed; the tests run a part of it. The files
under `students/blind` were written without knowledge of the rules.
"""

from __future__ import annotations

import re
import sys
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))

from backpropviz.diagnose import FileReport, Finding, diagnose
from backpropviz.diagnose.telling.render import words_of
from tests.corpus import SETS, Corpus
from tests.diagnose_steady import SECONDS

MOST_WORDS = 160  # of a finding
_SAME_TWICE = re.compile(r"(?<![\w.])(-?[\d.e+-]+)(?: times)? (?:to|\.\.) \1(?![\w.])")
_OURS = re.compile(r"\b__\w+__\b")


def troubles(finding: Finding, text: str) -> list[str]:
    """What is amiss with the words of a finding on a file with this text."""
    words = words_of(finding)
    ours = set(_OURS.findall(" ".join([finding.expected, *(code for _, code in finding.instead)])))
    found = {
        f"{len(words)} words": len(words) > MOST_WORDS,
        "no reason": not finding.evidence.strip() or not finding.meaning.strip(),
        "the same number twice": bool(_SAME_TWICE.search(finding.evidence)),
        f"names of ours: {ours}": any(name not in text for name in ours),
    }
    return [what for what, is_so in found.items() if is_so]


def measure(corpus: Corpus, every: slice = slice(None), jobs: int = 2) -> Figures:
    """The figures on all files of a set, or on those of a slice."""
    figures = Figures()
    right, wrong = corpus.right()[every], corpus.wrong()[every]
    with ThreadPoolExecutor(jobs) as pool:
        reports = list(pool.map(read, [*right, *wrong]))
    figures.right, figures.seconds = len(right), max(report.seconds for report in reports)
    for path, report in zip([*right, *wrong], reports):
        text = path.read_text(encoding="utf-8")
        for finding in report.all_findings:
            figures.words.append(len(words_of(finding)))
            figures.troubles += [(report.file, finding.line, what) for what in troubles(finding, text)]
    for report in reports[: len(right)]:
        # functions that are left to be done are no alarms
        found = [finding for finding in report.all_findings if finding.kind != "not_finished"]
        figures.alarms += [(report.file, finding.line) for finding in found]
    for report in reports[len(right) :]:
        name = report.file.removesuffix(".py")
        hit = report.first is not None and report.first.line in corpus.lines_of(name)
        (figures.hits if hit else figures.misses).append(name)
        if hit and report.first is not None:
            figures.kinds += report.first.kind == corpus.faults[name].get("kind")
            figures.proved += report.first.proved
    return figures


@dataclass
class Figures:
    """What came out: alarms as (file, line), hits and misses by file name; of each finding the number of its words, and
    what is amiss with them."""

    alarms: list[tuple[str, int]] = field(default_factory=list)
    hits: list[str] = field(default_factory=list)
    misses: list[str] = field(default_factory=list)
    kinds: int = 0
    proved: int = 0
    right: int = 0
    seconds: float = 0.0
    words: list[int] = field(default_factory=list)
    troubles: list[tuple[str, int, str]] = field(default_factory=list)

    def __str__(self) -> str:
        wrong = len(self.hits) + len(self.misses)
        return (
            f"false alarms: {len(self.alarms)} on {self.right} right files {self.alarms or ''}\n"
            f"right first line: {len(self.hits)} of {wrong} wrong files, {self.proved} proved; missed {self.misses}\n"
            f"kind as expected: {self.kinds}; slowest file: {self.seconds:.1f} s\n"
            f"longest finding: {max(self.words, default=0)} words; troubles with words: {self.troubles}"
        )


def read(path: Path) -> FileReport:
    return diagnose(path, python2=path.stem.endswith("_python2"), seconds=SECONDS)


if __name__ == "__main__":
    for folder in [Path(argument) for argument in sys.argv[1:]] or SETS:
        print(f"{folder.name}\n{measure(Corpus(folder))}", flush=True)
