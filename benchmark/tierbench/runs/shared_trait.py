"""Find what all of some cases share and most others do not, to name it in a sentence. Pure."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

from tierbench.common.schema import CaseRow
from tierbench.common.text import one_line

# What a trait is called by → whether a case has it.
Trait = tuple[str, Callable[[CaseRow], bool]]

_RARE = 0.5
# How probable it may be that as many other cases have the trait by chance. A limit of a parameter is chosen after the
# fact, so it must be less probable.
_CHANCE, _CHANCE_OF_LIMIT = 0.05, 0.01


def shared_trait(cases: Sequence[CaseRow], others: Sequence[CaseRow]) -> str:
    """Return `all of them tagged night`; empty if there is nothing to say.

    A description, not a claim: which slices hold more misses than chance is judged elsewhere. A trait is named if all
    the cases have it, fewer than half of the others do, and as many cases drawn from the others would rarely share it.

    Args:
        cases: two or more.
        others: the cases that they are told from.
    """
    if len(cases) < 2 or not others:
        return ""
    found = []
    for place, (text, has) in enumerate(_traits(cases)):
        share = sum(map(has, others)) / len(others)
        chance = _CHANCE_OF_LIMIT if " ≥ " in text or " ≤ " in text else _CHANCE
        if share < _RARE and share ** len(cases) <= chance:
            found.append((share, place, text))
    return f"all of them {min(found)[2]}" if found else ""


def _traits(cases: Sequence[CaseRow]) -> Iterator[Trait]:
    """Yield what all the cases have, the most telling first."""
    first = cases[0]
    for tag in first.tags.split():
        if all(tag in case.tags.split() for case in cases):
            yield f"tagged {one_line(tag, 40)}", _has_tag(tag)
    if first.corruption and all(case.corruption == first.corruption for case in cases):
        yield f"under {one_line(first.corruption, 40)}", lambda case: case.corruption == first.corruption
    if not first.absent and all(case.expected == first.expected for case in cases):
        yield (
            f"showing {one_line(first.expected.replace('|', ' or '), 40)}",
            lambda case: case.expected == first.expected,
        )
    if first.tier is not None and all(case.tier == first.tier for case in cases):
        yield f"in tier {first.tier}", lambda case: case.tier == first.tier
    if all(case.suite == first.suite for case in cases):
        yield f"in {one_line(first.suite, 40)}", lambda case: case.suite == first.suite
    for name in first.parameters:
        if all(name in case.parameters for case in cases):
            yield from _limits(name, [case.parameters[name] for case in cases])


def _has_tag(tag: str) -> Callable[[CaseRow], bool]:
    return lambda case: tag in case.tags.split()


def _limits(name: str, values: Sequence[float]) -> Iterator[Trait]:
    low, high = min(values), max(values)
    shown = one_line(name, 40)
    yield f"with {shown} ≥ {low:g}", lambda case: case.parameters.get(name, float("-inf")) >= low
    yield f"with {shown} ≤ {high:g}", lambda case: case.parameters.get(name, float("inf")) <= high
