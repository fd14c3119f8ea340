"""Images without a verdict: an error is never a pass, whatever the suite demands and whatever is selected."""

from __future__ import annotations

import pytest

from tests.conftest import Bench
from tests.garage import GARAGE

LENIENT = "[tiers.1]\nmin_pass_rate = 0.0\n[tiers.2]\nmin_pass_rate = 0.0\n"


def break_pictures(bench: Bench, suite: str = "garage") -> None:
    """Truncate every picture of a suite."""
    for picture in (bench.path / "cases" / suite).glob("*.png"):
        picture.write_bytes(picture.read_bytes()[:60])


def test_a_tier_with_errors_is_not_determined_even_where_nothing_is_demanded(garage: Bench) -> None:
    garage.suite("garage", GARAGE, LENIENT)
    break_pictures(garage)
    answer = garage.run()
    assert answer.code == 1
    assert "model: level not determined (tier 1 of garage left open by errors)" in answer.text
    run = garage.record().run
    assert (run.models[0].level, [tier.met for tier in run.tiers]) == (None, [None, None])


@pytest.mark.parametrize("kind", ["tier", "level", "regression"])
def test_no_test_of_a_whole_tier_passes_with_errors(accepted: Bench, kind: str) -> None:
    accepted.suite("garage", GARAGE, LENIENT)
    break_pictures(accepted)
    answer = accepted.run("-k", f"test_{kind}", "--robust-gate", "regression")
    assert answer.code == 1
    assert "passed" not in answer.text.splitlines()[-1]
    assert "garage/tier1: not determined, 8 images without a verdict: garage/red_1, garage/red_2" in answer.text


def test_a_known_issue_excuses_no_error(garage: Bench) -> None:
    garage.suite("garage", "file_name,label,tier,known_issue\nred.png,automobile,1,TICKET-1\n")
    break_pictures(garage)
    answer = garage.run("-k", "test_tier")
    assert answer.code == 1
    assert "1 failed" in answer.text
