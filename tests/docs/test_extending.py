"""docs/extending.md: its examples run as another package, and its tables list what is built in."""

from __future__ import annotations

import json
import re
import tomllib
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.conftest import REPOSITORY, Bench
from tests.distribution import install, python_with
from tests.flat_colours import flat
from tierbench.metrics import METRIC_REGISTRY
from tierbench.models.registry import MODEL_REGISTRY
from tierbench.plugin.kinds import KINDS
from tierbench.suites.datasets import DATASET_REGISTRY

PAGE = (REPOSITORY / "docs" / "extending.md").read_text(encoding="utf-8")
ROWS = "file_name,label,tier,tags\nblue.png,ship,1,night\nred.png,airplane,1,\n"


def blocks(language: str) -> list[str]:
    return re.findall(rf"```{language}\n(.*?)```", PAGE, re.DOTALL)


def table_under(heading: str) -> list[list[str]]:
    """Return the rows of the table in a section, without its head."""
    section = PAGE.partition(f"## {heading}\n")[2].partition("\n## ")[0]
    rows = re.findall(r"^\| (`.*) \|$", section, re.MULTILINE)
    return [[cell.strip() for cell in row.split("|")] for row in rows]


@pytest.fixture
def site(bench: Bench) -> Path:
    """Install the examples as one package, with the entry points that the page gives."""
    points: dict[str, dict[str, str]] = {}
    modules = {"my_package/__init__": ""}
    for source, settings in zip(blocks("python")[:-1], blocks("toml"), strict=True):
        for group, entries in tomllib.loads(settings)["project"]["entry-points"].items():
            points[group] = entries
            modules |= {target.partition(":")[0].replace(".", "/"): source for target in entries.values()}
    folder = bench.path / "site"
    (folder / "my_package").mkdir(parents=True)
    return install(folder, "my-package", points, modules)


def outputs(site: Path, bench: Bench, *commands: tuple[str, ...]) -> Iterator[str]:
    for command in commands:
        answer = python_with(site, "-m", *command, cwd=bench.path)
        assert answer.returncode == 0, answer.stdout + answer.stderr
        yield answer.stdout


def test_the_examples_run(site: Path, bench: Bench) -> None:
    bench.suite("sea", ROWS, "[tiers.1]\nmin_pass_rate = 0.5\n\n[gates]\nsureness_when_wrong = {min = 0.9}\n")
    bench.file("cases/test_night.py", blocks("python")[-1])
    # The second picture is missed: a constant model cannot pass both.
    options = (
        "--robust-model=constant:ship",
        "--robust-corruptions=dimming",
        "--deselect=cases/test_tiers.py::test_case",
    )
    run, card = outputs(site, bench, ("pytest", "-rA", *options), ("tierbench", "model", "constant:ship"))
    assert "PASSED cases/test_night.py::test_night_is_no_blind_spot" in run
    assert "PASSED cases/test_tiers.py::test_metric[sea/sureness_when_wrong]" in run
    assert "PASSED cases/test_tiers.py::test_slice[sea/dimming+5]" in run
    assert "ship: level 1 of 1" in run
    assert "Constant" in card


def test_the_example_of_a_data_set_runs(site: Path, bench: Bench) -> None:
    (bench.path / "photos").mkdir()
    for name, colour in (("ship-1", "blue"), ("ship-2", "grey"), ("airplane-1", "black")):
        flat(colour).save(bench.path / "photos" / f"{name}.png")
    command = ("tierbench", "evaluate", "constant:ship", "--dataset", "numbered:photos", "--processes", "0", "--json")
    (printed,) = outputs(site, bench, command)
    result = json.loads(printed)
    assert (result["set"], result["n"], result["errors"]) == ("photos", 3, 0)
    assert result["accuracy"] == pytest.approx(2 / 3)


def test_the_table_of_metrics_lists_the_built_in_ones() -> None:
    table = [(name, better) for name, _, better, _ in table_under("A metric")]
    known = [name for name in METRIC_REGISTRY.names() if METRIC_REGISTRY.is_built_in(name)]
    assert table == [(f"`{name}`", METRIC_REGISTRY.get(name).better) for name in known]


def test_the_table_of_model_kinds_lists_the_built_in_ones() -> None:
    known = [name for name in MODEL_REGISTRY.names() if MODEL_REGISTRY.is_built_in(name)]
    assert [name for name, _ in table_under("A kind of model")] == [f"`{name}`" for name in known]


def test_the_table_of_data_set_kinds_lists_the_built_in_ones() -> None:
    known = [name for name in DATASET_REGISTRY.names() if DATASET_REGISTRY.is_built_in(name)]
    table = [name.replace("-", "_") for name, _ in table_under("A kind of data set")]
    assert table == [f"`{name}`" for name in known]


def test_the_table_of_checks_lists_every_kind() -> None:
    table = [(kind, name) for kind, name, _ in table_under("A check")]
    assert table == [(f"`{name}`", f"`{kind.__name__}`") for name, kind in KINDS.items()]
