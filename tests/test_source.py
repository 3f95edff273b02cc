"""Reading and rewriting a user's source: the rewritten function is the one that was written, and reports."""

import ast
import inspect

import numpy as np
import pytest

from backpropviz.engine import source
from backpropviz.engine.instrument import Instrumented, instrument
from backpropviz.engine.source import SourceText


class Reports:
    """Notes down what instrumented code reports, and changes nothing."""

    key = type("Key", (), {"__getitem__": lambda self, index: index})()

    def __init__(self):
        self.seen = []

    def assign(self, site, value):
        self.seen.append(("assign", site.names, site.code))
        return value

    def augment(self, site, operation, current, value):
        self.seen.append(("augment", site.names, operation))
        return getattr(ast, operation) and {"Add": current + value, "LShift": current}[operation]

    def store(self, site, value, container, key):
        self.seen.append(("store", site.names, site.statement))
        container[key] = value

    def done(self, site, value):
        return value

    def appended(self, site, value):
        return value

    def counted(self, name, value):
        return value

    def rounds(self, site, iterable):
        self.seen.append(("loop", site.statement))
        yield from iterable

    def again(self, site, test):
        return test

    def left(self, site):
        pass

    def caught(self):
        pass

    def result(self, site, value):
        self.seen.append(("return", site.names, site.code))
        return value

    def callee(self, site, function):
        return function

    def item(self, container, index):
        return container[index]

    def literal(self, value):
        return value


def run(function, *args, **kwargs):
    instrumented = instrument(function.__code__)
    assert isinstance(instrumented, Instrumented)
    reports = Reports()
    return instrumented.bind(function, reports)(*args, **kwargs), reports.seen


def everything(x, *rest, scale=2.0, **options):
    """Docstrings stay."""
    total = 0.0
    first, *others = [x, *rest]
    for value in others:
        if value < 0:
            continue
        total += value
    else:
        total = total + first
    squares = {f"{v:.1f}": (w := v**2) for v in others}
    try:
        table = np.zeros(3)
        table[1] = total
        missing = squares["nowhere"]
    except KeyError:
        missing = w
    finally:
        last = lambda: total * scale
    with np.errstate(all="ignore"):
        match options:
            case {"stop": True}:
                return None
            case _:
                pass

    def inner(y):
        nonlocal total
        total = total + y
        return total

    del first
    result = inner(1.0) + last() + table[1:].sum() + missing if total else 0.0
    return result, inner.__name__, everything.__doc__


def test_the_rewritten_function_computes_what_the_written_one_does():
    for args, kwargs in [((1.0, 2.0, -3.0, 4.0), {}), ((1.0, 2.0), {"scale": 3.0}), ((1.0, 2.0), {"stop": True})]:
        value, seen = run(everything, *args, **kwargs)
        assert value == everything(*args, **kwargs)
        assert ("assign", ("total",), "0.0") in seen
    value, seen = run(everything, 1.0, 2.0, 5.0)
    assert ("assign", ("first", ""), "[x, *rest]") in seen
    assert seen.count(("augment", ("total",), "Add")) == 2
    assert ("store", ("table",), "table[1] = total") in seen
    assert ("assign", ("w",), "v**2") in seen
    assert ("assign", ("total",), "total + y") in seen
    returned = "result, inner.__name__, everything.__doc__"
    assert seen[-1] == ("return", tuple(returned.split(", ")), returned)


def make(offset):
    calls = []

    def counted(x, y=offset, *, z=3):
        calls.append(x)
        value = x + y + z + offset
        return value

    return counted, calls


def test_closures_defaults_and_globals_are_the_functions_own():
    counted, calls = make(10)
    value, seen = run(counted, 1)
    assert value == 24
    assert calls == [1]
    assert seen == [("assign", ("value",), "x + y + z + offset"), ("return", (), "value")]
    other, _ = make(20)
    assert run(other, 1, z=0)[0] == 41  # the code is shared, what it closes over is not
    assert instrument(counted.__code__) is instrument(other.__code__)


def test_errors_keep_their_lines():
    def fails(x):
        y = x + 1

        return y.missing

    instrumented = instrument(fails.__code__)
    with pytest.raises(AttributeError) as caught:
        instrumented.bind(fails, Reports())(1)
    frame = caught.traceback[-1]
    assert frame.lineno + 1 == fails.__code__.co_firstlineno + 3
    assert str(frame.path) == __file__


def annotated(x: "unknown" = 1, *, y: list["nothing"] = ()) -> "never":  # noqa: F821
    z: later = x  # noqa: F821
    return z


def test_annotations_are_not_evaluated():
    assert run(annotated, 5)[0] == 5


def test_vanished_sources_cannot_be_instrumented():
    scope = {}
    exec("def gone(x):\n    return x\nalso = lambda x: x", scope)
    assert instrument(scope["gone"].__code__) is None
    assert instrument(scope["also"].__code__) is None


def test_of_lambdas_on_one_line_the_right_one_is_rewritten():
    twice, thrice = lambda x, k=2: x * k, lambda x: [x * k for k in (1, 2)]
    assert run(twice, 5)[0] == 10
    value, seen = run(thrice, 5)
    assert value == [5, 10]
    assert seen == [("loop", "for k in (1, 2)"), ("return", (), "[x * k for k in (1, 2)]")]


def test_a_source_that_was_registered_is_read_before_the_file():
    text = SourceText("<listing>", ["def wrapped(x):\n", "    # doubled\n", "    y = 2 * x\n", "    return y\n"])
    source.register("<listing>", text)
    scope = {}
    exec(compile("".join(text.lines), "<listing>", "exec"), scope)
    value, seen = run(scope["wrapped"], 4)
    assert value == 8
    assert seen[0] == ("assign", ("y",), "2 * x")


TEXT = """\
# above, on
# two lines
a = 1  # behind

# far above

b = 2  # behind alone
### (Step 3): with a number
c = f(
    # inside
    "# no comment",
    2,  # a comment
)
é = "ü" + x ; d = 3
"""


def test_captions_and_folded_code():
    text = SourceText("text.py", TEXT.splitlines(keepends=True))
    a, b, c, e, d = text.tree.body
    assert text.caption(a) == "above, on two lines"
    assert text.caption(b) == "behind alone"
    assert text.caption(c) == "with a number"
    assert text.caption(d) == ""
    assert text.code(c) == 'c = f( "# no comment", 2, )'
    assert text.code(e) == 'é = "ü" + x'
    assert text.code(e.value) == '"ü" + x'
    assert text.code(d) == "d = 3"


def test_sites_know_what_they_need():
    def sizes(x, stride):
        n = (len(x) - stride) // stride + 1
        return n

    site = instrument(sizes.__code__).sites[0]
    assert site.names == ("n",)
    assert set(site.needs) == {"len", "x", "stride"}
    assert site.where == f"test_source.py:{inspect.getsourcelines(sizes)[1] + 1}"
