"""An audit of the word "proved": repairs of mutated files, each run on fifty shapes that nothing was looked for with.

`python tests/diagnose_audit.py 1000 SEED` goes on until a thousand repairs were audited. The mutants are those of
`diagnose_mutants.py`: right files of the corpus with one slip. Their text is trusted: it is run right here.
`python tests/diagnose_audit.py 1000 SEED 3/8` audits the third of eight parts of it, which share no mutant, where
samples of two seeds do.
"""

from __future__ import annotations

import multiprocessing
import sys
import tempfile
from collections import Counter
from pathlib import Path

HERE = Path(__file__).parent
sys.path[:0] = [str(HERE.parent), str(HERE)]

import diagnose_mutants as mutants  # noqa: E402

from backpropviz.diagnose.investigate import Investigation  # noqa: E402
from backpropviz.diagnose.pairs import recognition  # noqa: E402
from backpropviz.diagnose.pairs.binding import CannotCall, NotApplicable  # noqa: E402
from backpropviz.diagnose.pairs.protocols import adapting  # noqa: E402
from backpropviz.diagnose.runs.examine import Examination  # noqa: E402
from backpropviz.diagnose.runs.outcomes import Outcome  # noqa: E402
from backpropviz.diagnose.runs.siblings import Siblings  # noqa: E402
from backpropviz.diagnose.student import loading, program  # noqa: E402

SHAPES, FIRST_SEED = 50, 1000  # far from the seeds that repairs are proved with


def audited(mutant: mutants.Mutant) -> list[tuple[str, int, int, str]]:
    """The repairs of one mutant that are called proved: (function, shapes it ran on, shapes it failed on, what)."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / mutant.source.name
        path.write_text(mutant.text, encoding="utf-8")
        student = loading.parse(path)
        loading.load(student)
    list(adapting.wrap_classes(student))
    pairs = recognition.pairs(student.functions, student.wrapped)
    prepared, siblings = program.Program(student), Siblings()
    found = []
    pairs.sort(key=lambda pair: len(prepared.called_by(pair.forward) | prepared.called_by(pair.name)))
    investigations = [Investigation(prepared, pair, siblings) for pair in pairs]
    for investigation in investigations:
        investigation.examine()
    for investigation in investigations:
        siblings.repaired.clear()
        report = investigation.report()
        if report.findings and all(finding.proved for finding in report.findings) and siblings.repaired:
            as_written = prepared.definitions.copy()
            what = "; ".join(f"line {finding.line}: {finding.expected}" for finding in report.findings)
            for its in siblings.repaired.values():
                prepared.accept(its.definition)
            found.append((report.name, *_held(prepared, investigation), what))
            prepared.restore(as_written)
    return found


def _held(prepared: program.Program, investigation: Investigation) -> tuple[int, int]:
    """On how many fresh shapes a repaired pair ran, and on how many of them it was wrong."""
    pair, ran, failed = investigation.pair, 0, 0
    for seed in range(FIRST_SEED, FIRST_SEED + SHAPES):
        made = investigation.another(seed)
        if made is None:
            continue
        try:
            outcome = Examination(prepared, pair, [made]).run_all()[0]
        except (NotApplicable, CannotCall):
            continue
        if not outcome.refused:
            ran += 1
            failed += _is_wrong(outcome)
    return ran, failed


def _is_wrong(outcome: Outcome) -> bool:
    return bool({name for name in outcome.wrong() if " " not in name} or outcome.failure)


def audit(count: int, seed: int, part: tuple[int, int] = (1, 1), jobs: int = 2, verbose: bool = False) -> Counter[str]:
    """Audit so many repairs, or a part of them (the first of eight: (1, 8)): how many of them failed on some shape."""
    figures: Counter[str] = Counter()
    which, parts = part
    chosen, count = mutants.sample(4 * count, seed)[which - 1 :: parts], -(-count // parts)
    with multiprocessing.get_context("spawn").Pool(jobs, maxtasksperchild=40) as pool:
        for mutant, repairs in zip(chosen, pool.imap(audited, chosen)):
            for name, ran, failed, what in repairs:
                figures["repairs"] += bool(ran)
                figures["runs"] += ran
                figures["failed"] += bool(failed)
                if failed and verbose:
                    print(f"{mutant.source.stem} {name}: {failed} of {ran} shapes; {mutant.change}; {what}", flush=True)
            if figures["repairs"] >= count:
                break
    return figures


if __name__ == "__main__":
    asked, seed, part = [*sys.argv[1:], *["1000", "0", "1/1"][len(sys.argv) - 1 :]]
    which, _, parts = part.partition("/")
    counted = audit(int(asked), int(seed), (int(which), int(parts)), verbose=True)
    print(f"{counted['repairs']} repairs on {counted['runs']} shapes: {counted['failed']} failed")
