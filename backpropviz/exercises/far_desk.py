"""The desk in another process, as the one who grades sees it."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from pathlib import Path
from typing import Any

from backpropviz.diagnose.judge.process import Ended, Process
from backpropviz.diagnose.judge.wire import Garbled, Reader, Writer
from backpropviz.errors import LayerError
from backpropviz.exercises.desk import Meet
from backpropviz.exercises.looped import Body

_DESK = "backpropviz.exercises.desk"


class FarProcess:
    """The process of one worksheet; `desk()` gives a desk in it for each input.

    Raises:
        LayerError: it ended before its time; so do the methods of the desks.
    """

    def __init__(self, path: Path, seconds: float, megabytes: int):
        self.file, self.count = path.name, 0
        self.process = Process(_DESK, seconds)
        self.ask(Writer(), {"file": str(path), "megabytes": megabytes})

    def desk(self) -> FarDesk:
        self.count += 1
        return FarDesk(self, self.count)

    def ask(
        self, writer: Writer, record: dict[str, Any],
        between: Callable[[Reader], tuple[Writer, dict[str, Any]]] | None = None,
    ) -> Reader:  # fmt: skip
        try:
            return self.process.ask(writer, record, between)
        except Ended as error:
            raise LayerError(f"{self.file} could not be graded: {error}", fix="Does it run on its own?") from error


class FarDesk:
    """What `Desk` does, elsewhere."""

    def __init__(self, process: FarProcess, number: int):
        self.process, self.number = process, number

    def _ask(self, does: str, *values: Any, between: Any = None) -> Any:
        writer = Writer(lambda value: 0)
        record = {"desk": self.number, "does": does, "values": writer.value(list(values))}
        answer = self.process.ask(writer, record, between)
        try:
            return answer.value(answer.record["returned"])
        except (Garbled, KeyError) as error:
            self.process.process.close()
            raise LayerError(
                f"{self.process.file} could not be graded: {error}", fix="Does it run on its own?"
            ) from error

    def begin(self, given: Mapping[str, Any]) -> str:
        return str(self._ask("begin", dict(given)))

    def put(self, name: str, value: Any) -> None:
        self._ask("put", name, value)

    def execute(self, function: str, at: int) -> str:
        return str(self._ask("execute", function, at))

    def value(self, name: str) -> Any:
        return self._ask("value", name)

    def has(self, name: str) -> bool:
        return bool(self._ask("has", name))

    def kept(self) -> dict[str, Any]:
        found = self._ask("kept")
        return found if isinstance(found, dict) else {}

    def whole(self, layer: str, inputs: Sequence[Any], upstream: Sequence[Any]) -> tuple[Any, str]:
        returned, failure = self._ask("whole", layer, list(inputs), list(upstream))
        return returned, str(failure)

    def in_rounds(
        self, layer: str, keys: Collection[tuple[Body, str]], given: Collection[str], values: Mapping[str, Any],
        inputs: Sequence[Any], upstream: Sequence[Any], settings: Mapping[str, Any], meet: Meet,
    ) -> tuple[Any, int, str]:  # fmt: skip
        trouble: list[LayerError] = []

        def between(asked: Reader) -> tuple[Writer, dict[str, Any]]:
            writer = Writer(lambda value: 0)
            try:
                body, name, value, rounds = asked.value(asked.record["met"])
                return writer, {"instead": writer.value(meet(tuple(body), name, value, rounds))}
            except LayerError as error:
                trouble.append(error)
            except (KeyError, TypeError, ValueError) as error:
                raise Garbled(str(error)) from error
            return writer, {"stop": True}

        wanted = [[list(body), name] for body, name in keys]
        try:
            returned, line, failure = self._ask(
                "rounds", layer, wanted, list(given), dict(values), list(inputs), list(upstream), dict(settings),
                between=between,
            )  # fmt: skip
        except LayerError:
            raise (
                trouble[0]
                if trouble
                else LayerError(f"{self.process.file} could not be graded", fix="Does it run on its own?")
            ) from None
        return returned, int(line), str(failure)
