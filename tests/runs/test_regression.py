"""The paired verdict: what decides it, its states, what it does not depend on, and its sentence."""

from __future__ import annotations

import dataclasses
import subprocess
import sys

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tierbench.common.schema import PairedVerdict
from tierbench.runs.regression import ALPHA, PairedCase, judge_regression
from tierbench.runs.regression_text import verdict_sentence


def tier(groups: int, lost: int = 0, won: int = 0, *, suite: str = "photos", number: int = 1) -> list[PairedCase]:
    """Return a tier with one case a group; the groups are lost, then won, then as before."""
    return [
        case(
            f"{'' if number == 1 else f't{number}'}g{index}",
            index >= lost + won or index < lost,
            index >= lost,
            suite=suite,
            tier=number,
        )
        for index in range(groups)
    ]


def case(group: str, before: bool, now: bool, suite: str = "photos", tier: int = 1) -> PairedCase:
    names = {True: "cat", False: "dog"}
    return PairedCase(suite, tier, group, before, now, names[before], names[now])


def states(verdicts: tuple[PairedVerdict, ...]) -> list[str]:
    return [verdict.state for verdict in verdicts]


def test_regressed() -> None:
    whole, first = judge_regression(tier(20, lost=7, won=1))
    assert (whole.state, first.state) == ("regressed", "regressed")
    assert (whole.lost, whole.won, whole.drop) == (7, 1, 0.3)
    # Of eight that changed, seven or more are lost in 9 of 256 patterns.
    assert whole.p_value == first.p_holm == pytest.approx(9 / 256)
    assert (whole.worse, whole.better) == (7, 1)
    assert whole.mcnemar_p == pytest.approx(18 / 256)
    assert verdict_sentence(whole) == (
        "all suites: regressed: lost 7 of 20 groups (photos/g0, photos/g1, photos/g2, photos/g3 and 3 more), "
        "won 1 (photos/g7); net loss 0.3 (with 95 % confidence at most 0.525); p = 0.035"
    )
    assert verdict_sentence(first).startswith(
        "photos tier 1: regressed: lost 7 of 20 groups (g0, g1, g2, g3 and 3 more)"
    )
    assert verdict_sentence(first).endswith("p = 0.035 (Holm over 1 tier)")


def test_cleared() -> None:
    _, first = judge_regression(tier(60, lost=1, won=2))
    assert first.state == "cleared"
    assert verdict_sentence(first) == (
        "photos tier 1: cleared: lost 1 of 60 groups (g0), won 2 (g1, g2); net gain 0.017 (with 95 % confidence at "
        "most 0.051); a net loss of 0.1 is allowed"
    )


def test_not_shown_says_what_could_have_been_and_what_would_settle_it() -> None:
    _, first = judge_regression(tier(12, lost=4))
    assert first.state == "not shown"
    assert verdict_sentence(first) == (
        "photos tier 1: not shown: lost 4 of 12 groups (g0, g1, g2, g3), won none; net loss 0.333 (with 95 % "
        "confidence at most 0.609); 12 groups could have shown a net loss of 0.497 (80 % power); at these shares about "
        "15 groups would show a loss"
    )
    # A group that is lost without another one: with one won, six must be lost.
    _, open_ = judge_regression(tier(30, lost=3, won=2))
    assert "30 groups with 2 won could have shown" in verdict_sentence(open_)
    assert "would clear it" in verdict_sentence(open_)


def test_too_few_groups_show_nothing() -> None:
    whole, first = judge_regression(tier(4, lost=4))
    assert states((whole, first)) == ["not shown", "not shown"]
    assert "4 groups could not have shown any net loss; at these shares about 5 groups" in verdict_sentence(first)
    # One scene is one group, however many pictures it has.
    (whole, _) = judge_regression([case("car", True, False) for _ in range(50)])
    assert (whole.state, whole.groups, whole.cases, whole.lost) == ("not shown", 1, 50, 1)


def test_no_number_of_groups_settles_it() -> None:
    _, first = judge_regression(tier(200, lost=1), allowed_drop=0.004)
    assert (first.state, first.needed) == ("not shown", None)
    assert "no number of groups up to 1,000,000 would settle it" in verdict_sentence(first)


def test_unchanged_claims_nothing() -> None:
    whole, first = judge_regression(tier(7))
    assert states((whole, first)) == ["unchanged", "unchanged"]
    assert verdict_sentence(first) == "photos tier 1: unchanged: every prediction is as before (7 cases, 7 groups)"
    # Another wrong answer is a change, though nothing is lost.
    other = [*tier(6), PairedCase("photos", 1, "x", False, False, "dog", "ship")]
    whole, first = judge_regression(other)
    assert (first.state, first.lost, first.won) == ("not shown", 0, 0)
    assert "lost none of 7 groups, won none; net loss 0 (with 95 % confidence at most 0.348)" in verdict_sentence(first)


