"""A level or a demand that falls against the baseline, on the cases that both have."""

from __future__ import annotations

from pathlib import Path

import pytest

from tierbench.common.schema import LevelResult
from tierbench.runs.decision import Change, Decision
from tierbench.runs.hard_limits import decide_level, level_sentence, limit_level, limit_tier
from tierbench.scoring.results import CaseResult
from tierbench.scoring.verdict import Verdict
from tierbench.suites import Case, Suite, Thresholds, Tier

# Before and now, by letter: passed, failed; `n` is new to the baseline, `e` has no prediction now.
Sides = dict[int, tuple[str, str]]


def make_suite(tiers: Sides, name: str = "cars", rate: float = 0.75) -> Suite:
    cases = [
        Case(name, f"t{tier}_{index}", "x.png", Path("x.png"), ("car",), tier, Thresholds(), known_issue="#7")
        for tier, (before, _) in tiers.items()
        for index in range(len(before))
    ]
    return Suite(name, Path(name), "", tuple(cases), {tier: Tier(tier, "", rate) for tier in tiers}, {})


def limits(suite: Suite, tiers: Sides) -> list[LevelResult]:
    found = []
    for tier, (before, now) in tiers.items():
        results, changes = [], []
        for case, was, is_now in zip(suite.by_tier[tier], before, now, strict=True):
            passed = is_now == "p"
            verdict = None if is_now == "e" else Verdict("car", 0.9, 0.9, 1, 0.5, passed, "", ())
            results.append(CaseResult(case, "m", verdict=verdict, error="" if verdict else "broken"))
            known = Change("same", "", 0.9, "car", baseline_passed=was == "p")
            changes.append(None if verdict is None else Change("new") if was == "n" else known)
        found.append(limit_tier(suite, tier, "m", results, changes))
    return found


def tier_limit(before: str, now: str) -> LevelResult:
    tiers = {1: (before, now)}
    return limits(make_suite(tiers), tiers)[0]


@pytest.mark.parametrize(
    ("before", "now", "cases", "fell"),
    [
        ("pppp", "pppp", 4, False),
        # 3 of 4 are enough.
        ("pppp", "pppf", 4, False),
        ("pppp", "ppff", 4, True),
        # Other cases may fail now: it is a demand on their number.
        ("pppf", "fppp", 4, False),
        # The baseline broke the demand, too.
        ("ppff", "ffff", 4, False),
        # Cases that only one of the two has do not count.
        ("ppppn", "ppppf", 4, False),
        ("pppp", "pppe", 3, False),
        ("pppp", "ppfe", 3, True),
        ("nnnn", "ffff", 0, False),
    ],
)
def test_a_tier_falls_if_it_met_its_demand_and_does_not_now(before: str, now: str, cases: int, fell: bool) -> None:
    result = tier_limit(before, now)
    assert (result.cases, result.fell) == (cases, fell)
    # A known issue excuses nothing.
    assert decide_level(result, updating=False).action == ("fail" if fell else "pass")
    assert decide_level(result, updating=True).action == ("xfail" if fell else "pass")


def test_the_sentence_of_a_tier_has_both_counts() -> None:
    assert decide_level(tier_limit("pppp", "pfff"), updating=False) == Decision(
        "fail", "cars tier 1: 4 of 4 passed in the baseline, 1 now, at least 0.75 required"
    )


def level(*suites: Sides) -> LevelResult:
    made = [make_suite(tiers, name) for name, tiers in zip(("cars", "boats"), suites, strict=False)]
    found = [result for suite, tiers in zip(made, suites, strict=True) for result in limits(suite, tiers)]
    return limit_level("m", made, found)


UP, DOWN, OPEN = ("pppp", "pppp"), ("pppp", "ffff"), ("nnnn", "ffff")


@pytest.mark.parametrize(
    ("tiers", "before", "now"),
    [
        ({1: UP, 2: UP, 3: UP}, 3, 3),
        ({1: UP, 2: UP, 3: DOWN}, 3, 2),
        ({1: DOWN, 2: UP, 3: UP}, 3, 0),
        ({1: UP, 2: ("ffff", "pppp")}, 1, 2),
        # The tier itself fell, but the level was lower before.
        ({1: UP, 2: ("ffff", "ffff"), 3: DOWN}, 1, 1),
        # What the baseline lacks leaves the level open from there on.
        ({1: UP, 2: OPEN, 3: DOWN}, 1, 1),
        ({1: OPEN, 2: DOWN}, None, None),
        ({2: UP, 5: DOWN}, 5, 2),
    ],
)
def test_the_level_before_and_now(tiers: Sides, before: int | None, now: int | None) -> None:
    result = level(tiers)
    assert (result.before, result.now) == (before, now)
    assert result.fell == (before is not None and now is not None and now < before)


def test_the_level_is_over_all_suites() -> None:
    result = level({1: UP, 2: UP}, {1: UP, 2: DOWN})
    assert (result.before, result.now, result.cases) == (2, 1, 16)
    assert level_sentence(result) == "m: level 2 in the baseline, 1 now, on the 16 cases that both have"
    assert decide_level(result, updating=False).action == "fail"
    # A suite without tier 2 does not hold it back.
    assert level({1: UP, 2: UP}, {1: UP}).before == 2


def test_a_suite_that_did_not_run_leaves_the_level_open() -> None:
    tiers = {1: DOWN}
    first, second = make_suite(tiers), make_suite(tiers, "boats")
    result = limit_level("m", [first, second], limits(first, tiers))
    assert (result.before, result.now, result.fell) == (None, None, False)
    assert level_sentence(result) == "m: the level is not determined, before or now, on the 4 cases that both have"
