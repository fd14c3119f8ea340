"""Comparing several models: ranking, pairs, and the interval of a lead."""

from __future__ import annotations

from dataclasses import replace

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.runs.records import model, tier
from tierbench.common.schema import CaseRow, ModelPair
from tierbench.metrics import error_consistency, error_consistency_interval
from tierbench.metrics.net_loss import net_loss_interval
from tierbench.scoring.leaderboard import compare_models, pair_models, pair_sentence, rank_models


def rows_of(name: str, passed: list[bool], groups: list[str] | None = None) -> list[CaseRow]:
    names = groups or [f"g{index}" for index in range(len(passed))]
    return [
        CaseRow(suite="s", case=f"c{index}", model=name, tier=1, group=group, passed=good, score=float(good))
        for index, (good, group) in enumerate(zip(passed, names, strict=True))
    ]


def test_models_are_ranked_by_level_then_share_then_name() -> None:
    models = [model(name, level=level) for name, level in (("none", None), ("b", 1), ("a", 1), ("c", 1), ("z", 2))]
    shares = {"none": 9, "b": 5, "a": 5, "c": 6, "z": 0}
    tiers = [tier(passed, 10, model=name) for name, passed in shares.items()]
    assert [standing.name for standing in rank_models(models, tiers)] == ["z", "c", "a", "b", "none"]


def test_a_lead_computed_by_hand() -> None:
    # Seven groups, passed by the first model only, prove that it is ahead in 0.025^(1/7) = 0.59; of the rest, it may
    # be behind in all.
    (pair,) = pair_models(["a", "b"], rows_of("a", [True] * 7) + rows_of("b", [False] * 7))
    assert (pair.both, pair.only_first, pair.only_second, pair.neither) == (0, 7, 0, 0)
    assert (pair.lead, pair.ahead, pair.behind, pair.groups) == (1.0, 7, 0, 7)
    assert pair.interval == net_loss_interval(7, 0, 7)
    assert pair_sentence(pair).startswith(
        "a is ahead of b in 7 of 7 groups and behind in 0, by +1.00 (95 % +0.18 to +1.00, over all pairs of models): "
        "both pass 0, only a 7, only b 0, neither 0; error consistency κ: s tier 1 0.00"
    )
    # Five groups are too few for an interval.
    (few,) = pair_models(["a", "b"], rows_of("a", [True] * 5) + rows_of("b", [False] * 5))
    assert few.interval is None
    # Ten pictures of one scene are one group.
    takes = ["scene"] * 10
    (scene,) = pair_models(["a", "b"], rows_of("a", [True] * 10, takes) + rows_of("b", [False] * 10, takes))
    assert (scene.groups, scene.interval) == (1, None)


def test_only_images_of_tiers_that_all_models_judged_count() -> None:
    rows = rows_of("a", [True, True, False]) + rows_of("b", [True, False, False])
    rows[0] = replace(rows[0], score=None)  # This case had an error.
    rows += [replace(rows[index], case="step", tier=None) for index in (1, 4)]
    comparison = compare_models(["a", "b"], rows)
    assert comparison is not None
    assert (comparison.common, [case.key for case in comparison.differences]) == (2, ["s/c1"])
    assert compare_models(["a", "b", "c"], rows) is None
    assert pair_models(["a"], rows) == []


def test_the_intervals_hold_for_all_pairs_of_models_at_once() -> None:
    shares = {"a": 12, "b": 6, "c": 6, "d": 6}
    rows = [row for name, share in shares.items() for row in rows_of(name, [index < share for index in range(12)])]
    pairs = pair_models(list(shares), rows)
    # Four models are six pairs, of which three are shown.
    assert [pair.interval for pair in pairs] == [net_loss_interval(6, 0, 12, 0.05 / 6)] * 3
    assert pairs[0].interval is not None
    assert pairs[0].interval[0] < 0 < net_loss_interval(6, 0, 12)[0]


def test_error_consistency_is_never_pooled_over_tiers_and_conditions() -> None:
    def half(name: str, easy: int, hard: int) -> list[CaseRow]:
        return rows_of(name, [index % easy > 0 for index in range(12)] + [index % hard == 0 for index in range(12)])

    rows = half("a", 4, 4) + half("b", 3, 3)
    rows = [replace(row, tier=1 + index % 24 // 12) for index, row in enumerate(rows)]
    rows += [
        replace(row, case=f"{row.case}+fog-3", tier=None, corruption="fog", severity=3) for row in rows if row.tier == 1
    ]
    (pair,) = pair_models(["a", "b"], rows)
    found = {(each.tier, each.corruption, each.severity): each for each in pair.consistencies}
    assert list(found) == [(1, "", None), (1, "fog", 3), (2, "", None)]
    for key, each in found.items():
        own = {
            model: [row.passed for row in rows if row.model == model and (row.tier or 1, row.corruption) == key[:2]]
            for model in ("a", "b")
        }
        assert each.kappa == pytest.approx(error_consistency(own["a"], own["b"]))
        assert each.interval == error_consistency_interval(own["a"], own["b"], range(12))
    assert pair.consistency is None
    # The errors are independent in each tier; pooled, an easy and a hard one would make the models alike.
    assert error_consistency(*([row.passed for row in rows[:48] if row.model == model] for model in ("a", "b"))) > 0.1
    assert [each.kappa for each in pair.consistencies] == pytest.approx([0, 0, 0])


@given(st.lists(st.tuples(st.booleans(), st.booleans(), st.integers(0, 9)), min_size=1, max_size=40))
def test_a_pair_counts_every_case_and_is_symmetric(cases: list[tuple[bool, bool, int]]) -> None:
    groups = [f"g{group}" for *_, group in cases]
    rows = rows_of("a", [one for one, *_ in cases], groups) + rows_of("b", [two for _, two, _ in cases], groups)
    (pair,) = pair_models(["a", "b"], rows)
    (mirror,) = pair_models(["b", "a"], rows)
    assert pair.both + pair.only_first + pair.only_second + pair.neither == len(cases)
    assert pair.lead == pytest.approx(-mirror.lead)
    assert [each.kappa for each in pair.consistencies] == pytest.approx([each.kappa for each in mirror.consistencies])
    if pair.interval is not None and mirror.interval is not None:
        assert pair.interval == pytest.approx((-mirror.interval[1], -mirror.interval[0]))
        assert pair.interval[0] - 1e-12 <= pair.lead <= pair.interval[1] + 1e-12
    assert msgspec.json.decode(msgspec.json.encode(pair), type=ModelPair) == pair
    assert pair_sentence(pair)


def test_one_model_is_compared_with_nothing() -> None:
    assert compare_models(["a"], rows_of("a", [True, False])) is None
    assert pair_models(["a"], rows_of("a", [True, False])) == []
