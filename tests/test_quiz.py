"""Questions have right answers, replies are read in any notation, and the quiz ends when it is told to."""

import numpy as np
import pytest

import backpropviz as bp
from backpropviz.engine.rounds import Rounds
from backpropviz.engine.verifying import record
from backpropviz.exercises.blanks import blanks
from backpropviz.exercises.questions import questions
from backpropviz.exercises.quiz import Question, ask, listing, read_number, read_shape
from backpropviz.exercises.slips import of_number
from backpropviz.layers.library import layer_names, load
from backpropviz.show.view import view


def made(name, seed=0):
    return questions(load(name).trace(), seed)


class Person:
    """Gives prepared replies, and keeps what is said to it."""

    def __init__(self, *replies):
        self.replies, self.heard = list(replies), []

    def read(self, prompt):
        if not self.replies:
            raise EOFError
        reply = self.replies.pop(0)
        if isinstance(reply, type):
            raise reply
        return reply

    def write(self, line):
        self.heard.append(line)

    def quizzed(self, asked):
        return ask(asked, self.read, self.write)


@pytest.mark.parametrize("name", layer_names())
@pytest.mark.parametrize("seed", [0, 1, 2])
def test_every_answer_is_right_and_no_other_choice_is(name, seed):
    trace = load(name).trace()
    asked = questions(trace, seed)
    kinds = {question.kind for question in asked}
    assert "local" in kinds
    assert kinds & {"shape", "axis"}  # a step that broadcasts is asked for one of the two
    assert [q.step for q in asked] == sorted((q.step for q in asked), key=[q.step for q in asked].index)
    for question in asked:
        assert question.is_right(question.answer)
        if question.choices:
            assert len(set(question.choices)) == len(question.choices) >= 3
            assert [choice for choice in question.choices if question.is_right(choice)] == [question.answer]
        elif question.kind == "shape":
            assert not question.is_right(str((*question.value, 1)))
        else:
            assert not question.is_right(str(question.value + 0.02 + 0.02 * abs(question.value)))
        assert question.explanation or not question.step
        assert len(question.slips) == len(question.choices) - 1 or not question.choices
        for value, why in question.slips:
            reply = question.choices[value] if question.choices else str(value)
            assert (question.is_right(reply), question.why_not(reply)) == (False, why)


def test_numbers_are_those_of_the_trace():
    trace = load("batchnorm").trace()
    asked = [question for question in questions(trace) if question.kind == "number"]
    gradients = {node.name: node.value for node in trace.red.nodes if node.name}
    checked = 0
    for question in asked:
        name, _, at = question.text.removeprefix("How much is ").partition("?")[0].partition("[")
        if name in gradients:
            index = tuple(int(part) for part in at.rstrip("]").split(","))
            assert question.value == gradients[name][index]
            checked += 1
    assert checked >= 7


def test_nobody_is_asked_for_a_number_that_is_none():
    """Neither an answer nor a slip is infinite or nan, which the data of a page could not hold."""

    def rooted(x):
        root = np.sqrt(x)
        y = root * 2.0
        return y

    for x, numbers in ((np.array([4.0, -1.0, 0.0]), {"2"}), (np.array([4.0, 9.0, 1.0]), {"2", "1"})):
        with np.errstate(all="ignore"):
            trace = bp.trace(rooted, x=x)
            trace.backward()
        asked = [question for question in questions(trace) if question.kind == "number"]
        assert {question.step for question in asked} == numbers
        assert all(np.isfinite([question.value, *(value for value, _ in question.slips)]).all() for question in asked)
        assert "player-asked" in trace.player().html


def test_the_last_step_comes_first_and_the_same_seed_asks_the_same():
    steps = [question.step for question in made("batchnorm", 4)]
    assert steps[0] == "9"
    assert list(dict.fromkeys(steps)) == ["9", "8", "7", "6", "5", "4", "3", "2", "1", ""]
    assert made("batchnorm", 4) == made("batchnorm", 4)
    assert made("batchnorm", 4) != made("batchnorm", 5)


@pytest.mark.parametrize(
    "reply", ["(4, 3)", "4,3", "4x3", "4 x 3", "4\u00d73", "[4 3]", "4 by 3", "4*3", "N, D", "N x D"]
)
def test_shapes_in_any_notation(reply):
    assert read_shape(reply, {"N": 4, "D": 3}) == (4, 3)


@pytest.mark.parametrize(
    ("reply", "shape"),
    [
        ("(3,)", (3,)),
        ("3", (3,)),
        ("()", ()),
        ("scalar", ()),
        ("like x", (4, 3)),
        ("x.shape", (4, 3)),
        ("shape of x", (4, 3)),
    ],
)
def test_other_shapes(reply, shape):
    assert read_shape(reply, {}, {"x": (4, 3)}) == shape


