"""datasets.toml: what is demanded of data sets and their slices; each mistake is one line with what to write."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from tests.conftest import REPOSITORY, write_suite
from tierbench.suites.datasets.set_gates import LIMITS, SetGates, read_gates


def read(cases: Path, text: str, *names: str) -> tuple[dict[str, SetGates], list[str]]:
    cases.mkdir(exist_ok=True)
    (cases / "datasets.toml").write_text(text, encoding="utf-8")
    problems: list[str] = []
    return read_gates([cases], names, problems), problems


def test_every_demand_is_read(tmp_path: Path) -> None:
    text = """
    [weather]
    min_accuracy = 0.7
    max_ece = 0.05
    max_mce = 76.7
    max_mean_error = 0.4
    allowed_drop = 0.02
    [weather.slices."fog+3"]
    min_accuracy = 0
    max_drop = 0.25
    max_ece = 1
    """
    found, problems = read(tmp_path, text, "weather")
    assert not problems
    assert found["weather"].whole == {"accuracy": 0.7, "ece": 0.05, "mce": 76.7, "mean_error": 0.4}
    assert found["weather"].slices == {"fog+3": {"accuracy": 0.0, "drop": 0.25, "ece": 1.0}}
    assert found["weather"].allowed_drop == 0.02


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("weather = 3", "'weather' must be the table of a data set; write [weather]"),
        ("[weather", "cannot be read as TOML: "),
        ("[weather]\nmax_drop = 0.1", "unknown [weather] key 'max_drop'; "),
        ("[weather]\nmin_accuracy = 70", "[weather] min_accuracy must be a number from 0 to 1, not 70"),
        ("[weather]\nmin_accuracy = true", "[weather] min_accuracy must be a number from 0 to 1, not True"),
        ("[weather]\nmax_ece = '5 %'", "[weather] max_ece must be a number from 0 to 1, not '5 %'"),
        ("[weather]\nmax_ece = nan", "[weather] max_ece must be a number from 0 to 1, not nan"),
        ("[weather]\nallowed_drop = 0", "[weather] allowed_drop must be a number from 0.001 to 1, not 0"),
        ("[weather]\nslices = 1", '[weather] slices must be tables; write [weather.slices."fog+3"]'),
        ('[weather.slices]\n"fog+3" = 1', '[weather.slices."fog+3"] must be a table'),
        (
            '[weather.slices."fog+3"]\nmax_mce = 1',
            "unknown [weather.slices.\"fog+3\"] key 'max_mce'; did you mean 'max_ece'?",
        ),
        ("[whether]\nmin_accuracy = 0.1", "[whether]: no data set has this name; did you mean 'weather'?"),
    ],
)
def test_a_mistake_is_one_line(tmp_path: Path, text: str, said: str) -> None:
    _, problems = read(tmp_path, text, "weather")
    (line,) = problems
    assert line.startswith(f"{tmp_path}/datasets.toml: ")
    assert said in line


def test_the_example_of_the_docs_is_valid(tmp_path: Path) -> None:
    text = (REPOSITORY / "docs" / "data-set-tests.md").read_text(encoding="utf-8")
    (example,) = (block for block in re.findall(r"```toml\n(.*?)```", text, re.DOTALL) if "[imagenet-c]" in block)
    found, problems = read(tmp_path, example, "imagenet-c")
    assert not problems
    assert set(found["imagenet-c"].whole) == {"accuracy", "ece", "mce"}
    # Each key of the code is in the table, and no other.
    keys = re.findall(r"`([a-z_]+)`", " ".join(re.findall(r"(?m)^\| (`[a-z`_, ]+) \| s", text)))
    assert sorted(keys) == sorted((*LIMITS, "allowed_drop"))


def test_a_set_of_other_runs_may_have_demands(tmp_path: Path) -> None:
    found, problems = read(tmp_path, "[objectnet]\nmin_accuracy = 0.1\n[weather]\n", "weather")
    assert not problems
    assert set(found) == {"objectnet", "weather"}
    # Of another run, too: its mistakes are found before that.
    assert read(tmp_path, "[objectnet]\nmin_acuracy = 0.1\n", "weather")[1]


def test_the_file_stands_beside_the_suites(tmp_path: Path) -> None:
    suite = write_suite(tmp_path / "study", "file_name,label,tier\nred.png,automobile,1\n")
    (tmp_path / "datasets.toml").write_text("[weather]\nmin_accuracy = 0.5\n", encoding="utf-8")
    assert read_gates([suite], ["weather"], [])["weather"].whole == {"accuracy": 0.5}
    assert read_gates([tmp_path / "nowhere"], ["weather"], []) == {}


def test_a_set_is_declared_once(tmp_path: Path) -> None:
    for name in ("here", "there"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "datasets.toml").write_text("[weather]\n", encoding="utf-8")
    problems: list[str] = []
    read_gates([tmp_path / "here", tmp_path / "there"], ["weather"], problems)
    (line,) = problems
    assert line.startswith(f"{tmp_path}/there/datasets.toml: [weather] is declared in {tmp_path}/here/datasets.toml")


def test_demands_that_do_not_fit_the_set_are_named(tmp_path: Path) -> None:
    text = '[weather.slices."fgo+3"]\n[weather.slices."fog+3"]\nmax_drop = 0.2\n'
    found, _ = read(tmp_path, text, "weather")
    first, second = found["weather"].problems("weather", ["fog+3", "snow+1"], clean="clean")
    assert "\"fgo+3\"]: data set 'weather' has no such slice; did you mean 'fog+3'?" in first
    assert "\"fog+3\"] max_drop: data set 'weather' has no clean slice to measure a drop from" in second
    assert found["weather"].problems("weather", ["clean", "fgo+3", "fog+3"], clean="clean") == []
    assert "it has none" in found["weather"].problems("weather", [], clean="")[0]
