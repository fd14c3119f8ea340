"""A case with a twin is credited only if it is seen better than without the object: real predictions."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from tests.conftest import write_suite
from tests.flat_colours import SAID
from tierbench.scoring.evaluate import evaluate

ROWS = """\
file_name,label,tier,id,twin
red_1.png,automobile,1,seen,road
orange_1.png,automobile,1,unsure,garage
grey_1.png,automobile,1,lost,road
orange_2.png,automobile,1,alone,
green_1.png,-,,road,
red_2.png,-,,garage,
"""


def rows(frame: pd.DataFrame) -> dict[str, dict[str, Any]]:
    return {row["case"]: {str(name): value for name, value in row.items()} for row in frame.to_dict("records")}


def test_a_case_passes_only_if_its_log_margin_is_above_that_of_its_twin(colour_model: Path, tmp_path: Path) -> None:
    found = rows(evaluate(str(colour_model), write_suite(tmp_path / "cars", ROWS)))
    assert list(found) == ["seen", "unsure", "lost", "alone"]
    assert {case: row["passed"] for case, row in found.items()} == {
        "seen": True,
        "unsure": False,
        "lost": False,
        "alone": True,
    }
    red, green, orange = (SAID[colour] for colour in ("red", "green", "orange"))
    # The expectation is that of the case: an automobile.
    assert found["seen"]["log_margin"] == pytest.approx(math.log(red[1] / red[0]), abs=1e-3)
    assert found["seen"]["twin_log_margin"] == pytest.approx(math.log(green[1] / green[3]), abs=1e-3)
    assert found["unsure"]["log_margin"] == pytest.approx(math.log(orange[1] / orange[3]), abs=1e-3)
    assert found["unsure"]["reason"] == "seen no better than without it: log margin 0.12, its twin garage 2.89"
    assert found["lost"]["reason"].startswith("expected automobile, got ship 0.524")
    assert pd.isna(found["alone"]["twin_log_margin"])


def test_a_broken_image_of_a_twin_is_an_error_of_its_cases(colour_model: Path, tmp_path: Path) -> None:
    folder = write_suite(tmp_path / "cars", ROWS)
    (folder / "green_1.png").write_bytes((folder / "green_1.png").read_bytes()[:40])
    found = rows(evaluate(str(colour_model), folder))
    assert {case: row["outcome"] for case, row in found.items()} == {
        "seen": "error",
        "unsure": "failed",
        "lost": "error",
        "alone": "passed",
    }
    assert found["seen"]["reason"].startswith("its twin 'road': ")