@pytest.mark.parametrize("reply", ["", "four", "(4, y)", "x", "4.5", "-3"])
def test_what_is_no_shape(reply):
    assert read_shape(reply) is None


@pytest.mark.parametrize(
    ("reply", "number"),
    [("0.5", 0.5), (".5", 0.5), ("0,5", 0.5), ("1/2", 0.5), ("-1 / 4", -0.25), ("5e-1", 0.5), ("\u22122", -2.0)],
)
def test_numbers_in_any_notation(reply, number):
    assert read_number(reply) == number


@pytest.mark.parametrize("reply", ["", "half", "1/0", "1,000,000", "--1"])
def test_what_is_no_number(reply):
    assert read_number(reply) is None


def test_all_right_is_counted_and_explained():
    asked = made("relu")
    person = Person(*(question.answer for question in asked))
    score = person.quizzed(asked)
    assert (score.right, score.asked, score.finished) == (len(asked), len(asked), True)
    assert person.heard.count("  right.") == len(asked)
    assert any("router" in line for line in person.heard)


def test_a_choice_by_letter_or_number():
    question = next(question for question in made("batchnorm") if question.kind == "local")
    letter, number = "abcd"[question.value], str(question.value + 1)
    assert question.is_right(letter)
    assert question.is_right(f"{letter.upper()})")
    assert question.is_right(number)
    assert not question.understands("z")
    assert not question.understands("9")


def test_wrong_and_unknown_answers_are_told():
    asked = made("relu")
    person = Person(
        *("?" if question.kind == "number" else "(9, 9)" if question.kind == "shape" else "" for question in asked)
    )
    score = person.quizzed(asked[:1])
    assert (score.right, score.asked) == (0, 1)
    assert score.wrong == [asked[0]]
    assert f"  no: {asked[0].answer}" in person.heard
    person = Person("?")
    assert person.quizzed(asked[:1]).right == 0
    assert f"  {asked[0].answer}" in person.heard


def test_a_reply_that_is_none_is_asked_for_again():
    person = Person("", "pardon", "(4, 3)")
    score = person.quizzed(made("relu")[:1])
    assert score.asked == 1
    assert sum("or q to stop" in line for line in person.heard) == 1


def test_a_common_wrong_answer_is_told_why_it_is_wrong():
    """Of dgamma = np.sum(dout * xhat, axis=0): each wrong number is computed here as somebody would get it."""
    x, gamma, dout = np.array([[1.0, 2], [4, 7], [-3, 5]]), np.array([0.5, 3]), np.array([[1.0, -2], [3, 5], [7, 11]])
    arrays = {"dout": dout, "xhat": x, "gamma": gamma}
    value = np.sum(dout * x, axis=0)
    told = dict(of_number("dgamma", "dgamma = np.sum(dout * xhat, axis=0)", value, (1,), arrays))
    assert told == {
        -value[1]: "Yours has the other sign.",
        **dict.fromkeys((dout * x)[:, 1], "Yours is one term alone: the sum along axis 0 is missing."),
        np.sum(dout * x, axis=1)[1]: "Yours is summed along axis 1, and not along axis 0.",
        value[1] / 3: "Yours is a mean along axis 0: what is sent back adds up.",
        np.sum(dout, axis=0)[1]: "In yours, the factor xhat is missing.",
        np.sum(x, axis=0)[1]: "In yours, the factor dout is missing.",
    }
    code, value = "dx = -np.sum(dout.T @ dout, axis=(0, 1), keepdims=True) / x", -np.sum(dout.T @ dout) / x[:1]
    scope = {"dout": dout, "x": x[:1]}
    told = dict(of_number("dx", code, value, (0, 1), scope))
    assert told[-value[0, 1]] == "In yours, the minus sign is missing."
    assert told[value[0, 1] * x[0, 1]] == "Yours is not divided by x."
    assert "In yours, dout is not transposed." not in told.values()  # (3, 2) @ (3, 2) does not fit
    square = dict(of_number("d", "d = a.T + b", x[:2].T + x[:2], (0, 1), {"a": x[:2], "b": x[:2]}))
    assert square == {
        -6.0: "Yours has the other sign.", 6.0: "Yours is d[1, 0]: the row comes first, then the column.",
        2.0: "In yours, a.T is missing: what comes along several paths adds up.",
        4.0: "In yours, a is not transposed.",  # as it is without b: what is told last
    }  # fmt: skip


