"""--robust-missing-labels error|skip"""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.conftest import Bench
from tests.plugin.test_selection import counts

ROWS = "file_name,label,tier\nred.png,automobile,1\nblue.png,cat,1\ngreen.png,cat|truck,1\ngrey.png,cat,2\n"


@pytest.fixture
def pets(bench: Bench) -> Bench:
    bench.suite("pets", ROWS)
    return bench


def test_a_concept_without_label_is_a_problem(pets: Bench) -> None:
    answer = pets.run()
    assert answer.code == 4
    assert answer.errors == [
        "suite 'pets': no label of model 'model' counts as 'cat' (its labels: airplane, automobile, ship, truck); "
        "name its labels in [labels] of suite.toml, or skip such cases with --robust-missing-labels skip"
    ]


def test_skip_skips_such_cases_and_leaves_the_tier_open(pets: Bench) -> None:
    answer = pets.run("--robust-missing-labels", "skip")
    assert answer.code == 0
    # A case of which one alternative is known is judged by it; of tier 2 nothing is left.
    assert counts(answer.text) == {"passed": 3, "skipped": 3}
    record = pets.record()
    assert dict(zip(record.scores["case"], record.scores["outcome"], strict=True)) == {
        "red": "passed",
        "blue": "skipped",
        "green": "passed",
        "grey": "skipped",
    }
    assert record.run.models[0].level_text == "level not determined (tier 1 of pets not run whole)"


def test_a_demand_on_a_metric_is_skipped_where_no_case_is_left(bench: Bench) -> None:
    toml = """
        [parameters]
        size = "px"
        [ladders.small]
        parameter = "size"
        direction = "falling"
        gate = 1
        [gates]
        accuracy = {min = 0.5}
        """
    rows = "file_name,label,tier,ladder,size\nblue.png,cat,1,,2\ngrey.png,cat,,small,2\n"
    bench.suite("cats", rows, toml)
    answer = bench.run("--robust-missing-labels", "skip")
    assert answer.code == 0
    assert counts(answer.text) == {"skipped": 4}
    # Not judged is not missed, in the summary and in the record.
    assert "accuracy is not defined over 0 cases, at least 0.5 required ?" in answer.text
    assert "✗" not in answer.text
    run = bench.record().run
    assert (run.metrics[0].met, run.ladders[0].met) == (None, None)


def test_skip_with_a_baseline_that_has_the_label(pets: Bench, tmp_path: Path) -> None:
    """A model that lost the label of a whole tier is compared on what is left."""
    pets.suite("pets", ROWS, '[labels]\ncat = ["airplane"]\n')
    assert pets.run("--robust-update-baseline").code == 0
    (pets.path / "cases" / "pets" / "suite.toml").unlink()
    answer = pets.run("--robust-missing-labels", "skip", "-m", "regression", "-rs")
    assert answer.code == 0
    assert counts(answer.text) == {"passed": 2, "skipped": 1}
    assert "pets/tier2: no case of it was judged" in answer.text


def test_the_ini_key(pets: Bench) -> None:
    pets.configure(robust_missing_labels="skip")
    assert pets.run("-m", "tier1").code == 0
