"""A source picture is read and decoded once for all cases that a sweep derives from it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import pytest

from tests.conftest import SuiteWriter
from tests.flat_colours import flat
from tierbench.common.images import PictureError
from tierbench.corruptions import corrupt
from tierbench.suites import Case, read_suites
from tierbench.suites.derived import derive_cases, open_case
from tierbench.suites.sources import Sources, by_source


@pytest.fixture
def derived(suite: SuiteWriter) -> Sequence[Case]:
    """Two corruptions at two severities of two pictures, in the order of a sweep."""
    folder = suite("file_name,label,tier\nred_1.png,ship,1\nblue_1.png,ship,1\n")
    flat("red", (300, 200)).save(folder / "red_1.png")
    ((found,), problems) = read_suites([folder])
    assert problems == []
    return derive_cases(found, ["gaussian_noise", "brightness"], [1, 5])


def test_cases_of_one_source_follow_each_other_in_their_order(derived: Sequence[Case]) -> None:
    ordered = by_source(derived)
    names = [case.id.partition("+") for case in ordered]
    assert [name for name, _, _ in names] == ["red_1"] * 4 + ["blue_1"] * 4
    expected = ["gaussian_noise-1", "gaussian_noise-5", "brightness-1", "brightness-5"]
    assert [how for _, _, how in names] == expected * 2
    assert sorted(case.key for case in ordered) == sorted(case.key for case in derived)


def test_other_cases_stay_where_they_are(suite: SuiteWriter) -> None:
    folder = suite("file_name,label,tier,id\nred_1.png,ship,1,a\nblue_1.png,ship,1,b\nred_1.png,ship,1,c\n")
    ((found,), _) = read_suites([folder])
    assert [case.id for case in by_source(found.cases)] == ["a", "b", "c"]


def test_a_source_is_read_once_for_its_corruptions(derived: Sequence[Case]) -> None:
    cases = by_source(derived)[:4]
    expected = [open_case(case) for case in cases]
    sources = Sources(corrupt)
    first = sources.of(cases[0]).open(cases[0])
    cases[0].path.unlink()
    assert [first, *(sources.of(case).open(case) for case in cases[1:])] == expected


def test_every_case_of_a_broken_source_reports_it(derived: Sequence[Case]) -> None:
    cases = by_source(derived)[:4]
    cases[0].path.write_bytes(cases[0].path.read_bytes()[:60])
    sources = Sources(corrupt)
    for case in cases:
        with pytest.raises(PictureError) as expected:
            open_case(case)
        with pytest.raises(PictureError) as found:
            sources.of(case).open(case)
        assert str(found.value) == str(expected.value)
        assert sources.of(case).digest


def test_a_problem_of_a_corruption_names_it(derived: Sequence[Case]) -> None:
    def fails(*given: object, **named: object) -> None:
        raise ArithmeticError

    sources = Sources(fails)  # type: ignore[arg-type]  # it returns nothing
    case = derived[0]
    with pytest.raises(PictureError, match="gaussian_noise cannot be applied: ArithmeticError"):
        sources.of(case).open(case)


def test_few_sources_are_kept(derived: Sequence[Case]) -> None:
    sources = Sources(corrupt)
    first = sources.of(derived[0])
    assert sources.of(derived[0]) is first
    for other in (derived[1], replace(derived[0], geometry="whole")):
        sources.of(other)
    assert sources.of(derived[0]) is not first
