"""The sentence of a run: what it says first, and that it is red where a test of the benchmark was."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from tests.runs.records import comparison, content, model, row, tier
from tierbench.common.schema import (
    CaseRow,
    FailedTest,
    LevelResult,
    MissingResult,
    Run,
    SetDemand,
    SetResult,
    SetSlice,
)
from tierbench.runs.run_verdict import judge_run, verdict_of

DAY = [row(f"day{number}", 0.9, tags="day") for number in range(8)]
NIGHT = [row(f"night{number}", 0.1, tags="night wet", change="regressed", baseline_score=0.9) for number in range(3)]


def failed(*tests: tuple[str, str], name: str = "model") -> tuple[FailedTest, ...]:
    return tuple(FailedTest(kind=kind, model=name, name=test) for kind, test in tests)


def cases(rows: list[CaseRow]) -> tuple[FailedTest, ...]:
    return tuple(FailedTest(kind="case", model=each.model, name=each.key) for each in rows)


def level(before: int, now: int, **values: Any) -> LevelResult:
    return replace(LevelResult(model="model", cases=11, before=before, now=now), **values)


def said(run: Run, rows: list[CaseRow]) -> str:
    return judge_run(run, rows).sentence


def test_a_fallen_level_comes_first_then_the_pictures_and_what_they_share() -> None:
    run = content(
        [tier(8, 11)],
        models=(model("model", level=0, level_text="level 0 of 3"),),
        comparisons=(comparison(regressed=3),),
        levels=(level(1, 0), level(11, 8, suite="photos", tier=1, min_pass_rate=1.0)),
        failed=(*cases(NIGHT), *failed(("tier", "photos/tier1"), ("level", "level"), ("level", "photos/tier1"))),
    )
    sentence = "Failed: level 1 → 0 of 3; 3 pictures regressed, all of them tagged night"
    assert said(run, [*DAY, *NIGHT]) == sentence


def test_a_run_as_accepted_counts_its_known_misses() -> None:
    known = [replace(each, outcome="xfailed", change="same") for each in NIGHT]
    run = content([tier(8, 11)], comparisons=(comparison(),), levels=(level(1, 1),), failed=())
    assert said(run, [*DAY, *known]) == "Passed: level 1 of 3, as accepted; 3 known misses"
    risen = replace(run, levels=(level(0, 1),))
    assert said(risen, DAY) == "Passed: level 0 → 1 of 3"


def test_without_a_baseline_it_says_so() -> None:
    assert said(content([tier(8, 8)], failed=()), DAY) == "Passed: level 1 of 3, no baseline yet"
    accepted = content([tier(8, 8)], failed=(), accepted=True)
    assert said(accepted, DAY) == "Passed: level 1 of 3, accepted as the baseline"
    assert said(replace(accepted, accepted=False), DAY) == "Failed: the baseline was not written"


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({"complete": False}, "Not judged: the run stopped early, was killed or still runs (8 pictures judged so far)"),
        ({"shard": "1/3"}, "Not judged: this is shard 1/3; tierbench merge judges the run when all shards are there"),
        ({"failed_others": 2}, "Passed: level 1 of 3, no baseline yet; 2 other tests of the session failed"),
    ],
)
def test_what_is_not_whole_is_not_judged_and_tests_of_others_are_counted_apart(
    changes: dict[str, Any], sentence: str
) -> None:
    assert said(replace(content([tier(8, 8)], failed=()), **changes), DAY) == sentence


def test_a_run_that_stopped_at_a_failure_has_failed() -> None:
    run = content([tier(0, 1)], complete=False, failed=cases(NIGHT[:1]), comparisons=(comparison(),))
    verdict = judge_run(run, NIGHT[:1])
    assert verdict.state == "failed"
    assert verdict.sentence.endswith("1 picture regressed; the run stopped early")


def test_gates_are_named() -> None:
    run = content(
        [tier(8, 8)],
        failed=failed(
            ("ladder", "photos/fog"),
            ("slice", "photos/fog+3"),
            ("slice", "photos/fog+4"),
            ("metric", "photos/ece"),
            ("baseline", "cases"),
        ),
        comparisons=(comparison(),),
        missing=(MissingResult(model="model", cases=9, missing=("photos/a", "photos/b")),),
    )
    assert said(run, DAY) == (
        "Failed: level 1 of 3; 2 cases of the baseline missing; ladder photos/fog falls short; "
        "2 slices fall short (photos/fog+3, photos/fog+4); metric photos/ece falls short"
    )


def test_an_error_is_no_shortfall() -> None:
    broken = row("a", 0.1, outcome="error", reason="the image is truncated")
    gate = FailedTest(kind="tier", model="model", name="photos/tier1", error=True)
    run = content([tier(8, 9, met=None)], failed=(*cases([broken]), gate), comparisons=(comparison(),))
    assert said(run, [*DAY, broken]).endswith(
        "1 picture without a verdict (the image is truncated); 1 gate without a result (photos/tier1)"
    )


def test_data_sets_have_their_accuracy_or_what_they_lack() -> None:
    whole = SetSlice(total=10, correct=7, demands=(SetDemand(figure="accuracy", limit=0.8, value=0.7, met=False),))
    run = content(
        models=(model("model", level=None),), sets=(SetResult(set="in", model="model", size=10, whole=whole),)
    )
    assert said(replace(run, failed=()), []) == "Passed: in accuracy 0.700"
    assert said(replace(run, failed=failed(("set", "in"))), []) == "Failed: data set in falls short"
    # A record of before tells as much.
    assert said(run, []) == "Failed: data set in falls short"


def test_several_models_are_named_with_what_each_has() -> None:
    tiers = [tier(8, 11, model=name) for name in ("a", "b", "c")]
    flips = [replace(each, model="a") for each in NIGHT]
    run = content(tiers, failed=(*cases(flips), *failed(("tier", "photos/tier1"), name="b")))
    assert said(run, [*(replace(each, model="a") for each in DAY), *flips]) == (
        "Failed: 2 of 3 models; a: level 1 of 3, 3 pictures regressed, all of them tagged night; "
        "b: level 1 of 3, tier 1 falls short (8 of 11)"
    )
    assert said(replace(run, failed=()), []).startswith("Passed: 3 models; a level 1 of 3; b level 1")


def test_what_most_others_have_too_is_no_trait() -> None:
    wet = [replace(each, tags="night wet") for each in DAY]
    run = content([tier(8, 11)], failed=cases(NIGHT), comparisons=(comparison(),))
    assert said(run, [*wet, *NIGHT]) == "Failed: level 1 of 3; 3 pictures regressed"
    far = [replace(each, tags="", parameters={"distance_m": 50.0 + place}) for place, each in enumerate(NIGHT)]
    near = [replace(each, tags="", parameters={"distance_m": 5.0 + place}) for place, each in enumerate(DAY)]
    assert said(run, [*near, *far]).endswith("3 pictures regressed, all of them with distance_m ≥ 50")


def test_an_older_record_gets_its_verdict_from_what_it_has() -> None:
    run = content([tier(8, 11)], comparisons=(comparison(regressed=3),))
    assert verdict_of(run).sentence == "Failed: level 1 of 3; 3 pictures regressed"
    assert verdict_of(run, [*DAY, *NIGHT]).sentence.endswith("3 pictures regressed, all of them tagged night")
    made = judge_run(run, [])
    assert verdict_of(replace(run, verdict=made, comparisons=())) == made
