"""Arrays and settings from outside: what is read, what is refused, and that nothing in a file is run."""

import pickle
from pathlib import Path

import numpy as np
import pytest

from backpropviz.errors import InputError
from backpropviz.layers.arrays import load_array, parse_pair, parse_setting, parse_shape

X = np.random.default_rng(0).normal(size=(5, 3))


class Trap:
    """Writes a file when it is unpickled."""

    def __init__(self, path):
        self.path = path

    def __reduce__(self):
        return Path.write_text, (self.path, "it ran")


def written(path, text):
    path.write_text(text, encoding="utf-8")
    return str(path)


def refused(spec, name="x"):
    """The message for a file that is refused: what was seen, and what to do."""
    with pytest.raises(InputError) as caught:
        load_array(str(spec), name)
    return str(caught.value)


# ---- files -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("array", [X, X.astype(np.float32), np.arange(6).reshape(2, 3), np.float64(2.5), X.T, X > 0])
def test_npy(tmp_path, array):
    np.save(tmp_path / "x.npy", array)
    loaded = load_array(str(tmp_path / "x.npy"), "x")
    np.testing.assert_array_equal(loaded, array)
    assert loaded.dtype == array.dtype


def test_npz_members(tmp_path):
    np.savez(tmp_path / "one.npz", weights=X)
    np.savez_compressed(tmp_path / "two.npz", x=X, b=X[0])
    np.testing.assert_array_equal(load_array(f"{tmp_path}/one.npz", "x"), X)
    np.testing.assert_array_equal(load_array(f"{tmp_path}/two.npz", "b"), X[0])
    np.testing.assert_array_equal(load_array(f"{tmp_path}/two.npz:b", "x"), X[0])
    assert "has no member 'w'\n  Name one: --input w=" in refused(f"{tmp_path}/two.npz", "w")
    assert "(it has x, b)" in refused(f"{tmp_path}/two.npz:q")
    np.savez(tmp_path / "many.npz", **{f"a{i}": X for i in range(20)})
    assert "(it has a0, a1, a2, a3, a4, a5, a6, a7 and 12 more)" in refused(f"{tmp_path}/many.npz:q")
    (tmp_path / "two.npz").rename(tmp_path / "named.npy")  # what a file is, it says itself
    np.testing.assert_array_equal(load_array(f"{tmp_path}/named.npy", "x"), X)


def test_a_file_name_may_hold_a_colon(tmp_path):
    np.savez(tmp_path / "a:b.npz", x=X)
    np.testing.assert_array_equal(load_array(f"{tmp_path}/a:b.npz", "x"), X)


@pytest.mark.parametrize(
    "text", ["1,2.5,-3\n4,5,6e-3\n", "a,b,c\n1,2.5,-3\n\n4,5,6e-3", "\ufeff1, 2.5, -3\r\n4, 5, 6e-3\r\n"]
)
def test_csv(tmp_path, text):
    array = load_array(written(tmp_path / "x.csv", text), "x")
    np.testing.assert_array_equal(array, [[1, 2.5, -3], [4, 5, 6e-3]])


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("1,2,3\n4,five,6\n", "row 2, column 2: 'five' is text, not a number"),
        ("a,b\n1,2\n3,x\n", "row 3, column 2: 'x' is text"),
        ("1,2,3\n4,5\n", "row 2 has 2 columns, the first has 3"),
        ("a,b\n1,2\n3,4,5\n", "row 3 has 3 columns, the first has 2"),
        ("1;2\n3;4\n", "Separate the columns by commas"),
        ("", "holds no rows of numbers"),
        ("a,b\n", "holds no rows of numbers"),
        ("1,2\n3,\n", "row 2, column 2: '' is text"),
    ],
)
def test_csv_that_is_no_table_of_numbers(tmp_path, text, message):
    assert message in refused(written(tmp_path / "x.csv", text))


def test_csv_in_another_encoding(tmp_path):
    (tmp_path / "x.csv").write_bytes("größe\n1\n".encode("latin-1"))
    assert "cannot be read" in refused(tmp_path / "x.csv")


def test_files_that_are_none(tmp_path):
    assert "there is no file nowhere.npy for input x\n  Give a .npy" in refused("nowhere.npy")
    assert "is a folder, not a file for input x" in refused(tmp_path)
    assert "is no .npy, .npz or .csv file" in refused(written(tmp_path / "x.txt", "1 2 3"))


def test_arrays_of_text_and_of_complex_numbers(tmp_path):
    np.save(tmp_path / "t.npy", np.array([["a", "b"]]))
    assert "holds text, not numbers, for input x" in refused(tmp_path / "t.npy")
    np.save(tmp_path / "c.npy", X * 1j)
    assert "holds complex128 values" in refused(tmp_path / "c.npy")
    np.save(tmp_path / "d.npy", np.array(["2026-01-01"], "M8[D]"))
    assert "holds datetime64[D] values" in refused(tmp_path / "d.npy")
    np.savez(tmp_path / "t.npz", x=np.array(["a"]))
    assert "holds text" in refused(tmp_path / "t.npz")


