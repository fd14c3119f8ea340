"""--robust-baseline with a run, or a baseline, of version 0.1."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.conftest import Bench
from tests.old_records import BASELINE, MODELS

SUITE = """\
[tiers.1]
name = "as taken"
[labels]
cat = ["cat", "tabby", "tiger cat", "Egyptian cat", "Persian cat", "Siamese cat"]
espresso = ["espresso"]
cup = ["cup", "coffee mug"]
rocket = ["rocket", "missile", "projectile", "space shuttle"]
motorcycle = ["motorcycle", "moped", "motor scooter"]
"""
# The photographs, as the package scikit-image has them.
HASHES = {
    "chelsea.png,cat": "596aa1e7cb875eb79f437e310381d26b338a81c2da23439704a73c4651e8c4bb",
    "coffee.png,espresso|cup": "cc02f8ca188b167c775a7101b5d767d1e71792cf762c33d6fa15a4599b5a8de7",
    "motorcycle_left.png,motorcycle": "db18e9c4157617403c3537a6ba355dfeafe9a7eabb6b9b94cb33f6525dd49179",
    "rocket.jpg,rocket": "c2dd0de7c538df8d111e479619b129464d0269d0ae5fd18ca91d33a7fdfea95c",
}


def rows() -> str:
    lines = ["file_name,label,tier,id,url,sha256"]
    for picture, digest in HASHES.items():
        name, label = picture.split(",")
        case = name.partition(".")[0].removesuffix("_left")
        lines.append(f"{name},{label},1,{case},package:skimage/data/{name},{digest}")
    return "\n".join([*lines, ""])


@pytest.fixture
def photos(bench: Bench, reference_cache: None) -> Bench:
    """Photographs that the old records have, under the built-in model."""
    bench.configure(robust_model=None)
    bench.suite("photos", rows(), SUITE)
    return bench


@pytest.mark.parametrize("source", [MODELS, BASELINE])
def test_the_same_model_is_as_it_was(photos: Bench, source: Path) -> None:
    answer = photos.run("-m", "tier1", f"--robust-baseline={source}")
    assert answer.code == 0
    assert "0 regressed, 0 fixed, 4 same, 0 new" in answer.line("(gate flips): ")
    record = photos.record()
    assert {row.change for row in record.rows} == {"same"}
    for row in record.rows:
        assert row.score == pytest.approx(row.baseline_score, abs=0.01)


def test_another_model_is_held_against_the_old_scores_of_its_name(photos: Bench) -> None:
    answer = photos.run("-m", "tier1", "--robust-model=mobilenet=reference", f"--robust-baseline={MODELS}")
    # The scores of two pictures fell, but version 0.1 recorded no margins, and the four are seen as before.
    assert answer.code == 0
    assert "0 regressed, 0 fixed, 4 same, 0 new" in answer.line("(gate flips): ")
    assert "made with different model: baseline models/mobilenet-v2, now reference" in answer.text
    rocket = next(row for row in photos.record().rows if row.case == "rocket")
    assert (rocket.change, rocket.baseline_score) == ("same", 0.889307)


def test_the_paired_verdict_has_the_state_of_today(photos: Bench) -> None:
    answer = photos.run("-m", "tier1", f"--robust-baseline={MODELS}", "--robust-gate", "regression")
    assert answer.code == 0
    assert "photos tier 1: unchanged: every prediction is as before (4 cases, 4 groups)" in answer.text
    assert answer.text.count("falls of margins are not judged: the baseline has no log_margin") == 1
    (comparison,) = photos.record().run.comparisons
    assert [verdict.state for verdict in comparison.verdicts] == ["unchanged"]
