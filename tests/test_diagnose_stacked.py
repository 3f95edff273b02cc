"""Gates side by side, what a round hands on, sizes in helpers, and classes whose right values a trace tells."""

from __future__ import annotations

from pathlib import Path

import pytest

from backpropviz.diagnose import diagnose
from tests.corpus import Corpus

CORPUS = Corpus()

ATTENTION = (Path(__file__).parent / "courses" / "attention_and_gates.py").read_text(encoding="utf-8")


@pytest.mark.costly
@pytest.mark.parametrize(
    "name",
    [
        "conv_columns_by_index_padded_once", "conv_unrolled_col2im_columns_from_rows",
        "conv_unrolled_col2im_one_row_less", "conv_unrolled_col2im_shape_before_padding",
        "lstm_own_names_forget_is_output_gate",
    ],
)  # fmt: skip
def test_the_line_is_named_and_proved(name):
    first = diagnose(CORPUS.file(name)).first
    assert first.line in CORPUS.lines_of(name), first
    assert first.proved


@pytest.mark.costly
@pytest.mark.parametrize(
    ("right", "wrong", "kind"),
    [
        ("        ds = ds / np.sqrt(self.d_head)\n", "", "constant_factor"),
        ("self.a * (da - np.sum(da * self.a, axis=1, keepdims=True))", "self.a * da", "wrong_value"),
        (" + dv @ self.Wv.T", "", "missing_term"),
        ("dk = ds.T @ self.q", "dk = ds @ self.q", "transposed"),
    ],
)
def test_what_an_attention_lacks_is_found_from_its_value(tmp_path, right, wrong, kind):
    assert right in ATTENTION
    path = tmp_path / "attention.py"
    path.write_text(ATTENTION.replace(right, wrong, 1).partition("class GRUCell")[0], encoding="utf-8")
    first = diagnose(path).first
    line = ATTENTION[: ATTENTION.index(right)].count("\n") + (not right.endswith("\n"))
    assert (first.line, first.proved) == (line, True), first
    assert first.kind in (kind, "wrong_value")


def test_a_gradient_that_no_line_of_a_round_sets_is_missing_at_its_end(tmp_path):
    text = "import numpy as np\n" + ATTENTION[ATTENTION.index("def sigmoid") :]
    path = tmp_path / "lstm.py"
    path.write_text(text.replace("        dnext_c = d_c * f\n", ""), encoding="utf-8")
    first = diagnose(path).first
    assert (first.kind, first.proved) == ("missing_line", True)
    assert "dnext_c = f * d_c" in first.expected


@pytest.mark.costly
def test_a_gradient_that_is_thrown_away_is_named_where_it_is(tmp_path):
    text = CORPUS.file("lstm_own_names").read_text(encoding="utf-8")
    path = tmp_path / "lstm.py"
    path.write_text(text.replace("dx_t, dh_t, dc_t, dWx_t", "dx_t, dh_t, _, dWx_t"), encoding="utf-8")
    first = diagnose(path).first
    assert ("dx_t, dh_t, _" in first.statement, first.proved) == (True, True)
