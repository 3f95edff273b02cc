"""The process that runs one student's file: reads a request, works inside limits, writes a report. See sandbox.py."""

from __future__ import annotations

import json
import os
import sys
import time
from pathlib import Path
from typing import Any


def main() -> None:
    """Standard input holds the request as JSON; standard output gets one JSON record per line, the report last."""
    request = json.loads(sys.stdin.read())
    from backpropviz.diagnose import sandbox

    channel = sandbox.private_output()

    def say(**record: Any) -> None:
        os.write(channel, (json.dumps(record) + "\n").encode())

    # everything of ours is imported before the limits, everything of theirs after
    from backpropviz.diagnose import investigate, layers, loading, program, verdict

    sandbox.limit_resources(request["cpu_seconds"], request["megabytes"])
    began = time.perf_counter()
    ends = began + 0.7 * request["seconds"]  # by then the search for repairs is over
    path = Path(request["file"])
    say(stage="reading", line=1, function="")
    try:
        student = loading.parse(path, request["python2"])
    except loading.Unreadable as error:
        say(report=verdict.FileReport(path.name, findings=(investigate.unreadable(path, error),)).to_dict())
        return
    sandbox.refuse_effects()
    say(stage="its top level", line=1, function="")
    loading.load(student)
    wanted = request["functions"]
    reports = []
    prepared = program.Program(student)
    repaired: dict[str, investigate.Repaired] = {}
    pairs = layers.pairs(student.functions)
    for pair in pairs:
        if not wanted or {pair.forward, pair.backward} & set(wanted):
            say(stage=pair.name, line=student.functions[pair.name].lineno, function=pair.name)
            try:
                report = investigate.Investigation(prepared, pair, ends, repaired).report()
            except Exception as error:  # a fault of ours: the other functions still get their verdict
                report = investigate.not_examined(
                    prepared, pair, f"a fault of the tool: {type(error).__name__}: {error}"
                )
            reports.append(report)
            say(function_report=report.to_dict())  # should a later one end the process
    findings = tuple(investigate.top_level(path, student))
    examined = {name for pair in pairs for name in (pair.forward, pair.backward)}
    skipped = [name for name in student.functions if "backward" in name and name not in examined]
    if skipped:
        known = ", ".join(layer.name for layer in layers.LAYERS)
        student.notes.append(f"not looked at: {', '.join(skipped)}; the layers that are known: {known}")
    seconds = time.perf_counter() - began
    whole = verdict.FileReport(path.name, tuple(reports), findings, tuple(student.notes), seconds)
    say(report=whole.to_dict())
    os._exit(0)  # nothing of the student's runs at exit


if __name__ == "__main__":
    main()
