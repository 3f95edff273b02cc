"""Derived code as lines that can be run, watched, replaced and thinned out; loops stay loops.

A line assigns one name, or it is something else: the head of a loop, a store into a part, a comment. Lines of one body
belong together; every gradient that one of them sets has a value in each run of that body.
"""

from __future__ import annotations

import ast
import dataclasses
import re
import textwrap
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from backpropviz.code.listing import Listing, imports, titled
from backpropviz.engine.graph import Array
from backpropviz.study.closed.lines import Line, lines_of

_WATCH = "__watch__"


@dataclass(frozen=True, eq=False)
class Program:
    """A derived function: sizes and the forward values, then the backward pass.

    Attributes:
        inner: forward values that stand within a function of one number, and nowhere else (`gates.py`).
    """

    listing: Listing
    forward: list[Line]
    backward: list[Line]
    settings: dict[str, Any] = field(default_factory=dict)
    inner: frozenset[str] = frozenset()

    @classmethod
    def of(cls, listing: Listing, settings: dict[str, Any], inner: frozenset[str] = frozenset()) -> Program:
        forward, backward = listing.rolled or (list(map(str, listing.forward)), titled(listing.backward))
        return cls(listing, lines_of([*listing.sizes, *forward]), lines_of(backward), settings, inner)

    @property
    def count(self) -> int:
        return sum(line.count for line in self.backward)

    @property
    def cost(self) -> int:
        """Its operations, and one for each value from within a gate: another spelling has others."""
        return self.count + self.within

    @property
    def within(self) -> int:
        """How many values from within gates it reads, for more than where they are positive."""
        return len(self.inner & {name for line in self.backward if not line.is_mask for name in line.reads})

    @property
    def parameters(self) -> list[str]:
        return [*self.listing.upstream, *self.listing.parameters, *self.listing.constants, *self.settings]

    @property
    def taken(self) -> set[str]:
        """All names in it."""
        return {name for line in self.lines for name in line.names} | {*self.parameters}

    @property
    def lines(self) -> list[Line]:
        return [*self.forward, *self.backward]

    @property
    def returns(self) -> list[str]:
        return self.listing.returns

    def with_backward(self, backward: list[Line]) -> Program:
        return dataclasses.replace(self, backward=backward)

    def returning(self, names: Sequence[str]) -> Program:
        """The program of some gradients alone."""
        kept = [name for name in self.returns if name in names]
        return dataclasses.replace(self, listing=dataclasses.replace(self.listing, returns=kept))

    def thinned(self, forward_too: bool = True) -> Program:
        """Without what nothing reads; with all forward values where these are to be chosen from later."""
        forward, backward = list(self.forward), _without_second_names(self.backward, self.returns)
        while True:
            if forward_too:
                forward, backward = _popped(forward, backward)
            every = [*forward, *backward]
            read = {*self.returns, *(name for line in every for name in line.reads if name not in line.names)}
            kept = {n for n in every if not _is_idle(n, read) or (n in forward and not forward_too)}
            kept -= {line for line in every if line.text.endswith(":") and _is_empty(line, every)}
            if len(kept) == len(every):
                return dataclasses.replace(self, forward=forward, backward=backward)
            forward, backward = [n for n in forward if n in kept], [n for n in backward if n in kept]

    @property
    def whole_count(self) -> int:
        """The operations of the forward part too."""
        return self.count + sum(line.count for line in self.forward)

    @property
    def kept(self) -> int:
        """How many forward values the backward pass reads."""
        made = {name for line in self.forward for name in line.names}
        return len(made & {name for line in self.backward for name in line.reads})

    def run(self, arguments: dict[str, Any]) -> tuple[Any, ...]:
        """The gradients, in the order of `returns`."""
        scope: dict[str, Any] = {}
        with np.errstate(all="ignore"):
            exec(compile(str(self), "<closed form>", "exec"), scope)
            got = scope[self.listing.name](
                **{
                    name: arguments[name]
                    for name in self.parameters
                    if name not in self.settings or self._mentions(name)
                }
            )
        return got if isinstance(got, tuple) else (got,)

    def alone(self, arguments: dict[str, Any]) -> Callable[[], tuple[Any, ...]]:
        """The backward pass by itself: the forward values are computed once, here; what a loop takes off is a copy."""
        scope = dict(arguments)
        forward, backward = (
            "\n".join("    " * n.depth + n.text for n in part) for part in (self.forward, self.backward)
        )
        exec("\n".join([*imports(self.listing.helpers), forward]), scope)
        saved = dict.fromkeys(re.findall(r"(\w+)\.pop\(\)", backward))
        copies = "".join(f"{name} = list({name})\n" for name in saved)
        body = textwrap.indent(f"{copies}{backward}\nreturn ({', '.join(self.returns)},)", "    ")
        exec(f"def backward({', '.join(f'{name}={name}' for name in saved)}):\n{body}", scope)
        made: Callable[[], tuple[Any, ...]] = scope["backward"]
        return made

    def watched(self, arguments: dict[str, Any]) -> dict[Line, dict[str, Array]]:
        """The values that the lines set, by line and name: those of the second round of a loop, where it has one."""
        seen: dict[tuple[int, str], list[Any]] = {}
        lines: list[str] = []
        for number, line in enumerate(self.lines):
            lines.append("    " * line.depth + line.text)
            if not line.text.endswith(":"):
                lines += ["    " * line.depth + f"{_WATCH}(({number}, {name!r}), {name})" for name in line.names]
        scope: dict[str, Any] = {
            _WATCH: lambda key, value: seen.setdefault(key, []).append(np.array(value) if _is_number(value) else None)
        }
        code = "\n".join([*imports(self.listing.helpers), *lines])
        with np.errstate(all="ignore"):
            exec(compile(code, "<watched>", "exec"), {**scope, **arguments})
        found: dict[Line, dict[str, Array]] = {}
        for (number, name), values in seen.items():
            value = values[1] if len(values) > 1 else values[0]
            if value is not None:
                found.setdefault(self.lines[number], {})[name] = value
        return found

    def __str__(self) -> str:
        sizes, forward = _apart(self.forward, self.listing)
        written = dataclasses.replace(
            self.listing, sizes=sizes, rolled=(_texts(forward), _texts(self.backward)), settings=self._used_settings(),
            helpers=[h for h in self.listing.helpers if self._mentions(h.rpartition(".")[2])], outputs=[],
        )  # fmt: skip
        return str(written)

    def _used_settings(self) -> dict[str, Any]:
        return {name: value for name, value in self.settings.items() if self._mentions(name)}

    def _mentions(self, name: str) -> bool:
        return any(re.search(rf"\b{re.escape(name)}\b", line.text) for line in self.lines)


