"""The process that judges: it makes the inputs, holds the right values, and compares. No student's code runs in it."""

from __future__ import annotations

import ast
import hashlib
import json
import os
import sys
import time
from pathlib import Path
from typing import Any

from backpropviz.diagnose.judge import own
from backpropviz.diagnose.judge.plan import Plan
from backpropviz.diagnose.judge.process import Ended, Late, Process
from backpropviz.diagnose.judge.remote import RemoteProgram
from backpropviz.diagnose.judge.wire import Writer
from backpropviz.diagnose.pairs import binding, recognition, unknown
from backpropviz.diagnose.pairs.binding import CannotCall, NotApplicable
from backpropviz.diagnose.pairs.protocols import subjects
from backpropviz.diagnose.pairs.protocols.record import Wrapped
from backpropviz.diagnose.pairs.recognition import Pair
from backpropviz.diagnose.pairs.unknown_gradients import held_against
from backpropviz.diagnose.runs.examine import Examination
from backpropviz.diagnose.runs.forms import Forms, gave_output
from backpropviz.diagnose.runs.outcomes import Outcome, all_right
from backpropviz.diagnose.runs.weighing import Weighed, weigh
from backpropviz.diagnose.student import loading, sandbox

FRESH = 2
"""So many configurations more than the search has looked at, of shapes and numbers that the file's text decides."""

_STAGE = "backpropviz.diagnose.judge.stage"
_HIGH = 1 << 31


def main() -> None:
    """Standard input holds the request as JSON; standard output gets one JSON record for each plan, and a last one."""
    request = json.loads(sys.stdin.read())
    channel = sandbox.private_output()

    def say(**record: Any) -> None:
        os.write(channel, (json.dumps(record) + "\n").encode())

    judge = Judge(Path(request["file"]), request)
    for number, said in enumerate(request["plans"]):
        say(number=number, **judge.verdict(said["name"], said["plan"]))
    judge.close()
    say(ended=True, seconds=time.process_time())
    os._exit(0)


