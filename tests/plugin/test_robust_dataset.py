"""--robust-dataset [NAME=]KIND:PATH[@SPLIT]: a test for each data set and one for each slice, none for a picture."""

from __future__ import annotations

import xml.etree.ElementTree as ElementTree
from pathlib import Path

import pytest

from tests.colour_table import COLOUR_TABLE
from tests.conftest import STUDY, Bench
from tests.flat_sets import CLEAN, write_set
from tests.garage import worse_model
from tests.plugin.test_selection import counts
from tierbench.common.schema import SetResult
from tierbench.runs.set_parts import SetParts

WEATHER = "--robust-dataset=imagenet-c:weather"


@pytest.fixture
def weather(bench: Bench) -> Bench:
    """A repository with the data set `weather`, and no suite."""
    # pytester forgets what a run in process has imported, and these do not bear a second import.

    import tierbench.report.markdown
    import tierbench.runs.set_run  # noqa: F401

    write_set(bench.path / "weather")
    bench.configure(robust_datasets=["imagenet-c:weather"])
    return bench


def without_torch(weather: Bench) -> None:
    """Let processes of their own ask a model that says the same and is imported in no time."""
    weather.file("colour_table.py", COLOUR_TABLE)
    weather.configure(robust_datasets=["imagenet-c:weather"], robust_model=["model=python:colour_table:ColourTable"])


def gates(bench: Bench, text: str) -> None:
    bench.file("cases/datasets.toml", text)


def only_set(bench: Bench) -> SetResult:
    (result,) = bench.record().run.sets
    return result


def test_a_set_has_one_test_and_one_for_each_slice(weather: Bench) -> None:
    answer = weather.run("--collect-only", "-q")
    assert answer.code == 0
    assert [line for line in answer.text.splitlines() if "::" in line] == [
        "cases/test_tiers.py::test_slice[weather/clean]",
        "cases/test_tiers.py::test_slice[weather/fog+3]",
        "cases/test_tiers.py::test_slice[weather/fog+5]",
        "cases/test_tiers.py::test_set[weather]",
    ]
    assert not weather.runs


@pytest.mark.parametrize(
    ("marks", "names"),
    [
        ("dataset and not slice", ["test_set[weather]"]),
        ("slice and not corruption", ["test_slice[weather/clean]"]),
        ("severity5", ["test_slice[weather/fog+5]"]),
        ("fog and severity3 and dataset", ["test_slice[weather/fog+3]"]),
    ],
)
def test_slices_are_selected_by_marks(weather: Bench, marks: str, names: list[str]) -> None:
    answer = weather.run("--collect-only", "-q", "-m", marks)
    assert [line.partition("::")[2] for line in answer.text.splitlines() if "::" in line] == names


@pytest.mark.parametrize("workers", [(), pytest.param(("-n", "2"), marks=pytest.mark.slow)], ids=["one", "workers"])
def test_the_figures_stand_in_record_and_summary(weather: Bench, workers: tuple[str, ...]) -> None:
    if workers:
        without_torch(weather)
    answer = weather.run(*workers)
    assert answer.code == 0, answer.text
    assert counts(answer.text) == {"passed": 4}
    line = answer.line("weather (ImageNet-C):")
    assert line.startswith("weather (ImageNet-C): 60 pictures, accuracy 0.667 [0.")
    assert "  lowest of 3 slices: fog+5 0.250, fog+3 0.750, clean 1.000" in answer.text.splitlines()
    (folder,) = weather.runs
    rows = SetParts(folder / "sets" / "weather" / "model").read()
    result = only_set(weather)
    assert (result.set, result.model, result.size, result.complete) == ("weather", "model", 60, True)
    assert (result.whole.total, result.whole.correct, result.whole.errors) == (60, 40, 0)
    assert {each.slice: each.correct for each in result.slices} == {"clean": 20, "fog+3": 15, "fog+5": 5}
    assert result.results == "sets/weather/model"
    # All that the figures come from lies beside them.
    assert rows.groupby("slice")["correct"].sum().to_dict() == {"clean": 20, "fog+3": 15, "fog+5": 5}
    assert set(rows.loc[rows["id"].str.startswith("fog/5/truck"), "predicted"]) == {"ship"}


def test_only_selected_slices_are_predicted_and_what_their_drop_is_measured_from(weather: Bench) -> None:
    gates(weather, '[weather.slices."fog+3"]\nmax_drop = 0.25\n')
    answer = weather.run("-m", "severity3")
    assert (answer.code, counts(answer.text)) == (0, {"passed": 1})
    assert "60) pictures" in answer.line("weather (ImageNet-C):")
    result = only_set(weather)
    assert (result.whole.total, result.size, result.complete) == (40, 60, False)
    # The slice that was tested; the clean one has no test of its own here.
    assert [(each.slice, each.total) for each in result.slices] == [("fog+3", 20)]


