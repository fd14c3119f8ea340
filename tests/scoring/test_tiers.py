"""Pass rates, required pass rates and the level: hand-computed values and properties."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tierbench.common.schema import CaseRow, TierResult
from tierbench.scoring.tiers import level_of, reaches, shortfall, summarise_tier
from tierbench.suites import Case, Suite, Thresholds, Tier


def make_suite(sizes: dict[int, int], min_pass_rate: float = 1.0, name: str = "cars") -> Suite:
    cases = [
        Case(name, f"t{tier}_{index}", "x.png", Path("x.png"), ("car",), tier, Thresholds(), group=f"g{index // 2}")
        for tier, size in sizes.items()
        for index in range(size)
    ]
    tiers = {number: Tier(number, "", min_pass_rate) for number in sizes}
    return Suite(name, Path(name), "", tuple(cases), tiers, {})


def rows(suite: Suite, tier: int, outcomes: str) -> list[CaseRow]:
    """Return rows with the given outcomes: p passed, f failed, x xfailed, e error, s skipped."""
    names = {"p": "passed", "f": "failed", "x": "xfailed", "e": "error", "s": "skipped"}
    return [
        CaseRow(
            suite=suite.name,
            case=case.id,
            model="m",
            tier=tier,
            group=case.group,
            passed=letter == "p",
            outcome=names[letter],
            score=None if letter in "es" else (0.9 if letter == "p" else 0.1 + index / 100),
        )
        for index, (case, letter) in enumerate(zip(suite.by_tier[tier], outcomes, strict=False))
    ]


def summarise(outcomes: str, size: int | None = None, min_pass_rate: float = 1.0) -> TierResult:
    suite = make_suite({1: size or len(outcomes)}, min_pass_rate)
    return summarise_tier(suite, 1, "m", rows(suite, 1, outcomes))


def test_a_tier_is_summarised() -> None:
    result = summarise("pfpp")
    assert (result.passed, result.total, result.size, result.errors, result.groups) == (3, 4, 4, 0, 2)
    assert result.mean_score == pytest.approx((3 * 0.9 + 0.11) / 4)
    assert (result.worst_case, result.worst_score) == ("cars/t1_1", 0.11)
    # Two groups of two images have no interval.
    assert (result.low, result.high) == (None, None)
    assert (result.met, result.whole, result.rate) == (False, True, 0.75)


@pytest.mark.parametrize(
    ("outcomes", "size", "rate", "met"),
    [
        ("pppp", 4, 1.0, True),
        ("pppf", 4, 0.75, True),
        ("ppff", 4, 0.75, False),
        # A known issue counts as a miss, even though its test does not fail.
        ("pppx", 4, 1.0, False),
        # An error could have been a pass: the tier has failed only if it would fail even then.
        ("pppe", 4, 1.0, None),
        ("ppfe", 4, 1.0, False),
        ("pppe", 4, 0.75, None),
        ("eeee", 4, 0.0, None),
        # Only a part of the tier was run.
        ("ppp", 4, 1.0, None),
        ("ppps", 4, 1.0, None),
        ("", 4, 1.0, None),
        ("pppppppppf", 10, 0.9, True),
        # 0.28 × 25 is 7.000000000000001 in floats; 7 of 25 reaches it.
        ("p" * 7 + "f" * 18, 25, 0.28, True),
        ("p" * 6 + "f" * 19, 25, 0.28, False),
        ("p" * 69 + "f", 70, 0.9857142857142858, True),
    ],
)
def test_whether_the_required_pass_rate_is_met(outcomes: str, size: int, rate: float, met: bool | None) -> None:
    assert summarise(outcomes, size, rate).met is met


def test_the_interval_goes_by_groups() -> None:
    whole = summarise("p" * 14)
    # All passed: seven groups, of two images each, count.
    assert whole.low == pytest.approx(0.025 ** (1 / 7))
    assert whole.high == 1
    suite = make_suite({1: 4})
    alone = [replace(row, group="") for row in rows(suite, 1, "pfpp")]
    result = summarise_tier(suite, 1, "m", alone)
    # Where each image is a group, it is the Wilson 95 % interval of 3 in 4.
    assert (result.low, result.high) == pytest.approx((0.300642, 0.954413), abs=1e-6)


def test_skipped_cases_are_left_out_of_the_rate() -> None:
    result = summarise("pss")
    assert (result.passed, result.total, result.size, result.rate) == (1, 1, 3, 1.0)


def test_a_result_survives_serialisation() -> None:
    for outcomes in ("pf", "ee", "p"):
        result = summarise(outcomes, 2)
        # Values that are None may be left out; the interval of version 0.1 was always there.
        plain = {
            name: value
            for name, value in msgspec.to_builtins(result).items()
            if value is not None or name in ("low", "high")
        }
        assert msgspec.convert(plain, TierResult) == result


def test_the_shortfall_names_the_missed_cases() -> None:
    result = summarise("pfe")
    assert shortfall(result, ["t1_1", "t1_2"]) == (
        "cars tier 1: 1 of 3 passed (0.33, 1 error), at least 1.00 required; missed: t1_1, t1_2"
    )


def level(*suites: tuple[Suite, dict[int, str]]) -> str:
    results = [
        summarise_tier(suite, tier, "m", rows(suite, tier, outcomes))
        for suite, tiers in suites
        for tier, outcomes in tiers.items()
    ]
    return level_of("m", [suite for suite, _ in suites], results).level_text


@pytest.mark.parametrize(
    ("outcomes", "text"),
    [
        ({1: "pp", 2: "pp", 3: "pp"}, "level 3 of 3"),
        ({1: "pp", 2: "pf", 3: "pp"}, "level 1 of 3"),
        ({1: "pf", 2: "pp", 3: "pp"}, "level 0 of 3"),
        ({1: "px"}, "level 0 of 3"),
        ({1: "pp"}, "level 1 of 3 (tier 2 not run)"),
        ({1: "pp", 2: "p"}, "level 1 of 3 (tier 2 of cars not run whole)"),
        ({1: "pp", 2: "pe"}, "level 1 of 3 (tier 2 of cars left open by errors)"),
        ({2: "pp"}, "level not determined (tier 1 not run)"),
        ({1: "p"}, "level not determined (tier 1 of cars not run whole)"),
        ({}, "level not determined (tier 1 not run)"),
        # The tier fails whatever its other cases do.
        ({1: "ff", 2: "p"}, "level 0 of 3"),
    ],
)
def test_the_level(outcomes: dict[int, str], text: str) -> None:
    assert level((make_suite({1: 2, 2: 2, 3: 2}), outcomes)) == text


def test_the_level_over_several_suites() -> None:
    first, second = make_suite({1: 2, 2: 2}), make_suite({1: 2, 3: 2}, name="boats")
    assert level((first, {1: "pp", 2: "pp"}), (second, {1: "pp", 3: "pf"})) == "level 2 of 3"
    assert level((first, {1: "pp", 2: "pp"}), (second, {1: "pf", 3: "pp"})) == "level 0 of 3"
    assert level((first, {1: "pp", 2: "pp"}), (second, {})) == ("level not determined (tier 1 of boats not run whole)")


def test_tiers_that_do_not_start_at_1() -> None:
    assert level((make_suite({2: 1, 5: 1}), {2: "p", 5: "f"})) == "level 2 of 5"
    assert level_of("m", [], []).level_text == "level not determined (no suite has a tier)"


@given(st.lists(st.sampled_from("pfxe"), min_size=1, max_size=12), st.floats(0, 1))
def test_met_agrees_with_the_counts(letters: list[str], rate: float) -> None:
    result = summarise("".join(letters), min_pass_rate=rate)
    if result.low is not None and result.high is not None:
        assert 0 <= result.low <= result.rate <= result.high <= 1
    if result.met is True:
        assert reaches(result.passed, result.total, rate)
    if result.met is False:
        assert not reaches(result.passed + result.errors, result.total, rate)