def test_zero_lost_of_29_groups_exclude_a_tenth() -> None:
    changed = PairedCase("photos", 1, "x", False, False, "dog", "ship")
    assert judge_regression([*tier(27), changed])[0].state == "not shown"
    whole = judge_regression([*tier(28), changed])[0]
    assert whole.state == "cleared"
    assert whole.upper == pytest.approx(1 - 0.05 ** (1 / 29))


def test_a_loss_that_is_certain_but_small_is_not_called_regressed() -> None:
    whole, first = judge_regression(tier(1000, lost=9), allowed_drop=0.5)
    assert whole.p_value is not None
    assert whole.p_value < ALPHA
    assert states((whole, first)) == ["cleared", "cleared"]
    whole, _ = judge_regression(tier(1000, lost=10), allowed_drop=0.5)
    assert whole.state == "regressed"
    whole, _ = judge_regression(tier(1000, lost=9), allowed_drop=0.01)
    assert (whole.state, "a net loss below 0.01 is not called regressed" in verdict_sentence(whole)) == (
        "not shown",
        True,
    )


def test_all_suites_may_have_regressed_without_a_tier_that_did() -> None:
    cases = [*tier(10, lost=3), *tier(10, lost=3, number=2), *tier(10, lost=3, suite="ships")]
    verdicts = judge_regression(cases)
    assert [(each.suite, each.tier) for each in verdicts] == [("", None), ("photos", 1), ("photos", 2), ("ships", 1)]
    assert states(verdicts) == ["regressed", *["not shown"] * 3]
    assert verdicts[0].p_value == pytest.approx(2**-9)
    assert verdicts[1].p_holm == pytest.approx(3 / 8)


def test_a_tier_is_tested_only_if_all_suites_together_show_a_loss() -> None:
    whole, first, second = judge_regression([*tier(12, lost=6), *tier(20, won=9, number=2)])
    assert states((whole, first, second)) == ["not shown", "not shown", "cleared"]
    assert first.p_value == pytest.approx(2**-6)
    assert first.p_holm == whole.p_value
    assert verdict_sentence(first).endswith("; no loss is claimed here, because all suites together do not show one")
    assert first.needed is None


def test_holm_says_where() -> None:
    cases = [*tier(10, lost=8), *tier(10, lost=1, number=2), *tier(10, number=3)]
    verdicts = judge_regression(cases)
    assert states(verdicts) == ["regressed", "regressed", "not shown", "unchanged"]
    # The smallest p-value times three; the whole has 9 lost, and its p-value is the smaller one.
    assert verdicts[1].p_holm == pytest.approx(3 * 2**-8)


def test_a_group_is_lost_if_its_share_falls() -> None:
    rows = [("a", True, False), ("a", False, True), ("b", True, False), ("b", True, True), ("c", False, True)]
    whole, _ = judge_regression([case(*row) for row in rows])
    assert (whole.lost_groups, whole.won_groups, whole.groups) == (("photos/b",), ("photos/c",), 3)
    assert (whole.worse, whole.better) == (2, 2)


def test_a_group_in_several_tiers_is_one_group_of_the_whole() -> None:
    cases = [case("car", True, False), case("car", False, True, tier=2), case("van", True, True)]
    whole, first, second = judge_regression(cases)
    assert (whole.groups, whole.lost, whole.won) == (2, 0, 0)
    assert (first.lost_groups, second.won_groups) == (("car",), ("car",))
    # The same name in another suite is another group.
    whole, *_ = judge_regression([case("car", True, False), case("car", True, False, suite="ships")])
    assert whole.lost_groups == ("photos/car", "ships/car")


def test_tiers_without_a_case_have_a_verdict_if_their_allowed_drop_is_given() -> None:
    verdicts = judge_regression(tier(8, lost=6), allowed_drop={("photos", 1): 0.2, ("ships", 2): 0.5})
    assert states(verdicts) == ["regressed", "regressed", "not shown"]
    assert verdict_sentence(verdicts[2]) == "ships tier 2: not shown: no case to compare with the baseline"
    # It is not one of the tests that Holm's correction counts.
    assert verdicts[1].tests == 1
    assert judge_regression([]) == ()


def test_each_tier_has_its_own_allowed_drop_and_the_whole_the_smallest() -> None:
    cases = [*tier(30, lost=1), *tier(30, lost=1, number=2)]
    whole, first, second = judge_regression(cases, allowed_drop={("photos", 2): 0.2})
    assert [each.allowed_drop for each in (whole, first, second)] == [0.1, 0.1, 0.2]
    assert states((first, second)) == ["not shown", "cleared"]
    for bad in (0, -0.1, 2, float("nan")):
        with pytest.raises(ValueError, match="allowed_drop"):
            judge_regression(cases, allowed_drop=bad)


