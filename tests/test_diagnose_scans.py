"""Recurrences over time: right backward passes are right on inputs that mean something, and no slip in them is."""

import pytest

from backpropviz.diagnose import diagnose
from tests.scans import RIGHT, SLIPS, UNNAMED, replaced

SLIPPED = [(name, right, wrong) for name, slips in SLIPS.items() for right, wrong in slips]


def told(tmp_path, text):
    file = tmp_path / "handin.py"
    file.write_text(text, encoding="utf-8")
    (report,) = diagnose(file).functions
    return report


@pytest.mark.costly
@pytest.mark.parametrize("name", RIGHT)
def test_a_right_scan_is_right_in_all_its_gradients(tmp_path, name):
    report = told(tmp_path, RIGHT[name])
    assert (report.status, report.findings) == ("right", ())
    returned = RIGHT[name].rpartition("return ")[2].strip().split(", ")
    assert len(report.looked_at) == 1 + len(returned)


@pytest.mark.costly
@pytest.mark.parametrize(("name", "right", "wrong"), SLIPPED)
def test_a_slip_in_a_scan_is_found(tmp_path, name, right, wrong):
    text, line = replaced(RIGHT[name], right, wrong)
    report = told(tmp_path, text)
    assert report.status == "wrong"
    assert (line in [finding.line for finding in report.findings]) is ((name, wrong.strip()) not in UNNAMED)
