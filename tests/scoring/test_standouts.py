"""Slices that stand out: what is searched, what is compared with what, and what is shown once."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from tests.runs.records import row
from tierbench.common.picture_figures import PictureFigures
from tierbench.common.schema import CaseRow, Standouts
from tierbench.scoring.standouts import find_standouts

CASES = 90


def unknown(digests: Iterable[str]) -> Mapping[str, PictureFigures]:
    return {}


def cases(missed: Iterable[int], **values: Any) -> list[CaseRow]:
    """Return cases of three tiers in turn, of which some are missed, each with a picture of its own."""
    wrong = set(missed)
    made = [row(f"c{index}", 0.1 if index in wrong else 0.9, tier=1 + index % 3) for index in range(CASES)]
    return [replace(each, image_sha256=each.case, **values) for each in made]


def tagged(rows: Sequence[CaseRow], **tags: Iterable[int]) -> list[CaseRow]:
    """Return the rows with tags, each of the cases with these numbers."""
    return [replace(each, tags=" ".join(tag for tag in tags if i in set(tags[tag]))) for i, each in enumerate(rows)]


def misses(rows: Sequence[CaseRow], figures: Mapping[str, PictureFigures] | None = None) -> Standouts:
    (found, *_) = find_standouts("model", rows, {"far": "m", "hidden": "1"}, lambda digests: figures or {})
    assert found.of == "misses"
    return found


def test_a_tag_that_holds_most_misses_is_found_and_others_are_not() -> None:
    found = misses(tagged(cases([*range(12), 40, 50, 60]), night=range(20), rain=range(10, 80, 3)))
    assert (found.hits, found.cases) == (15, CASES)
    (night,) = found.found
    assert (night.kind, night.name, night.hits, night.size, night.groups) == ("tag", "night", 12, 20, 20)
    assert 3 < night.expected < 4
    assert night.p <= 0.01
    assert night.low is not None
    assert night.high is not None
    assert night.low < night.rate < night.high


def test_nothing_stands_out_where_misses_are_spread() -> None:
    found = misses(tagged(cases(range(0, 90, 4)), night=range(20), rain=range(10, 60)))
    assert found.searched == 2
    assert found.found == ()


def test_what_is_hard_by_design_does_not_stand_out() -> None:
    # All of tier 3 is missed, and tagged.
    assert misses(tagged(cases(range(2, 90, 3)), hard=range(2, 90, 3))).found == ()


def test_the_strongest_split_of_a_parameter_is_shown_with_its_unit() -> None:
    rows = [replace(each, parameters={"far": 10.0 * (i % 30), "hidden": 0.5}) for i, each in enumerate(cases([]))]
    rows = [replace(each, passed=each.parameters["far"] <= 210) for each in rows]
    (found,) = misses(rows).found
    assert (found.kind, found.name, found.hits, found.size) == ("parameter", "far > 220 m", 21, 21)


def test_figures_of_pictures_are_searched_where_they_are_known() -> None:
    rng = np.random.default_rng(0)
    noise = rng.random((80, 3)).tolist()
    figures = {f"c{i}": PictureFigures(i / 100, a, b, c, 0.1) for i, (a, b, c) in enumerate(noise)}
    (dark,) = misses(cases(range(15)), figures).found
    assert (dark.kind, dark.size) == ("picture", 20)
    assert dark.name.startswith("brightness ≤ 0.19")


def test_a_few_dark_pictures_of_many_are_found_by_a_cut_near_them() -> None:
    rng = np.random.default_rng(3)
    brightness, noise = rng.random(1_000).tolist(), rng.random((1_000, 3)).tolist()
    darkest = sorted(range(1_000), key=brightness.__getitem__)[:40]
    rows = [row(f"c{i}", 0.9 if i % 7 and i not in darkest[::2] else 0.1, tier=1) for i in range(1_000)]
    rows = [replace(each, image_sha256=each.case) for each in rows]
    figures = {f"c{i}": PictureFigures(brightness[i], a, b, c, 0.1) for i, (a, b, c) in enumerate(noise)}
    (dark,) = misses(rows, figures).found
    assert dark.name.startswith("brightness ≤ 0.0")
    assert 20 <= dark.size <= 80


def test_tags_are_as_easily_found_whatever_is_measured() -> None:
    rows = tagged(cases([*range(9), 40, 50, 60]), night=range(20))
    (alone,) = misses(rows).found
    (beside,) = misses(
        [replace(each, parameters=dict.fromkeys("abcdef", i * 7.0 % 90)) for i, each in enumerate(rows)]
    ).found
    # All measures together have half as much of the level as the tags.
    assert beside.name == "night"
    assert beside.p == pytest.approx(1.5 * alone.p)


def test_models_and_searches_share_the_level() -> None:
    rows = tagged(cases(range(8), change="same"), night=range(20))
    (alone,) = find_standouts("model", rows, {}, unknown)
    (shared,) = find_standouts("model", rows, {}, unknown, models=3)
    assert shared.found[0].p == pytest.approx(3 * alone.found[0].p)
    lost = [replace(each, change="regressed") if i < 8 else each for i, each in enumerate(rows)]
    old, new = find_standouts("model", lost, {}, unknown)
    assert [each.found[0].p / alone.found[0].p for each in (old, new)] == pytest.approx([4, 4 / 3])


def test_slices_with_nearly_the_same_cases_are_one() -> None:
    (found,) = misses(tagged(cases(range(12)), night=range(20), lamps=range(1, 20), rain=range(30, 60))).found
    assert (found.name, found.alike) == ("night", ("lamps",))


def test_a_slice_that_others_explain_is_left_out() -> None:
    # Most nights are rainy; the rain without night misses nothing.
    found = misses(tagged(cases(range(15)), night=range(20), rain=[*range(14), *range(60, 66)]))
    assert len(found.found) == 1


def test_only_what_the_baseline_passed_can_regress() -> None:
    rows = tagged(cases([*range(8), *range(30, 60)], change="same"), night=range(20))
    rows = [replace(each, change="regressed") if i < 8 else each for i, each in enumerate(rows)]
    rows[80:85] = [replace(each, change="fixed") for each in rows[80:85]]
    _, regressions = find_standouts("model", rows, {}, unknown)
    assert (regressions.of, regressions.hits, regressions.cases) == ("regressions", 8, 90 - 30 - 5)
    assert [each.name for each in regressions.found] == ["night"]


def test_corruptions_are_compared_within_picture_and_severity() -> None:
    made = [
        row(
            f"c{i}+{name}-{severity}",
            0.9,
            tier=None,
            corruption=name,
            severity=severity,
            image_sha256=str(i),
            group=str(i),
        )
        for i in range(12)
        for name in ("fog", "snow", "blur", "noise")
        for severity in (1, 3)
    ]
    # Severity 3 is harder for some pictures whatever the corruption; beyond that, snow is missed.
    made = [
        replace(each, passed=not (each.severity == 3 and (int(each.group) < 3 or each.corruption == "snow")))
        for each in made
    ]
    found = misses([replace(each, tags="hard" if int(each.group) < 3 else "") for each in made])
    assert [(each.kind, each.name) for each in found.found] == [("corruption", "snow at severity 3")]


def test_too_few_misses_are_not_searched_and_none_are_not_mentioned() -> None:
    assert list(find_standouts("model", cases([]), {}, unknown)) == []
    assert (misses(cases([1, 2])).searched, misses(cases([1, 2])).hits) == (0, 2)


def test_cases_without_a_verdict_absences_and_steps_are_not_counted() -> None:
    rows = cases(range(9))
    rows[0] = replace(rows[0], outcome="error")
    rows[1] = replace(rows[1], outcome="skipped")
    rows[2] = replace(rows[2], outcome="unscored")
    rows[3] = replace(rows[3], tier=None)
    rows[4] = replace(rows[4], expected="!ship", tier=None)
    found = misses(rows)
    assert (found.hits, found.cases) == (4, CASES - 5)
