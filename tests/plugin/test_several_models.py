"""Several models in one run: the leaderboard, the images on which they differ, and what cannot go together."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.conftest import Bench
from tests.several import several_models


@pytest.fixture
def models(bench: Bench) -> tuple[str, ...]:
    return several_models(bench)


def test_the_best_level_leads_and_the_images_that_differ_are_named(bench: Bench, models: tuple[str, ...]) -> None:
    answer = bench.run(*models)
    assert answer.code == 1
    lines = answer.text.splitlines()
    first = lines.index("colour: level 2 of 2  tier 1 2/2, tier 2 2/2")
    assert lines[first + 1] == "ship:   level 0 of 2  tier 1 0/2, tier 2 2/2"
    assert lines[first + 2] == (
        "colour is ahead of ship in 2 of 4 groups and behind in 0, by +0.50 (no interval): "
        "both pass 2, only colour 2, only ship 0, neither 0; error consistency κ: mixed tier 1 0.00"
    )
    assert lines[first + 4 : first + 8] == [
        "where the models differ (2 of 4 images)",
        "               colour   ship",
        "  mixed/green  ✓ 0.800  ✗ 0.000",
        "  mixed/red    ✓ 0.900  ✗ 0.200",
    ]


def test_models_that_agree_are_said_to(bench: Bench, models: tuple[str, ...]) -> None:
    assert "the models pass and miss the same images" in bench.run(*models, "-m", "tier2").text


def test_an_own_classifier_fixture_goes_with_one_model_only(bench: Bench, models: tuple[str, ...]) -> None:
    own = "import pytest\nfrom fleet import make\n\n@pytest.fixture(scope='session')\ndef classifier(): return make()\n"
    conftest: Path = bench.path / "conftest.py"
    conftest.write_text(conftest.read_text(encoding="utf-8") + own, encoding="utf-8")
    bench.pytester.syspathinsert()
    answer = bench.run(*models)
    assert answer.code == 4
    assert answer.errors == [
        "the fixture classifier of a conftest.py puts one model under test, but several are named (ship, colour); "
        "name one, or give each as python:module:factory"
    ]
    # Alone it is what is tested, whatever --robust-model says.
    answer = bench.run("-m", "tier2")
    assert answer.code == 0
    assert set(bench.record().scores["predicted"]) == {"ship"}
