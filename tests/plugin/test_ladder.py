"""A ladder is one test; how far it is seen stands in summary and record, its steps in scores.csv."""

from __future__ import annotations

import pytest

from tests.conftest import Bench

# In fog the automobile (red) is still one at 100 m and 50 m; at 25 m and 10 m it is grey. No view changes a colour.
ROWS = """\
file_name,label,tier,ladder,visibility_m,tags
red_50.png,automobile,,road,50,fog
red_100.png,automobile,,road,100,fog
grey_25.png,automobile,,road,25,fog
grey_10.png,automobile,,road,10,fog near
"""
SETTINGS = '[parameters]\nvisibility_m = "m"\n\n[ladders.road]\nparameter = "visibility_m"\n'
SENTENCE = "seen down to 35.4 m [28.7, 50]; first miss at 25 m, after 2 of 4 steps"


@pytest.mark.parametrize("workers", [(), ("-n", "1")], ids=["one process", "a worker"])
def test_a_ladder_tells_how_far_it_is_seen(bench: Bench, workers: tuple[str, ...]) -> None:
    bench.suite("roads", ROWS, SETTINGS)
    if workers:
        # Predictions are kept, so that no worker needs torch.
        bench.run()
        bench.record()
    answer = bench.run(*workers)
    assert answer.code == 0
    assert answer.line("roads/road") == f"roads/road  visibility_m  {SENTENCE}"
    record = bench.record()
    (ladder,) = record.run.ladders
    assert (ladder.values, ladder.passed) == ((100, 50, 25, 10), (True, True, False, False))
    assert ladder.shares == (1, 1, 0, 0)
    assert ladder.half_point == pytest.approx((50 * 25) ** 0.5)
    assert ladder.breaking_point == 50
    assert list(record.scores["case"]) == ["red_100", "red_50", "grey_25", "grey_10"]
    assert list(record.scores["seen"]) == [1, 1, 0, 0]
    assert record.scores["tier"].isna().all()
    assert record.run.models[0].level is None


def test_the_views_of_the_baseline_say_how_far_it_was_seen(bench: Bench) -> None:
    bench.suite("roads", ROWS, SETTINGS)
    assert bench.run("--robust-update-baseline").code == 0
    bench.record()
    baseline = bench.path / "reports" / "baselines" / "model.csv"
    # A step that failed, although six of its eight views passed.
    lines = baseline.read_text(encoding="utf-8").splitlines(keepends=True)
    lines = [line.replace(",0\n", ",0.75\n") if line.startswith("roads,grey_25,") else line for line in lines]
    baseline.write_text("".join(lines), encoding="utf-8")
    answer = bench.run()
    assert answer.line("roads/road") == f"roads/road  visibility_m  {SENTENCE}; in the baseline seen down to 18.4 m"
    (ladder,) = bench.record().run.ladders
    assert ladder.baseline_shares == (1, 1, 0.75, 0)


@pytest.mark.parametrize(("gate", "code"), [(50, 0), (36, 0), (35, 1)])
def test_the_declared_minimum_is_a_gate(bench: Bench, gate: int, code: int) -> None:
    bench.suite("roads", ROWS, f"{SETTINGS}gate = {gate}\n")
    answer = bench.run("-m", "ladder")
    assert answer.code == code
    if code:
        assert f"roads/road: {SENTENCE}; 35 m required" in answer.text.splitlines()


def test_the_tags_that_all_steps_share_select_the_ladder(bench: Bench) -> None:
    bench.suite("roads", ROWS, SETTINGS)
    assert bench.run("-m", "fog").code == 0
    assert bench.run("-m", "near").code == 5


def test_a_step_that_cannot_be_read_makes_the_ladder_an_error(bench: Bench) -> None:
    folder = bench.suite("roads", ROWS, SETTINGS)
    (folder / "grey_10.png").write_bytes(b"no image")
    answer = bench.run()
    assert answer.code == 1
    assert "roads/grey_10: the file is not an image that Pillow can read" in answer.text
    assert answer.line("ERROR cases/test_tiers.py::test_ladder[roads/road]")
