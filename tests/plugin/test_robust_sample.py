"""--robust-sample N: a data set is judged by a stratified sample of it, and says so."""

from __future__ import annotations

from tests.conftest import Bench
from tests.plugin.test_robust_dataset import WEATHER, weather

__all__ = ["weather"]


def test_a_sample_has_its_share_of_each_slice(weather: Bench) -> None:
    weather.run()
    whole = weather.record().run.sets[0]
    answer = weather.run("--robust-sample=6")
    assert answer.code == 0, answer.text
    (result,) = weather.record().run.sets
    assert (result.whole.total, result.size, result.complete) == (6, whole.size, False)
    assert [each.total for each in result.slices] == [2, 2, 2]
    assert any(note.startswith(f"sample of 6 of {whole.size} pictures") for note in result.notes)
    assert weather.run("--robust-sample=6", WEATHER).code == 0
    assert weather.record().run.sets[0].whole == result.whole


def test_a_negative_sample_is_one_line(weather: Bench) -> None:
    answer = weather.run("--robust-sample=-1")
    assert (answer.code, answer.errors) == (4, ["--robust-sample -1 must be 1 or more, or 0 for all pictures"])