def _is_number(value: Any) -> bool:
    return isinstance(value, np.ndarray | np.generic | int | float) and not isinstance(value, str)


def _apart(forward: list[Line], listing: Listing) -> tuple[list[str], list[Line]]:
    """The lines that only set sizes, and the others."""
    sizes = {text for size in listing.sizes for text in size.split("\n")}
    return [line.text for line in forward if line.text in sizes], [n for n in forward if n.text not in sizes]


def _texts(lines: list[Line]) -> list[str]:
    made = []
    for line in lines:
        indent = "    " * line.depth
        made += [f"{indent}# {line.heading}"] * bool(line.heading) + [indent + line.text]
    return made


def _is_idle(line: Line, read: set[str]) -> bool:
    """Whether what the line sets is not among what is `read`, by lines that do not set it again themselves."""
    return bool(line.names) and not line.text.endswith(":") and read.isdisjoint(line.names)


def _without_second_names(lines: list[Line], returns: list[str]) -> list[Line]:
    """Where `dx = dshifted` is all that reads dshifted, what sets it sets dx."""
    for line in lines:
        other = line.code
        if not (line.is_plain and line.depth == 0 and other.isidentifier() and other not in returns):
            continue
        set_by = [n for n in lines if other in n.names]
        readers = [n for n in lines if other in n.reads]
        if len(set_by) == 1 and readers == [line] and set_by[0].name == other and set_by[0].depth == 0:
            text = f"{line.name} = {set_by[0].code}"
            heading = set_by[0].heading.replace(f"to {other} at once", f"to {line.name} at once")
            one = Line(text, 0, heading)
            return _without_second_names([one if n is set_by[0] else n for n in lines if n is not line], returns)
    return lines


def _is_empty(line: Line, kept: list[Line]) -> bool:
    """The head of a loop that has no body any more."""
    after = kept[kept.index(line) + 1 :]
    return line.text.endswith(":") and (not after or after[0].depth <= line.depth)


def _popped(forward: list[Line], backward: list[Line]) -> tuple[list[Line], list[Line]]:
    """`a, b = saved.pop()` where nothing reads b becomes `a = saved.pop()`, and only a is saved."""
    for at, line in enumerate(backward):
        match = re.fullmatch(r"(.*) = (\w+)\.pop\(\)", line.text)
        if not match or not line.is_several:
            continue
        read = [any(name in other.reads for other in backward if other is not line) for name in line.names]
        pushed = [n for n in forward if n.text.startswith(f"{match[2]}.append((")]
        if all(read) or not any(read) or len(pushed) != 1:
            continue
        (push,) = pushed
        call = ast.parse(push.text, mode="eval").body
        items = call.args[0].elts  # type: ignore[attr-defined]
        if len(items) != len(read):
            continue
        saved = [ast.unparse(item) for item, wanted in zip(items, read) if wanted]
        names = [name for name, wanted in zip(line.names, read) if wanted]
        text = f"({', '.join(saved)})" if len(saved) > 1 else saved[0]
        new_push = dataclasses.replace(push, text=f"{match[2]}.append({text})")
        new_line = dataclasses.replace(line, text=f"{', '.join(names)} = {match[2]}.pop()")
        forward = [new_push if n is push else n for n in forward]
        backward = [*backward[:at], new_line, *backward[at + 1 :]]
    return forward, backward
