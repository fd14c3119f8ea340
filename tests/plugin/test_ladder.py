"""A ladder is one test; its breaking point stands in summary and record, its steps in scores.csv."""

from __future__ import annotations

import pytest

from tests.conftest import Bench

# In fog the automobile (red) is still one at 100 m and 50 m, at 25 m it is grey; what comes after counts no more.
ROWS = """\
file_name,label,tier,ladder,visibility_m,tags
red_50.png,automobile,,road,50,fog
red_100.png,automobile,,road,100,fog
grey_25.png,automobile,,road,25,fog
red_10.png,automobile,,road,10,fog near
"""
SETTINGS = '[parameters]\nvisibility_m = "m"\n\n[ladders.road]\nparameter = "visibility_m"\n'


@pytest.mark.parametrize("workers", [(), ("-n", "1")], ids=["one process", "a worker"])
def test_a_ladder_tells_its_breaking_point(bench: Bench, workers: tuple[str, ...]) -> None:
    bench.suite("roads", ROWS, SETTINGS)
    if workers:
        # Predictions are kept, so that no worker needs torch.
        bench.run()
        bench.record()
    answer = bench.run(*workers)
    assert answer.code == 0
    assert answer.line("roads/road") == "roads/road  visibility_m  seen down to 50 m, lost at 25 m (2 of 4 steps)"
    record = bench.record()
    (ladder,) = record.run.ladders
    assert (ladder.values, ladder.passed) == ((100, 50, 25, 10), (True, True, False, True))
    assert ladder.breaking_point == 50
    assert list(record.scores["case"]) == ["red_100", "red_50", "grey_25", "red_10"]
    assert record.scores["tier"].isna().all()
    assert record.run.models[0].level is None


@pytest.mark.parametrize(("gate", "code"), [(50, 0), (100, 0), (25, 1)])
def test_the_declared_minimum_is_a_gate(bench: Bench, gate: int, code: int) -> None:
    bench.suite("roads", ROWS, f"{SETTINGS}gate = {gate}\n")
    answer = bench.run("-m", "ladder")
    assert answer.code == code
    if code:
        message = "roads/road: seen down to 50 m, lost at 25 m (2 of 4 steps); 25 m required"
        assert message in answer.text.splitlines()


def test_the_tags_that_all_steps_share_select_the_ladder(bench: Bench) -> None:
    bench.suite("roads", ROWS, SETTINGS)
    assert bench.run("-m", "fog").code == 0
    assert bench.run("-m", "near").code == 5


def test_a_step_that_cannot_be_read_makes_the_ladder_an_error(bench: Bench) -> None:
    folder = bench.suite("roads", ROWS, SETTINGS)
    (folder / "red_10.png").write_bytes(b"no image")
    answer = bench.run()
    assert answer.code == 1
    assert "roads/red_10: the file is not an image that Pillow can read" in answer.text
    assert answer.line("ERROR cases/test_tiers.py::test_ladder[roads/road]")
