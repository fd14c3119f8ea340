"""The record of a run: written as results arrive, replaced atomically, and readable even if truncated."""

from __future__ import annotations

import csv
import json
import math
import stat
from dataclasses import replace
from pathlib import Path

import msgspec
import pytest

from tests.conftest import Bench
from tests.runs.records import content
from tierbench.common.errors import UserError
from tierbench.common.files import write_atomically
from tierbench.common.schema import CaseRow
from tierbench.runs.record import ScoresFile, new_run_folder, read_run, write_run
from tierbench.scoring.score_table import COLUMNS

ROW = CaseRow(
    suite="cars",
    case="red",
    model="m",
    tier=1,
    expected="car|cab",
    predicted='a "quoted", name\nof two lines',
    score=1 / 3,
    rank=1,
    margin=-0.25,
    passed=True,
    outcome="passed",
    top=(("car", 0.5), ("ship, liner", 0.25)),
    parameters={"visibility_m": 1234.5},
)


def test_scores_and_run_contain_all_documented_columns_and_fields(study: Bench) -> None:
    study.run()
    (folder,) = study.runs
    with (folder / "scores.csv").open(encoding="utf-8", newline="") as stream:
        rows = {row["case"]: row for row in csv.DictReader(stream)}
    required = "suite case model tier tags expected predicted score confidence rank margin passed outcome reason top"
    assert {*required.split(), "image_sha256", "log_margin", "twin_log_margin"} <= set(rows["grey_fog"])
    fog = rows["grey_fog"]
    assert (fog["suite"], fog["model"], fog["tier"], fog["tags"]) == ("study", "model", "3", "fog")
    assert (fog["expected"], fog["predicted"], fog["rank"]) == ("automobile", "ship", "4")
    assert float(fog["score"]) == pytest.approx(0.015, abs=1e-5)
    assert float(fog["confidence"]) == pytest.approx(0.524, abs=1e-5)
    assert float(fog["margin"]) == pytest.approx(0.015 - 0.524, abs=1e-5)
    assert float(fog["log_margin"]) == pytest.approx(math.log(0.015 / 0.524), abs=1e-4)
    assert (fog["passed"], fog["outcome"]) == ("false", "failed")
    assert fog["reason"].startswith("expected automobile, got ship 0.524; automobile 0.015 at rank 4")
    assert [label for label, _ in json.loads(fog["top"])] == ["ship", "airplane", "truck", "automobile"]
    assert len(fog["image_sha256"]) == 64
    content = json.loads((folder / "run.json").read_text(encoding="utf-8"))
    required = "models tiers complete versions suites device dtype threads seed git_commit command duration_s started"
    assert set(required.split()) <= set(content)
    (model,) = content["models"]
    assert {"name", "spec", "fingerprint", "level", "preprocessing"} <= set(model)
    assert {"suite", "model", "tier", "passed", "total", "low", "high"} <= set(content["tiers"][0])
    assert {"python", "pytest", "torch", "transformers", "pillow", "tierbench"} <= set(content["versions"])
    assert set(content["suites"]) == {"study"}
    assert content["complete"] is True
    assert content["threads"] >= 1


def test_an_interrupted_run_keeps_its_rows_and_is_not_complete(study: Bench) -> None:
    study.file("cases/test_z.py", "import pytest\n\ndef test_it():\n    pytest.exit('enough')\n")
    assert study.run().code == 2
    record = study.record()
    assert record.run.complete is False
    assert len(record.scores) == 3


def test_a_run_stopped_at_the_first_failure_is_not_complete(study: Bench) -> None:
    assert study.run("-x").code == 1
    record = study.record()
    assert record.run.complete is False
    assert len(record.scores) == 2