def test_a_slice_without_a_demand_on_its_drop_is_predicted_alone(weather: Bench) -> None:
    assert weather.run("-k", "fog+5 or fog+3").code == 0
    result = only_set(weather)
    assert result.whole.total == 40
    assert [each.slice for each in result.slices] == ["fog+3", "fog+5"]


def test_several_models_have_tests_of_their_own(weather: Bench, colour_model: Path, tmp_path: Path) -> None:
    other = worse_model(colour_model, tmp_path / "other", truck=-3)
    answer = weather.run(f"--robust-model=good={colour_model}", f"--robust-model=bad={other}", "-v")
    assert answer.code == 0
    assert "test_set[weather:bad]" in answer.text
    assert "test_slice[weather/fog+3:good]" in answer.text
    assert answer.line("weather:bad (ImageNet-C):").startswith("weather:bad (ImageNet-C): 60 pictures, accuracy 0.500")
    results = weather.record().run.sets
    assert {(each.model, each.whole.correct) for each in results} == {("good", 40), ("bad", 30)}


def test_a_set_counts_for_no_tier_and_no_level(weather: Bench) -> None:
    weather.suite("study", "file_name,label,tier\nred.png,automobile,1\n")
    gates(weather, "[weather]\nmin_accuracy = 0.9\n")
    answer = weather.run()
    assert answer.code == 1
    assert counts(answer.text) == {"passed": 5, "failed": 1}
    record = weather.record()
    assert record.run.models[0].level == 1
    assert [tier.total for tier in record.run.tiers] == [1]
    assert len(record.rows) == 1


DEMANDS = """
[weather]
min_accuracy = 0.7
max_ece = 0.01
[weather.slices."fog+3"]
min_accuracy = 0.75
max_drop = 0.25
[weather.slices."fog+5"]
min_accuracy = 0.3
max_drop = 0.7
"""


def test_what_is_demanded_decides_the_tests(weather: Bench) -> None:
    gates(weather, DEMANDS)
    answer = weather.run(f"--junitxml={weather.path / 'j.xml'}", "--robust-markdown=summary.md")
    assert (answer.code, counts(answer.text)) == (1, {"passed": 2, "failed": 2})
    whole = "weather: accuracy 0.6667 is below 0.7 (40 of 60 pictures); expected calibration error "
    assert any(line.startswith(whole) and line.endswith("is above 0.01") for line in answer.text.splitlines())
    worst = "accuracy 0.25 is below 0.3 (5 of 20 pictures)"
    drop = "drop of accuracy against the clean slice 0.75 is above 0.7"
    assert f"weather/fog+5: {worst}; {drop}" in answer.text.splitlines()
    assert f"  fog+5: {worst} ✗" in answer.text.splitlines()
    assert answer.line("weather (ImageNet-C):").endswith(" ✗")
    result = only_set(weather)
    assert [(each.figure, each.limit, each.met) for each in result.whole.demands] == [
        ("accuracy", 0.7, False),
        ("ece", 0.01, False),
    ]
    assert {each.slice: each.met for each in result.slices} == {"clean": True, "fog+3": True, "fog+5": False}
    markdown = (weather.path / "summary.md").read_text(encoding="utf-8")
    assert "`weather` under `model`: 60 pictures, accuracy 0.667" in markdown
    assert f"- `fog+5: {drop} ✗`" in markdown
    found = ElementTree.parse(weather.path / "j.xml").iter("property")  # noqa: S314 (pytest's own)
    properties = {each.get("name"): each.get("value") for each in found}
    assert (properties["set:weather"] or "").startswith("60 pictures, accuracy 0.667 [")


@pytest.mark.parametrize(
    ("limit", "code", "said"),
    [
        # 39 of 60 are right whatever the two unreadable ones show, 41 at best.
        (0.65, 0, ""),
        (0.66, 1, "weather: accuracy 0.6724 is not determined: whether it meets"),
        (0.69, 1, "weather: accuracy 0.6724 is below 0.69 (39 of 58 pictures)"),
    ],
)
def test_a_picture_without_a_prediction_is_neither_right_nor_wrong(
    weather: Bench, limit: float, code: int, said: str
) -> None:
    (weather.path / "weather/clean/ship/00.png").write_bytes(b"no picture")
    (weather.path / "weather/fog/5/truck/00.png").write_bytes(b"")
    gates(weather, f"[weather]\nmin_accuracy = {limit}\n")
    answer = weather.run("-k", "test_set")
    assert answer.code == code
    assert said in answer.text
    assert ", 2 errors" in answer.line("weather (ImageNet-C):")
    assert "2 pictures of 60 without a prediction, left out of all figures: clean/ship/00.png" in answer.text
    assert only_set(weather).whole.errors == 2


