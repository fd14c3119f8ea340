"""A sweep is asked for; it derives cases and slices from tier 1, and leaves tiers and level as they are."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from tests.conftest import Bench
from tests.garage import worse_model

ROWS = "file_name,label,tier,tags\nred.png,automobile,1,warm\nblue.png,ship,1,\nblack_2.png,truck,2,\n"


def test_without_the_option_nothing_is_derived(bench: Bench) -> None:
    bench.suite("s", ROWS)
    assert "+fog" not in bench.run("--collect-only", "-q").text


def test_a_sweep_derives_cases_and_slices_with_their_marks(bench: Bench) -> None:
    bench.suite("s", ROWS)
    sweep = ("--robust-corruptions", "contrast,pixelate", "--robust-severities", "1,5")
    ids = [
        line.partition("::")[2] for line in bench.run("--collect-only", "-q", *sweep).text.splitlines() if "+" in line
    ]
    assert "test_case[s/red+contrast-5]" in ids
    assert "test_slice[s/pixelate+1]" in ids
    assert len(ids) == 2 * 2 * 2 + 2 * 2
    for expression, count in (
        ("corruption and contrast and severity5", 3),
        ("slice", 4),
        ("warm and corruption", 4),
        ("tier1 and corruption", 0),
    ):
        found = bench.run("--collect-only", "-q", *sweep, "-m", expression).text
        assert sum("::test_" in line for line in found.splitlines()) == count, expression


def test_a_lost_image_is_judged_by_its_slice(bench: Bench) -> None:
    gates = '[corruptions.gates]\n"fog+5" = {min_pass_rate = 0.9}\n"pixelate+1" = {max_drop = 0.0}\n'
    bench.suite("s", ROWS, gates)
    sweep = ("--robust-corruptions", "fog,pixelate", "--robust-severities", "1,5")
    answer = bench.run(*sweep, "-m", "corruption")
    record = bench.record()
    slices = {(entry.corruption, entry.severity): entry for entry in record.run.slices}
    # A flat colour bears pixelation; fog leaves the model nothing of it.
    assert slices["pixelate", 1].passed == slices["pixelate", 5].passed == 2
    assert slices["fog", 5].passed < 2
    # Beside each stand the images of tier 1 as they are.
    assert {(entry.clean_passed, entry.clean_errors) for entry in slices.values()} == {(2, 0)}
    assert answer.code == 1
    assert answer.line("FAILED ").startswith("FAILED cases/test_tiers.py::test_slice[s/fog+5]")
    lost = record.scores[~record.scores["passed"]]
    assert set(lost["outcome"]) == {"xfailed"}
    assert set(lost["corruption"]) == {"fog"}
    assert [model.level for model in record.run.models] == [None]
    assert "no mCE: it needs all 15 corruptions at all 5 severities" in answer.text


def test_with_a_baseline_known_losses_of_a_slice_are_known_failures(bench: Bench, tmp_path: Path) -> None:
    bench.suite("s", ROWS, '[corruptions.gates]\n"fog+5" = {min_pass_rate = 0.9}\n')
    sweep = ("--robust-corruptions", "fog,pixelate", "--robust-severities", "1,5")
    accepted = bench.run(*sweep, "--robust-update-baseline")
    assert accepted.code == 0
    assert "no longer exist" not in accepted.text
    bench.record()
    again = bench.run(*sweep, "-m", "corruption", "-rx")
    assert again.code == 0
    assert "known failures: s/fog+5: " in again.text
    assert set(bench.record().scores["change"]) == {"same"}
    # Without the sweep its rows are not asked for; and pruning keeps them as long as their image is there.
    assert bench.run().code == 0
    bench.record()
    # A model that loses what the other saw fails case by case; a flat colour bears pixelation.
    worse = worse_model(bench.model, tmp_path / "worse", automobile=-6)
    flipped = bench.run(f"--robust-model=model={worse}", *sweep, "-m", "corruption", "-k", "pixelate and test_case")
    assert flipped.code == 1
    assert "s/red+pixelate-1: regressed" in flipped.text
    left = bench.run(f"--robust-model=model={worse}", *sweep, "-m", "corruption", "--robust-gate=regression")
    assert left.code == 0


def test_the_level_is_the_same_with_a_sweep(bench: Bench) -> None:
    bench.suite("s", ROWS)
    bench.run()
    before = bench.record().run
    bench.run("--robust-corruptions", "contrast")
    after = bench.record().run
    assert [model.level for model in after.models] == [model.level for model in before.models] == [1]
    assert after.tiers == before.tiers


def test_a_whole_sweep_has_its_mce(bench: Bench) -> None:
    bench.suite("s", "file_name,label,tier\nred.png,automobile,1\n")
    answer = bench.run("--robust-corruptions", "imagenet-c", "-m", "slice")
    (sweep,) = bench.record().run.sweeps
    assert sweep.mce is not None
    assert sweep.mean_error is not None
    assert 0 <= sweep.mce <= 200
    assert 0 <= sweep.mean_error <= 1
    assert "compare them between models here, not with published figures" in answer.text


def test_the_same_sweep_again_is_kept_and_the_same(bench: Bench) -> None:
    bench.suite("s", ROWS)
    sweep = ("--robust-corruptions", "gaussian_noise", "--robust-severities", "2-3", "-m", "corruption")
    bench.run(*sweep)
    first = bench.record().scores
    bench.run(*sweep, "--robust-no-cache")
    assert bench.record().scores.equals(first)


def test_a_suite_may_stay_out_of_sweeps(bench: Bench) -> None:
    bench.suite("s", ROWS, "[corruptions]\nenabled = false\n")
    assert bench.run("--robust-corruptions", "all", "-m", "corruption").code == 5


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("--robust-corruptions", "fogg"), "--robust-corruptions: 'fogg' is not a corruption; did you mean 'fog'?"),
        (
            ("--robust-corruptions", "fog", "--robust-severities", "0-9"),
            "--robust-severities '0-9' is not a list of severities 1 to 5; write 1-5 or 1,3,5",
        ),
    ],
)
def test_a_wrong_sweep_is_one_line(bench: Bench, arguments: tuple[str, ...], message: str) -> None:
    bench.suite("s", ROWS)
    answer = bench.run(*arguments)
    assert answer.code == 4
    assert answer.errors == [message]


def test_wrong_gates_are_told_with_their_place(bench: Bench) -> None:
    bench.suite(
        "s", ROWS, '[corruptions]\nvariant = "x"\n[corruptions.gates]\nfog = {a = 1}\n"fog+3" = {max_drop = 2}\n'
    )
    answer = bench.run()
    assert answer.code == 4
    assert len(answer.errors) == 3
    assert "cases/s/suite.toml: [corruptions.gates] 'fog' is not a slice" in answer.errors[1]


def test_without_opencv_one_line_says_what_to_install(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "cv2", None)
    bench.suite("s", ROWS)
    answer = bench.run("--robust-corruptions", "fog,snow,frost", "-m", "corruption")
    assert answer.code == 4
    assert answer.errors == [
        "--robust-corruptions: OpenCV is missing (needed for snow, frost); pip install 'tierbench[corruptions]'"
    ]
    assert bench.run("--robust-corruptions", "fog", "--robust-severities", "1", "-m", "corruption").code == 0
