"""`tierbench publish` to a model card and to a Parquet file, which the Hub's library and pandas read back."""

from __future__ import annotations

import sys
from collections.abc import Callable
from dataclasses import fields
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
import yaml

from tests.cli.conftest import Answer
from tests.published_run import HOSTILE, ROWS, RUN
from tests.runs.records import content, tier, write
from tierbench.common.schema import CaseRow
from tierbench.runs.prune import old_runs
from tierbench.runs.record import ScoresFile, read_run

Command = Callable[..., Answer]


@pytest.fixture
def reports(workplace: Path) -> Path:
    write(workplace / "reports", 1, ROWS, **RUN)
    return workplace / "reports"


def test_the_hub_reads_the_model_index_back(reports: Path, tierbench: Command) -> None:
    from huggingface_hub import ModelCard
    from huggingface_hub.repocard_data import model_index_to_eval_results

    answer = tierbench("publish", "last", "--to", "model-index", "--model", "model")
    assert (answer.code, answer.err) == (0, "")
    name, results = model_index_to_eval_results(yaml.safe_load(answer.out)["model-index"])
    assert name == "model"
    found = [
        (each.dataset_type, each.dataset_split, each.dataset_revision, each.metric_type, each.metric_value)
        for each in results
    ]
    assert found == [
        ("photos", "tier1", "d1", "accuracy", 0.75),
        ("photos", "tier1", "d1", "ece", 0.125),
        ("photos", "tier1", "d1", "mce", 71.25),
        ("photos", "tier2", "d1", "accuracy", 0.5),
        ("photos", "ladder fog_car", "d1", "half_point", 27.5),
        ("birds", None, "d9", "accuracy", 0.7),
    ]
    assert {each.task_type for each in results} == {"image-classification"}
    assert results[4].metric_name == "50 % point of visibility_m in m"
    # And in the head of a card, next to what it already says.
    data: Any = ModelCard(f"---\nlicense: mit\n{answer.out}---\n# A model\n").data
    assert (data.license, len(data.eval_results)) == ("mit", 6)
    file = reports.parent / "index.yaml"
    assert tierbench("publish", "last", "--to", "model-index", "--model", "model", "--out", str(file)).code == 0
    assert file.read_text(encoding="utf-8") == answer.out


def test_a_model_index_is_of_one_whole_run_of_one_model(reports: Path, tierbench: Command) -> None:
    assert "has the models model, other: choose one" in tierbench("publish", "last", "--to", "model-index").err
    hostile = tier(1, 2, name=HOSTILE + ": [1, &a", suite="x: {\u202e")
    write(reports, 2, tiers=[hostile])
    answer = tierbench("publish", "last", "--to", "model-index")
    assert "\u202e" not in answer.out
    (only,) = yaml.safe_load(answer.out)["model-index"]
    assert only["results"][0]["dataset"]["name"] == r"x: {\u202e"
    write(reports, 3, complete=False)
    assert "the run is not complete" in tierbench("publish", "last", "--to", "model-index").err
    write(reports, 4, tiers=[], models=content([tier(1, 1)]).models)
    assert "has no figure of model" in tierbench("publish", "last", "--to", "model-index").err


def test_the_parquet_file_has_the_columns_and_values_of_the_scores(reports: Path, tierbench: Command) -> None:
    (csv,) = reports.glob("*/scores.csv")
    csv.unlink()
    scores_file = ScoresFile(csv, ("distance_m",))
    for each in ROWS:
        scores_file.append(each)
    scores_file.close()
    answer = tierbench("publish", "last", "--to", "parquet")
    (file,) = reports.glob("*/scores.parquet")
    assert answer.out == f"written {file.relative_to(reports.parent)}: 4 rows\n"
    table = pd.read_parquet(file)
    scores = read_run(file.parent).scores
    assert list(table.columns) == [*(each.name for each in fields(CaseRow) if each.name != "parameters"), "distance_m"]
    for name in set(table.columns) - {"top", "baseline_top", "passed"}:
        theirs, ours = table[name].astype(object), scores[name].astype(object)
        assert theirs.where(theirs.notna(), None).tolist() == ours.where(ours.notna(), None).tolist(), name
    assert table["passed"].tolist() == [True, False, False, True]
    assert table["top"].tolist()[0].tolist()[0] == {"label": "automobile", "probability": 0.9}
    assert len(table["top"].tolist()[2]) == 0
    assert [each.tolist() for each in table["baseline_top"]][:2] == [[], [{"label": "ship", "probability": 0.75}]]

    import pyarrow.parquet as parquet

    schema = parquet.read_schema(file)
    assert {name: str(schema.field(name).type) for name in ("suite", "tier", "score", "seen", "passed", "change")} == {
        "suite": "string",
        "tier": "int64",
        "score": "double",
        "seen": "double",
        "passed": "bool",
        "change": "string",
    }
    # It belongs to the run: `tierbench prune` removes it with it.
    write(reports, 2)
    assert [each.kept_because for each in old_runs(reports, 1)] == [""]


def test_what_the_user_can_fix_is_one_line(
    reports: Path, tierbench: Command, workplace: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refused(*arguments: str) -> str:
        answer = tierbench("publish", "last", *arguments)
        assert (answer.code, answer.out, answer.err.count("\n")) == (4, "", 1)
        return answer.err

    assert "has no such model; it has model, other" in refused("--to", "parquet", "--model", "x\x1b")
    assert "is a file for --to model-index or parquet" in refused("--to", "mlflow", "--out", "f")
    nowhere = str(workplace / "none" / "f")
    assert "cannot be written: No such file" in refused("--to", "parquet", "--out", nowhere)
    assert "cannot be written" in refused("--to", "model-index", "--model", "model", "--out", nowhere)
    monkeypatch.setitem(sys.modules, "pyarrow", None)
    assert "pip install 'tierbench[datasets]'" in refused("--to", "parquet")