def test_empty_arrays(tmp_path):
    np.save(tmp_path / "e.npy", np.zeros((0, 3)))
    assert "holds no numbers for x: its shape is (0, 3)" in refused(tmp_path / "e.npy")


def test_broken_files(tmp_path):
    np.save(tmp_path / "x.npy", X)
    np.savez(tmp_path / "x.npz", x=X)
    for name in ("x.npy", "x.npz"):
        whole = (tmp_path / name).read_bytes()
        for length in (0, 4, 60, 100, len(whole) - 20):
            (tmp_path / name).write_bytes(whole[:length])
            message = refused(tmp_path / name)
            assert any(said in message for said in ("cannot be read", "cut short", "is no .np"))
    damaged = bytearray(whole)
    damaged[60:90] = bytes(30)
    (tmp_path / "x.npz").write_bytes(damaged)
    assert "cannot be read" in refused(tmp_path / "x.npz")
    assert "is no .npz file" in refused(written(tmp_path / "t.npz", "hello"))
    assert "is no .npy file" in refused(written(tmp_path / "t.npy", "1 2 3"))


def test_nothing_in_a_file_is_run(tmp_path):
    trap = Trap(tmp_path / "sprung")
    (tmp_path / "raw.npy").write_bytes(pickle.dumps(trap))
    np.save(tmp_path / "object.npy", np.array([trap], dtype=object), allow_pickle=True)
    np.savez(tmp_path / "object.npz", x=np.array([trap], dtype=object))
    for name in ("raw.npy", "object.npy", "object.npz"):
        assert "holds Python objects, which could run code when loaded" in refused(tmp_path / name)
    assert not (tmp_path / "sprung").exists()
    np.load(tmp_path / "object.npy", allow_pickle=True)
    assert (tmp_path / "sprung").exists()  # the trap works


# ---- words -----------------------------------------------------------------------------------------------------------


def test_pairs():
    assert parse_pair("x=a=b.npy", "--input") == ("x", "a=b.npy")
    assert parse_pair(" eps = 1e-3 ", "--set") == ("eps", "1e-3")
    for text in ("eps", "=3", "eps=", "eps= "):
        with pytest.raises(InputError, match=r"is not name=value\n  For example: --set eps=1e-3"):
            parse_pair(text, "--set")


@pytest.mark.parametrize(
    ("text", "shape"), [("8,5", (8, 5)), ("8x5", (8, 5)), ("(8, 5)", (8, 5)), ("8", (8,)), ("8,", (8,))]
)
def test_shapes(text, shape):
    assert parse_shape(text, "x") == shape


@pytest.mark.parametrize("text", ["0,3", "-1,3", "a", "2.5", "3;4"])
def test_what_is_no_shape(text):
    with pytest.raises(InputError, match=r"is no shape\n  Give whole numbers of 1 or more"):
        parse_shape(text, "x")


@pytest.mark.parametrize(
    ("text", "default", "value"),
    [
        ("1e-3", 1e-5, 1e-3),
        ("1", 1e-5, 1),
        ("2", 1, 2),
        ("(2, 1)", 1, (2, 1)),
        ("2,1", 1, (2, 1)),
        ("3", (1, 1), 3),
        ("test", "train", "test"),
        ("'test'", "train", "test"),
        ("3", "train", "3"),
        ("True", False, True),
        ("false", True, False),
        ("0.5", None, 0.5),
        ("[1, 2]", None, [1, 2]),
        ("word", None, "word"),
    ],
)
def test_settings(text, default, value):
    parsed = parse_setting(text, "name", default)
    assert parsed == value
    assert type(parsed) is type(value)


@pytest.mark.parametrize(
    ("text", "default", "message"),
    [
        ("abc", 1e-5, r"--set eps=abc: eps is a number \(by default 1e-05\)\n  For example: --set eps=1e-05"),
        ("nan", 1e-5, "eps is a number"),
        ("(1, 2)", 1e-5, "eps is a number"),
        ("True", 1e-5, "eps is a number"),
        ("1.5", 1, "eps is a whole number"),
        ("(1.5, 2)", 1, "eps is a whole number"),
        ("True", 1, "eps is a whole number"),
        ("a", (1, 1), "eps is a number, or several"),
        ("1", True, "eps is True or False"),
    ],
)
def test_settings_of_the_wrong_kind(text, default, message):
    with pytest.raises(InputError, match=message):
        parse_setting(text, "eps", default)


def test_text_is_never_evaluated():
    assert parse_setting("__import__('os').getpid()", "eps", None) == "__import__('os').getpid()"
