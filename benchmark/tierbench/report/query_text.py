"""Say what models see in a picture: lines for the terminal, and objects for JSON."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import Any

from tierbench.common.text import listed, one_line, plural
from tierbench.scoring.labels import short_label
from tierbench.scoring.query import Answer, Seen
from tierbench.scoring.query_understood import Expected, Understood
from tierbench.suites.case import Thresholds

# The most labels of a concept that are listed in the terminal.
_MOST_LABELS = 8
# Text, and what it is (`heading`, `model`, `expected`, `good`, `bad`) → text in colour.
Paint = Callable[[str, str], str]


def answer_lines(answer: Answer, paint: Paint = lambda text, what: text) -> list[str]:
    """Return the ranked labels with their scores, and whether the picture is classified; nothing after an error.

    Args:
        answer: what a model sees in a picture.
        paint: colours a part of a line.
    """
    wanted = answer.question.case
    lines = []
    for seen in answer.seen:
        line = f"score:{seen.score:.4f} {_label_text(seen)}"
        lines.append(paint(line, "expected") if not wanted.absent and _counts(seen, wanted.expected) else line)
    if answer.result is not None and not answer.error:
        lines.append(paint(_verdict_text(answer), "bad" if answer.missed else "good"))
    return lines


def answer_object(answer: Answer) -> dict[str, Any]:
    """Return an answer as JSON values; see `tierbench query --help`."""
    question, result = answer.question, answer.result
    verdict = result.verdict if result else None
    return {
        "image": question.image,
        "image_sha256": answer.image_sha256,
        "case": question.known_as or None,
        "model": answer.model,
        "top": [
            {"label": seen.label, "score": round(seen.score, 6), "concept": seen.concept or None}
            for seen in answer.seen
        ],
        "expected": question.case.label if question.case.expected else None,
        "classified": verdict.passed if verdict else None,
        "score": round(verdict.score, 6) if verdict else None,
        "rank": verdict.rank if verdict else None,
        "margin": round(verdict.margin, 6) if verdict else None,
        "reason": (result.reason or None) if result and not answer.error else None,
        "error": answer.error or None,
    }


def counts_line(answers: Iterable[Answer]) -> str:
    """Return how many pictures each model classified as expected; empty where not more than one was judged."""
    judged: dict[str, list[bool]] = {}
    for answer in answers:
        if answer.result is not None and not answer.error:
            judged.setdefault(answer.model, []).append(not answer.missed)
    if max(map(len, judged.values()), default=0) < 2:
        return ""
    return "classified: " + ", ".join(f"{one_line(name)} {sum(own)} of {len(own)}" for name, own in judged.items())


def understood_lines(found: Understood) -> list[str]:
    """Return how a query was understood: the pictures, what is expected of them, and the labels that count as it."""
    lines = [f"understood: {plural(found.pictures, 'picture')}"]
    # A query has one suite at most.
    for suite in dict.fromkeys(each.suite for each in found.cases):
        tiers = ", ".join(
            f"{'no tier' if each.tier is None else f'tier {each.tier}'}: {each.pictures}" for each in found.cases
        )
        own = sum(each.pictures for each in found.cases)
        lines[0] += f", {own} of them {'a case' if own == 1 else 'cases'} of {one_line(suite)} ({tiers})"
    for each in found.expected:
        count = plural(each.pictures, "picture")
        if not each.label:
            lines.append(f"  nothing is expected of {count}")
            continue
        lines.append(f"  {one_line(each.label)} is expected of {count}{_thresholds_text(each)}")
        for model, concepts in each.labels.items():
            for concept, labels in concepts.items():
                text = listed((short_label(label) for label in labels), _MOST_LABELS) if labels else "no label"
                verb = "count" if len(labels) > 1 else "counts"
                lines.append(f"    {one_line(model)}: {text} {verb} as {one_line(concept)}")
    return lines


def understood_object(found: Understood) -> dict[str, Any]:
    """Return how a query was understood as JSON values."""
    return {
        "understood": {
            "pictures": found.pictures,
            "cases": [{"suite": each.suite, "tier": each.tier, "pictures": each.pictures} for each in found.cases],
            "expected": [
                {
                    "expected": each.label or None,
                    "pictures": each.pictures,
                    "min_score": each.thresholds.min_score,
                    "max_rank": each.thresholds.max_rank,
                    "min_margin": each.thresholds.min_margin,
                    "labels": each.labels,
                }
                for each in found.expected
            ],
        }
    }


def _thresholds_text(wanted: Expected) -> str:
    """Return the thresholds that differ from the default, after a comma each."""
    usual, own = Thresholds(), wanted.thresholds
    parts = {"score ≥": (own.min_score, usual.min_score), "rank ≤": (own.max_rank, usual.max_rank)}
    parts["margin ≥"] = (own.min_margin, usual.min_margin)
    return "".join(f", {name} {value:g}" for name, (value, default) in parts.items() if value != default)


def _label_text(seen: Seen) -> str:
    """Return a label in its short form, with the concept that it counts as where that has another name."""
    label = short_label(seen.label)
    concept = f" ({one_line(seen.concept, 60)})" if seen.concept and seen.concept.lower() != label.lower() else ""
    return one_line(label, 80) + concept


def _counts(seen: Seen, expected: Sequence[str]) -> bool:
    return seen.concept in expected


def _verdict_text(answer: Answer) -> str:
    case, result = answer.question.case, answer.result
    if result is None or result.verdict is None:
        return f"not judged: {result.reason if result else ''}"
    if not result.passed:
        known = f" (known issue: {one_line(case.known_issue)})" if case.known_issue else ""
        return f"not classified: {result.reason}{known}"
    rank = f" at rank {result.verdict.rank}" if result.verdict.rank > 1 else ""
    return f"classified: {one_line(case.expectation)} {result.verdict.score:.4f}{rank}"
