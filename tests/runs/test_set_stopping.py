"""A run of a data set that may stop ends when its gates are decided, and goes on from what it has."""

from __future__ import annotations

from collections import Counter
from contextlib import nullcontext
from pathlib import Path

import pytest

from tests.flat_colours import flat
from tierbench.common.errors import UserError
from tierbench.common.schema import SetResult
from tierbench.models import load_classifier
from tierbench.models.identity import identity_of
from tierbench.runs.set_evaluation import SetModel
from tierbench.runs.set_parts import SetParts
from tierbench.runs.set_run import run_set
from tierbench.runs.set_selection import SetSelection, parse_selection
from tierbench.runs.set_stopping import Stopping
from tierbench.suites.datasets import DataSet, FileSource, Layout, Sample

SIZE = 300


@pytest.fixture
def model(colour_model: Path) -> SetModel:
    classifier = load_classifier(str(colour_model), device="cpu")
    return SetModel(classifier, identity_of(classifier), batch_size=64)


@pytest.fixture
def data_set(tmp_path: Path) -> DataSet:
    """Two slices of 150 pictures: in `day` the model has all right, in `night` a third."""
    for colour in ("red", "black"):
        flat(colour).save(tmp_path / f"{colour}.png")

    def sample(number: int, place: str) -> Sample:
        missed = place == "night" and number % 3
        colour, label = ("black", "ship") if missed else ("red", "automobile")
        return Sample(f"{place}/{number}", place, label, FileSource(tmp_path, f"{colour}.png"))

    samples = [sample(number, place) for place in ("day", "night") for number in range(SIZE // 2)]
    return DataSet("roads", "imagefolder:roads", Layout("roads"), samples)


def stopped(model: SetModel, data_set: DataSet, folder: Path, gates: dict[str, float]) -> SetResult:
    selection = SetSelection(stopping=Stopping(gates, check_every=10))
    return run_set(
        "model", model, data_set, folder, lambda total, title: nullcontext(lambda count: None), None, selection
    )


@pytest.mark.parametrize("alpha", [0, 1, 1.5, float("nan")])
def test_an_error_rate_that_is_none_is_refused(alpha: float) -> None:
    with pytest.raises(UserError, match=r"--error-rate .* must lie between 0 and 1"):
        parse_selection(stop_when="decided", least=0.5, alpha=alpha)


def test_it_stops_early_where_the_answer_is_clear_and_says_when(
    model: SetModel, data_set: DataSet, tmp_path: Path
) -> None:
    result = stopped(model, data_set, tmp_path / "out", {"": 0.3})
    assert result.whole.total < 60
    assert not result.complete
    first, second = result.notes
    assert first.startswith(f"stopped when decided, after {result.whole.total} of 300 pictures in random order")
    assert second.startswith("an accuracy of at least 0.3 on all 300 pictures is certain at an error rate of 0.05")
    # The interval is the one that holds at every stop: it is about the accuracy of the whole set.
    assert result.whole.low is not None
    assert result.whole.high is not None
    assert 0.3 <= result.whole.low <= 2 / 3 <= result.whole.high
    assert {each.slice for each in result.slices} == {"day", "night"}


def test_a_gate_at_the_accuracy_itself_needs_the_whole_set(model: SetModel, data_set: DataSet, tmp_path: Path) -> None:
    result = stopped(model, data_set, tmp_path / "out", {"": 200 / 300})
    assert result.whole.accuracy == pytest.approx(2 / 3)
    assert result.whole.total > 280
    assert "is certain" in result.notes[-1]


def test_slices_stop_one_by_one(model: SetModel, data_set: DataSet, tmp_path: Path) -> None:
    result = stopped(model, data_set, tmp_path / "out", {"day": 0.5, "night": 0.35})
    day, night = result.slices
    assert day.total < 40 < night.total
    assert result.whole.low is None
    first, _, of_day, of_night = result.notes[-4:]
    assert first == ("slices stopped one by one: the accuracy over all pictures is not that of the whole set")
    assert "day: an accuracy of at least 0.5 on all 150 pictures is certain" in of_day
    assert "night: an accuracy of at least 0.35 on all 150 pictures is certainly missed" in of_night


def test_a_run_that_was_stopped_goes_on_with_what_it_has(model: SetModel, data_set: DataSet, tmp_path: Path) -> None:
    whole = stopped(model, data_set, tmp_path / "one", {"": 0.6})
    parts = SetParts(tmp_path / "one")
    rows = parts.read()
    # As if it had been killed after the third part.
    for file in parts.files()[3:]:
        file.unlink()
    again = stopped(model, data_set, tmp_path / "one", {"": 0.6})
    assert again == whole
    assert parts.read().equals(rows)
    assert max(Counter(parts.read()["id"]).values()) == 1


def test_a_decided_run_predicts_nothing_more(model: SetModel, data_set: DataSet, tmp_path: Path) -> None:
    stopped(model, data_set, tmp_path / "out", {"": 0.3})
    before = SetParts(tmp_path / "out").files()
    stopped(model, data_set, tmp_path / "out", {"": 0.3})
    assert SetParts(tmp_path / "out").files() == before


def test_unreadable_pictures_leave_a_gate_open_rather_than_decide_it(
    model: SetModel, data_set: DataSet, tmp_path: Path
) -> None:
    (tmp_path / "black.png").write_bytes(b"no picture")
    # The other 200 are right: as a share of all it is two thirds, of those with a prediction all.
    result = stopped(model, data_set, tmp_path / "out", {"": 0.9})
    assert result.whole.total == SIZE
    assert "is not decided" in result.notes[-1]