def with_margins(cases: list[PairedCase], before: float, now: float) -> list[PairedCase]:
    return [dataclasses.replace(case, margin_before=before, margin_now=now) for case in cases]


def test_slipping_is_reported_with_its_interval_and_reddens_nothing() -> None:
    _, first = judge_regression(with_margins(tier(60), 1.5, 0.5))
    assert first.state == "unchanged"
    slipping = first.slipping
    assert slipping is not None
    assert slipping.fall == pytest.approx(1)
    assert (slipping.groups, slipping.met) == (60, True)
    assert 0 < slipping.low < 1 < slipping.high
    assert "; slipping: margins fell by 1.00 typical margins (95 % +0." in verdict_sentence(first)
    # A rise is not mentioned, margins out of bounds are cut, and none are no figure.
    _, risen = judge_regression(with_margins(tier(60), 0.5, 9))
    assert risen.slipping is not None
    assert risen.slipping.fall == pytest.approx(-1.5)
    assert "margins" not in verdict_sentence(risen)
    assert judge_regression(tier(6))[0].slipping is None


def test_slipping_is_held_against_what_a_suite_allows() -> None:
    cases = [*with_margins(tier(60), 1.5, 0.5), *with_margins(tier(60, suite="ships"), 1.5, 0.5)]
    whole, first, second = judge_regression(cases, slipping={"photos": 0.2, "elsewhere": 0.0})
    assert [each.slipping and each.slipping.met for each in (whole, first, second)] == [True, False, True]
    assert "; a fall of 0.2 is allowed)" in verdict_sentence(first)


outcomes = st.lists(
    st.tuples(
        st.sampled_from(["photos", "ships"]),
        st.integers(1, 2),
        st.integers(0, 9),
        st.booleans(),
        st.booleans(),
        st.one_of(st.none(), st.floats(-3, 3)),
        st.one_of(st.none(), st.floats(-3, 3)),
    ),
    min_size=1,
    max_size=40,
)


@given(outcomes)
@settings(max_examples=60, deadline=None)
def test_properties_of_every_verdict(rows: list[tuple[str, int, int, bool, bool, float, float]]) -> None:
    cases = [
        dataclasses.replace(case(f"g{group}", before, now, suite, tier), margin_before=old, margin_now=new)
        for suite, tier, group, before, now, old, new in rows
    ]
    verdicts = judge_regression(cases)
    # The order of the cases does not matter, nor does the same picture a second time in its group.
    assert close(judge_regression(cases[::-1]), verdicts)
    doubled = judge_regression(cases * 2)
    assert [(each.state, each.lost, each.won, each.groups) for each in doubled] == [
        (each.state, each.lost, each.won, each.groups) for each in verdicts
    ]
    whole = verdicts[0]
    if any(each.state == "regressed" for each in verdicts[1:]):
        assert whole.p_value is not None
        assert whole.p_value <= ALPHA
    for each in verdicts:
        sentence = verdict_sentence(each)
        assert f": {each.state}: " in sentence
        assert "\n" not in sentence
        assert each.upper is not None
        assert each.upper >= each.drop - 1e-9
        if each.detectable is not None:
            assert each.state == "not shown"
            assert each.drop < each.detectable or each.drop < 0.01


def close(first: tuple[PairedVerdict, ...], second: tuple[PairedVerdict, ...]) -> bool:
    """Return whether verdicts agree up to the rounding of sums."""
    plain = [[dataclasses.replace(each, slipping=None) for each in side] for side in (first, second)]
    falls = [[each.slipping.fall if each.slipping else None for each in side] for side in (first, second)]
    return plain[0] == plain[1] and falls[0] == pytest.approx(falls[1])


@given(st.lists(st.tuples(st.booleans(), st.booleans()), min_size=1, max_size=40))
@settings(max_examples=30, deadline=None)
def test_what_is_gained_is_what_is_lost_the_other_way(pairs: list[tuple[bool, bool]]) -> None:
    there = judge_regression([case(f"g{n}", before, now) for n, (before, now) in enumerate(pairs)])[0]
    back = judge_regression([case(f"g{n}", now, before) for n, (before, now) in enumerate(pairs)])[0]
    assert (there.lost, there.won, there.drop) == (back.won, back.lost, -back.drop)
    assert not there.state == back.state == "regressed"


def test_a_verdict_imports_neither_scipy_nor_pandas() -> None:
    code = (
        "import sys; from tierbench.runs.regression import *; from tierbench.runs.regression_text import *;"
        "verdicts = judge_regression([PairedCase('s', 1, str(n), True, n > 6) for n in range(20)]);"
        "assert verdicts[0].state == 'regressed'; print(verdict_sentence(verdicts[0]));"
        "print(*sorted({'pandas', 'scipy', 'torch'} & set(sys.modules)))"
    )
    answer = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout
    assert answer.splitlines()[1:] == [""]