def test_a_slice_of_which_no_picture_can_be_read_never_passes(weather: Bench) -> None:
    for file in (weather.path / "weather/fog/3").rglob("*.png"):
        file.write_bytes(b"")
    answer = weather.run("-k", "fog+3 or clean")
    assert (answer.code, counts(answer.text)) == (1, {"passed": 1, "failed": 1})
    assert "weather/fog+3: none of 20 pictures has a prediction" in answer.text


def test_a_set_without_slices_has_one_test(bench: Bench) -> None:
    write_set(bench.path / "plain", {"": CLEAN})
    answer = bench.run("--robust-dataset=named=imagefolder:plain", "-v")
    assert (answer.code, counts(answer.text)) == (0, {"passed": 1})
    assert "test_set[named]" in answer.text
    result = only_set(bench)
    assert (result.slices, result.whole.accuracy) == ((), 1.0)


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (["--robust-dataset=imagenet-c:nowhere"], "data set 'imagenet-c:nowhere': there is no folder"),
        (["--robust-dataset=imagenet_d:weather"], "did you mean 'imagenet_c'?"),
        ([WEATHER, "--robust-dataset=imagefolder:other/weather"], "two sets are named 'weather'"),
        (["--robust-dataset=weather"], "--robust-dataset 'weather' names no data set; write [NAME=]KIND:PATH"),
        (["--robust-dataset=study=imagenet-c:weather"], "data set 'study': a suite has this name"),
    ],
)
def test_a_wrong_set_is_one_line(weather: Bench, options: list[str], said: str) -> None:
    weather.suite("study", STUDY)
    answer = weather.run(*options)
    assert answer.code == 4, answer.text
    (line,) = answer.errors
    assert said in line
    assert not weather.runs


@pytest.mark.slow
def test_without_pyarrow_one_line_says_what_to_install(weather: Bench) -> None:
    without_torch(weather)
    weather.file("cases/conftest.py", 'import sys\n\nsys.modules["pyarrow"] = None\n')
    answer = weather.run_process()
    assert answer.code == 4
    assert answer.errors == ["data sets need pyarrow; run pip install 'tierbench[datasets]'"]


def test_a_wrong_set_is_reported_where_tests_are_only_listed(weather: Bench) -> None:
    answer = weather.run("--collect-only", "--robust-dataset=imagenet-c:nowhere")
    assert answer.code == 4
    (line,) = answer.errors
    assert "there is no folder" in line


def test_a_class_without_a_label_is_one_line(weather: Bench) -> None:
    write_set(weather.path / "weather", {"clean": {"zeppelin": ["red"]}})
    answer = weather.run()
    assert answer.code == 4
    (line,) = answer.errors
    assert line.startswith("model 'model': data set 'weather':")
    assert "zeppelin" in line


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("[waether]\nmin_accuracy = 0.5\n", "[waether]: no data set has this name; did you mean 'weather'?"),
        ("[weather]\nmin_acuracy = 0.5\n", "unknown [weather] key 'min_acuracy'; did you mean 'min_accuracy'?"),
        ('[weather.slices."fog+4"]\n', "data set 'weather' has no such slice; did you mean 'fog+"),
    ],
)
def test_a_wrong_demand_is_one_line(weather: Bench, text: str, said: str) -> None:
    gates(weather, text)
    answer = weather.run()
    assert answer.code == 4
    (line,) = answer.errors
    assert line.startswith("cases/datasets.toml: ")
    assert said in line


def test_other_tests_run_beside_a_wrong_set(weather: Bench) -> None:
    weather.file("tests/test_own.py", "def test_own():\n    pass\n")
    answer = weather.run(".", "--robust-dataset=imagenet-c:nowhere")
    assert counts(answer.text) == {"passed": 1, "error": 1}
    assert "there is no folder" in answer.text


def test_a_session_of_other_tests_does_not_look_at_the_sets(weather: Bench) -> None:
    weather.file("tests/test_own.py", "def test_own():\n    pass\n")
    weather.configure(robust_datasets=["imagenet-c:nowhere"])
    answer = weather.run("tests")
    assert (answer.code, counts(answer.text)) == (0, {"passed": 1})
    assert weather.run("--help").code == 0
    assert not weather.runs