def test_rows_are_on_disk_as_soon_as_they_are_appended(tmp_path: Path) -> None:
    scores = ScoresFile(tmp_path / "scores.csv", ["visibility_m"])
    scores.append(ROW)
    text = (tmp_path / "scores.csv").read_text(encoding="utf-8")
    assert text.count("cars,red,m,1") == 1
    scores.append(replace(ROW, passed=False, outcome="failed", score=None))
    scores.close()
    write_run(tmp_path, content())
    record = read_run(tmp_path)
    # The last row of a case wins.
    (row,) = record.scores.to_dict("records")
    assert (row["passed"], row["outcome"], row["predicted"]) == (False, "failed", ROW.predicted)
    assert math.isnan(row["score"])
    assert row["top"] == [["car", 0.5], ["ship, liner", 0.25]]
    assert row["visibility_m"] == 1234.5
    assert list(record.scores.columns) == [*COLUMNS, "visibility_m"]


def test_a_row_that_was_truncated_by_a_kill_is_left_out(tmp_path: Path) -> None:
    scores = ScoresFile(tmp_path / "scores.csv")
    scores.append(ROW)
    scores.append(replace(ROW, case="blue", predicted="car", image_sha256="ab" * 32))
    scores.close()
    write_run(tmp_path, content())
    whole = (tmp_path / "scores.csv").read_text(encoding="utf-8")
    begin = whole.rindex("cars,blue")
    # The last cell is the hash of the image: a truncated one would belong to another image.
    assert whole.endswith(f",{'ab' * 32}\n")
    for end in range(begin, len(whole)):
        (tmp_path / "scores.csv").write_text(whole[:end], encoding="utf-8")
        record = read_run(tmp_path)
        assert record.scores["case"].tolist() == ["red"], whole[begin:end]
        assert record.scores["score"].iloc[0] == pytest.approx(1 / 3, abs=1e-6)
    (tmp_path / "scores.csv").write_text(whole, encoding="utf-8")
    assert read_run(tmp_path).scores["case"].tolist() == ["red", "blue"]


def test_a_file_is_replaced_completely_or_not_at_all(tmp_path: Path) -> None:
    file = tmp_path / "run.json"
    write_atomically(file, "one")
    write_atomically(file, "zwei ä")
    assert file.read_text(encoding="utf-8") == "zwei ä"
    with pytest.raises(UnicodeEncodeError):
        write_atomically(file, "\ud800")
    assert file.read_text(encoding="utf-8") == "zwei ä"
    assert [path.name for path in tmp_path.iterdir()] == ["run.json"]


def test_a_replaced_file_can_be_read_by_others(tmp_path: Path) -> None:
    file = tmp_path / "run.json"
    for text in ("one", "two"):
        write_atomically(file, text)
        assert stat.filemode(file.stat().st_mode) == "-rw-r--r--"


def test_run_folders_have_different_names(tmp_path: Path) -> None:
    assert len({new_run_folder(tmp_path / "reports") for _ in range(20)}) == 20


GOOD = json.dumps({"schema": 1, **msgspec.to_builtins(content())})


@pytest.mark.parametrize(
    ("run", "scores", "message"),
    [
        (None, None, "is not a run: it has no run.json; name a folder in reports/"),
        ("{", None, "cannot be read as JSON"),
        ("[]", None, "was not written by tierbench"),
        ('{"schema": 99}', None, "was written by a newer tierbench (schema 99); update tierbench"),
        ('{"schema": 1}', None, "is damaged: 'complete' is missing; remove the folder if you do not need it"),
        (GOOD, None, "is missing; the run recorded no score"),
        (GOOD, "a,b\n1,2\n", "has no column suite, case"),
        (GOOD, "", "has no column suite, case"),
    ],
)
def test_an_invalid_record_is_reported_in_one_line(
    tmp_path: Path, run: str | None, scores: str | None, message: str
) -> None:
    if run is not None:
        (tmp_path / "run.json").write_text(run, encoding="utf-8")
    if scores is not None:
        (tmp_path / "scores.csv").write_text(scores, encoding="utf-8")
    with pytest.raises(UserError) as error:
        read_run(tmp_path)
    assert len(error.value.lines) == 1
    assert message in error.value.lines[0]