class Judge:
    """Judges the pairs of one file.

    Raises:
        Unreadable: the file cannot be parsed.
    """

    def __init__(self, path: Path, request: dict[str, Any]):
        self.request = request
        self.student = loading.parse(path, request["python2"])
        self.student.functions |= loading.definitions(self.student.tree)
        self.seed = int.from_bytes(hashlib.sha256(self.student.text.encode()).digest()[:4]) % _HIGH
        self.process: Process | None = None

    def close(self) -> None:
        if self.process is not None:
            self.process.close()
            self.process = None

    def verdict(self, name: str, said: Any) -> dict[str, Any]:
        """What a pair is worth: `score`, whether it is `right`, and where it is not."""
        try:
            plan = Plan.from_dict(said) if said is not None else self._by_names(name)
            self._expect_of(name, plan)
        except (ValueError, KeyError, TypeError, IndexError) as error:
            return _nothing(f"it is not known how it is called: {error}")
        try:
            weighed, layer, own_way = self._weighed(name, plan)
        except Late as error:
            self.close()
            return {**_nothing(str(error)), "late": True}
        except Ended as error:
            self.close()
            return _nothing(str(error))
        except (CannotCall, NotApplicable) as error:  # our call does not fit: no verdict
            return {**_nothing(str(error)), "unjudged": True}
        except Exception as error:  # of ours: no verdict, and the others still get theirs
            return {**_nothing(""), "fault": f"{type(error).__name__}: {error}"}
        right = bool(weighed.judged) and all_right(weighed.judged) and not weighed.refuses
        failures = [its.failure.message for its in weighed.judged if its.failure]
        wrong = [name for its in weighed.judged for name in sorted(its.wrong()) if " " not in name]
        return {
            "score": weighed.score(len(plan.unseen)), "right": right, "wrong": list(dict.fromkeys(wrong)),
            "failed": weighed.failed_words, "looked_at": weighed.looked_at,
            "ran": weighed.words, "refused": weighed.refused_words,
            "refuses": weighed.refuses, "layer": layer, "own": own_way, "why": next(iter(failures), ""),
        }  # fmt: skip

    def _by_names(self, name: str) -> Plan:
        """The plan of a pair that no search was made for.

        Raises:
            ValueError: it is none that courses hand out.
        """
        found = recognition.pairs(self.student.functions)
        pair = next((pair for pair in found if pair.name == name and not pair.layer.is_own), None)
        if pair is None:
            raise ValueError("no function of a known layer has this name")
        return Plan(pair)

    def _expect_of(self, name: str, plan: Plan) -> None:
        """Take for the pair of a name nothing that its text does not have under this name.

        Raises:
            ValueError: there is no such function, or it is one of a known layer that what stands for it does not call.
        """
        top = name.partition(".")[0]
        if not any(top in (getattr(node, "name", ""), getattr(node, "id", "")) for node in ast.walk(self.student.tree)):
            raise ValueError(f"the file has no {top}")
        known = [its.name for its in recognition.pairs(self.student.functions) if not its.layer.is_own]
        if plan.pair.name != name and name in known and not any(_calls(text, name) for text in plan.texts):
            raise ValueError(f"{plan.pair.name} is another function")

    def _weighed(self, name: str, plan: Plan) -> tuple[Weighed, str, bool]:
        """What came out, which layer it was held against, and whether that was itself."""
        program = self._program(plan)
        known = self._known(name, plan.pair)
        if known is not None and (found := self._by_course(program, known)) is not None:
            return found, known.layer.name, False
        if not plan.pair.layer.is_own:
            raise CannotCall(f"it is not {plan.pair.layer.name} by its name")
        return self._by_itself(program, plan), plan.pair.layer.name, True

    def _known(self, name: str, pair: Pair) -> Pair | None:
        """The pair as one of a layer that courses hand out, by the names in the file alone."""
        if name == pair.name and (found := self.student.functions.get(name)) is not None:
            written = recognition.pairs(self.student.functions)
            if pair.backward is None and any(its.forward == name and its.backward for its in written):
                raise CannotCall("its backward pass is judged with it")
            named = recognition.recognize(name, [its.arg for its in found.args.args])
            return Pair(named.layer, pair.forward, pair.backward) if named is not None else None
        if pair.layer.is_own:
            return None
        owner = name.partition(".")[0]
        for called in (owner, owner.partition("_")[0]):
            named = recognition.recognize(f"{subjects.stem_of(called)}_backward")
            if named is not None and named.layer is pair.layer:
                return pair
        return None

    def _program(self, plan: Plan) -> RemoteProgram:
        """The file in a process of its own, with the functions that its pairs are called by."""
        if self.process is None:
            self.process = Process(_STAGE, self.request["seconds"])
            about = {name: self.request[name] for name in ("file", "python2", "megabytes")}
            answer = self.process.ask(Writer(), about)
            self.student.star_imports = bool(answer.record.get("stars"))
        self.process.begin_anew()
        for text in plan.texts:
            self.process.ask(Writer(), {"does": "add", "text": text})
        self.student.wrapped = {}
        program = RemoteProgram(self.student, self.process)
        if plan.texts:
            made = loading.definitions(loading.parsed("\n".join(plan.texts)))
            program.definitions |= made
            self.student.wrapped = dict.fromkeys(made, Wrapped(plan.pair.forward, plan.pair.name, 1))
        return program

    def _by_course(self, program: RemoteProgram, pair: Pair) -> Weighed | None:
        """Held against the layer of its name; None where it follows another convention."""
        if not pair.layer.is_loss:
            program.opened[pair.forward] = len(pair.layer.outputs)
        try:
            form = Forms(program, pair).best()
        except CannotCall:
            return None
        examination, outcomes = form.examination, form.outcomes
        sure = binding.is_sure(program.function(pair.forward), pair.layer)
        ran = [outcome for outcome in outcomes if not outcome.refused]
        if ran and not sure and not any(gave_output(pair, outcome) for outcome in ran):
            return None
        self._fresh(examination, outcomes)
        return weigh(program, pair, examination, outcomes)

    def _fresh(self, examination: Examination, outcomes: list[Outcome]) -> None:
        """Run it on configurations that nobody has seen before."""
        for number in range(FRESH):
            its = examination.another(self.seed + number)
            if its is None:
                continue
            try:
                outcomes.append(examination.run(*its))
                examination.cases.append(its)
            except NotApplicable:
                continue

    def _by_itself(self, program: RemoteProgram, plan: Plan) -> Weighed:
        """Held against its own forward pass, or a layer of ours that has its name."""
        pair = plan.pair
        ours = unknown.shipped(program, pair)
        if ours is not None:
            cases = unknown.cases_of(ours, program.function(pair.forward), (self.seed, self.seed + 1))
            examination = Examination(program, pair, [(case, held_against(ours, pair, case)) for case in cases])
            return weigh(program, pair, examination, examination.run_all())
        found = list(own.outcomes(program, pair, plan.cases, self.seed))
        return Weighed(found, found, [])


def _calls(text: str, name: str) -> bool:
    """Whether a function around the student's calls one of this name; a comment that tells of it does not."""
    try:
        tree = ast.parse(text)
    except (SyntaxError, RecursionError, MemoryError):  # it came from the student's process
        return False
    called = (node.func for node in ast.walk(tree) if isinstance(node, ast.Call))
    return any(isinstance(its, ast.Name | ast.Attribute) and ast.unparse(its) == name for its in called)


def _nothing(why: str) -> dict[str, Any]:
    """The verdict on what gave nothing that could be compared."""
    return {
        "score": 0.0, "right": False, "wrong": [], "failed": [], "looked_at": [], "ran": [], "refused": [],
        "refuses": False, "layer": None, "own": None, "why": why,
    }  # fmt: skip
