"""Comparing several models: ranking, pairs, and the interval of a lead."""

from __future__ import annotations

from dataclasses import replace

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.runs.records import model, tier
from tierbench.common.schema import CaseRow, ModelPair
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
    # Seven groups of one image each, all passed by the first model only: 2^7 = 128 sign patterns. 2.5 % of them are
    # 3.2, so two patterns besides the observed one may lie outside; every mean over a flipped set is 1.
    (pair,) = pair_models(["a", "b"], rows_of("a", [True] * 7) + rows_of("b", [False] * 7))
    assert (pair.both, pair.only_first, pair.only_second, pair.neither) == (0, 7, 0, 0)
    assert (pair.lead, pair.interval, pair.groups, pair.consistency) == (1.0, (1.0, 1.0), 7, 0.0)
    # Five groups have no 95 % interval: 1 of 32 patterns is more than 2.5 %.
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


@given(st.lists(st.tuples(st.booleans(), st.booleans(), st.integers(0, 9)), min_size=1, max_size=40))
def test_a_pair_counts_every_case_and_is_symmetric(cases: list[tuple[bool, bool, int]]) -> None:
    groups = [f"g{group}" for *_, group in cases]
    rows = rows_of("a", [one for one, *_ in cases], groups) + rows_of("b", [two for _, two, _ in cases], groups)
    (pair,) = pair_models(["a", "b"], rows)
    (mirror,) = pair_models(["b", "a"], rows)
    assert pair.both + pair.only_first + pair.only_second + pair.neither == len(cases)
    assert pair.lead == pytest.approx(-mirror.lead)
    assert pair.consistency == pytest.approx(mirror.consistency)
    if pair.interval is not None and mirror.interval is not None:
        assert pair.interval == pytest.approx((-mirror.interval[1], -mirror.interval[0]))
        assert pair.interval[0] - 1e-12 <= pair.lead <= pair.interval[1] + 1e-12
    assert msgspec.json.decode(msgspec.json.encode(pair), type=ModelPair) == pair
    assert pair_sentence(pair)


def test_one_model_is_compared_with_nothing() -> None:
    assert compare_models(["a"], rows_of("a", [True, False])) is None
    assert pair_models(["a"], rows_of("a", [True, False])) == []