def test_a_wrong_shape_is_told_where_it_comes_from():
    question = next(each for each in made("affine") if each.text.startswith("Which shape has db"))
    person = Person("(4, 5)", "5x1", "q")
    person.quizzed([question, question])
    why = "(4, 5) is the shape in which the gradient arrives at the step: b was used in several places"
    assert sum(line.strip().startswith(why) for line in person.heard) == 1
    assert question.why_not("(1, 5)").startswith("A sum with keepdims=True leaves an axis")
    assert question.why_not("5x1") == ""
    product = next(each for each in made("affine") if each.text.startswith("Which shape has dw"))
    assert product.why_not("6, 4").startswith("(6, 4) is the shape of rows.T")


@pytest.mark.parametrize("end", ["q", "Quit", EOFError, KeyboardInterrupt])
def test_it_ends_when_told_to(end):
    asked = made("batchnorm")
    person = Person(asked[0].answer, end)
    score = person.quizzed(asked)
    assert (score.right, score.asked, score.finished) == (1, 1, False)
    assert "1 of 1 right" in person.heard[-1]


def test_the_list_has_every_question_and_answer():
    asked = made("affine")
    lines = "\n".join(listing(asked))
    assert lines.count("answer: ") == len(asked)
    assert all(question.text in lines for question in asked)


def test_large_arrays_are_not_for_doing_by_hand():
    rng = np.random.default_rng(0)
    trace = record(lambda x, w: np.tanh(x @ w), {"x": rng.normal(size=(40, 30)), "w": rng.normal(size=(30, 20))}, {})
    assert {question.kind for question in questions(trace)} == {"shape", "local"}


def test_a_question_is_plain_data():
    question = Question("number", "1", "y = 2 * x", "How much?", "0.25", 0.25, ("because",))
    assert question.is_right("1/4")
    assert not question.is_right("a quarter")


def test_terms_of_many_rounds_that_meet_are_not_asked_for_by_number():
    """They are written with a gap, `dx_1 \u2026 dx_3 + dx_4`, which is no code."""

    def centred(x):
        mu = np.mean(x, axis=0)
        total = 0.0
        for row in range(3):
            total = total + np.tanh(x[row] - mu)
        return total

    trace = bp.trace(centred, x=np.arange(12.0).reshape(4, 3) / 7)
    trace.backward()
    asked = questions(trace)
    assert any(question.step for question in asked)
    assert not any("\u2026" in line for question in asked if question.kind == "number" for line in question.explanation)


def test_a_gradient_that_is_summed_is_told_why_and_no_choice_is_right_in_other_words():
    asked = questions(bp.trace("batchnorm"))
    summed = [each for each in asked if each.step == "9" and "dbeta" in each.text]
    assert summed
    assert all("used 4 times along axis 0 of (4, 3)" in " ".join(each.explanation) for each in summed)
    for name in ("conv", "maxpool", "rnn", "relu"):
        for each in questions(bp.trace(name)):
            assert "1 everywhere" not in each.choices or each.answer.endswith("else 0"), each


@pytest.mark.parametrize("seed", range(3))
def test_an_axis_that_a_value_got_on_the_way_is_told_to_be_summed(seed):
    def scaled(a, b):
        return a * b[:, None]

    asked = questions(bp.trace(scaled, a=np.arange(6.0).reshape(2, 3), b=np.array([0.5, 2.0])), seed)
    about = [each for each in asked if each.kind in ("axis", "shape") and each.step]
    assert about
    for each in about:
        if "Which shape has da" not in each.text:
            assert "used 3 times along axis 1 of (2, 3)" in " ".join(each.explanation)
        if each.kind == "axis":
            assert (each.text, each.answer) == (
                "Along which axis of a * b[:, None] is what b[:, None] gets summed?",
                "axis 1",
            )


def test_which_axes_are_summed_is_asked_of_those_that_are():
    kinds = set()
    for name in ("batchnorm", "groupnorm", "spatial_batchnorm"):
        trace = load(name).trace()
        for each in questions(trace, 1):
            kinds.add(each.kind)
            if each.kind == "axis":
                assert each.answer.removeprefix("axis ").removeprefix("axes ") in " ".join(each.explanation)
    assert "axis" in kinds


def twice_used(c):
    u = np.ones(3)
    for _ in range(3):
        v = c / (1 + u)
        u = c + v
    return np.sum(u * v)


def test_a_part_of_a_gradient_of_a_round_that_is_not_shown_is_not_asked_for():
    """What the last round's v gets after the loop is whole only there; where all rounds are shown, it is one of two."""
    trace = bp.trace(twice_used, c=np.array([0.5, 1.0, 2.0]))
    trace.backward()
    views = view(trace, "twice_used", rounds=Rounds(trace)), view(trace, "twice_used")
    one_round, all_rounds = ({blank.name: blank for blank in blanks(shown)} for shown in views)
    assert "dv_3_1" not in one_round
    assert all_rounds["dv_3_1"].part == 2
    assert {"du_3", "dv", "dc"} <= {*one_round}
