"""Build the view of one case under one model: what its row and its details show. Pure."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from tierbench.common.schema import CaseRow
from tierbench.report.html.links import case_link
from tierbench.scoring.labels import map_concepts
from tierbench.suites.case import Case, Suite
from tierbench.suites.derived import clean_id

if TYPE_CHECKING:
    # Few runs explain anything.
    from tierbench.report.html.explanation import ExplanationView

# A case without a value sorts before all others.
_NO_KEY = ""
# Flips first.
_CHANGES = ("regressed", "fixed", "new", "same")


@dataclass(frozen=True, slots=True)
class ThresholdView:
    """A threshold of a case and the value that it was compared with."""

    name: str
    got: str
    wanted: str
    met: bool


@dataclass(frozen=True, slots=True)
class PublishedView:
    """A published prediction for the case: labels with their scores, highest first."""

    model: str
    top: tuple[tuple[str, float], ...]


@dataclass(frozen=True, slots=True)
class TwinView:
    """The picture of the same scene without the object.

    Attributes:
        picture: key of the picture.
        image_sha256: of the picture's file, as the model saw it; empty if it was not read.
        log_margin: of the expectation of the case, in each of the two pictures: its own, and the twin's; None: unknown.
    """

    case: str
    picture: str
    log_margin: tuple[float | None, float | None]


@dataclass(frozen=True)
class CaseView:
    """A case under a model, for the templates; text from the suite and the model is not escaped yet.

    Attributes:
        picture: key of the picture.
        thresholds: the figures that decide, with their thresholds; empty without a verdict.
        top: the most probable labels with their probabilities.
        published: predictions of published models, from the suite.
        facts: name and text of each fact: group, parameters with units, source, …
        change: `regressed`, `fixed`, `same` or `new` against the baseline; empty without a baseline.
        baseline_score, baseline_top: the accepted score and the most probable labels, if there are any.
        absent: whether the image must not show the concept.
        corruption, severity: only for derived cases.
        source: id of the case that a derived case was made from; else empty.
        step: of a ladder, with its unit: `40 m`; else empty.
        twin: the picture without the object, if the case has one.
        explanation: where the model looked; None if the case was not explained.
        log: what the test printed, and an error that is no miss; several lines.
    """

    suite: str
    case: str
    model: str
    tier: int | None
    ladder: str
    outcome: str
    expected: tuple[str, ...]
    predicted: str
    confidence: float | None
    score: float | None
    rank: int | None
    margin: float | None
    passed: bool
    reason: str
    picture: str
    image_sha256: str
    nodeid: str
    known_issue: str = ""
    notes: str = ""
    url: str = ""
    tags: tuple[str, ...] = ()
    thresholds: tuple[ThresholdView, ...] = ()
    top: tuple[tuple[str, float], ...] = ()
    published: tuple[PublishedView, ...] = ()
    facts: tuple[tuple[str, str], ...] = ()
    change: str = ""
    baseline_score: float | None = None
    baseline_top: tuple[tuple[str, float], ...] = ()
    absent: bool = False
    corruption: str = ""
    severity: int | None = None
    source: str = ""
    step: str = ""
    twin: TwinView | None = None
    explanation: ExplanationView | None = None
    log: str = ""

    @property
    def key(self) -> str:
        """`suite/case`."""
        return f"{self.suite}/{self.case}"

    @property
    def link(self) -> str:
        """The fragment of the report's address that opens the case under its model."""
        return case_link(self.key, self.model)

    @property
    def sort(self) -> dict[str, str]:
        """Sort keys by column: text that sorts like the numbers, because pytest-html compares cells as text."""
        return {
            "testId": f"{self.suite}/{self.case}/{self.model}",
            "tier": _NO_KEY if self.tier is None else f"{self.tier:06d}",
            "score": _NO_KEY if self.score is None else f"{min(max(self.score, 0.0), 9.0):.9f}",
            "rank": _NO_KEY if self.rank is None else f"{self.rank:09d}",
            "change": str(_CHANGES.index(self.change)) if self.change in _CHANGES else "9",
            "margin": _NO_KEY if self.margin is None else f"{min(max(self.margin, -9.0), 9.0) + 9:012.9f}",
        }


def picture_key(row: CaseRow) -> str:
    """Return the key of the picture of a row; cases with the same image share it."""
    if re.fullmatch(r"[0-9a-f]{16,}", row.image_sha256) and not row.corruption:
        return row.image_sha256[:24]
    return named_picture(row.suite, row.case)


def named_picture(suite: str, case: str) -> str:
    """Return the key of the picture of a case that is known by its name; no two cases share one."""
    name = f"{suite}--{case}"
    key = re.sub(r"[^a-z0-9_-]", "-", name.lower())[:60]
    return key if key == name else f"{key}-{hashlib.sha256(name.encode(errors='surrogatepass')).hexdigest()[:12]}"


def case_view(row: CaseRow, suite: Suite | None, case: Case | None, *, nodeid: str) -> CaseView:
    """Build the view of a row.

    Args:
        row: a row of the record.
        suite, case: the suite and case of the row; None if the suite no longer has them.
        nodeid: node id of the test.
    """
    published = [entry for entry in (suite.published if suite else ()) if entry.case == row.case]
    published.sort(key=lambda entry: -entry.score)
    return CaseView(
        suite=row.suite,
        case=row.case,
        model=row.model,
        tier=row.tier,
        ladder=case.ladder if case else "",
        outcome=row.outcome,
        expected=(f"no {row.expected[1:]}",) if row.absent else tuple(row.expected.split("|")),
        predicted=row.predicted or "",
        confidence=row.confidence,
        score=row.score,
        rank=row.rank,
        margin=row.margin,
        passed=row.passed,
        reason=row.reason,
        picture=picture_key(row),
        image_sha256=row.image_sha256,
        nodeid=nodeid,
        known_issue=case.known_issue if case else "",
        # Those of a derived case are its source's, and may say that the picture is as it was taken.
        notes=case.notes if case and not row.corruption else "",
        url=case.url if case else "",
        tags=tuple(row.tags.split()),
        thresholds=_thresholds(row, case),
        top=row.top,
        published=tuple(
            PublishedView(model, tuple((entry.label, entry.score) for entry in published if entry.model == model))
            for model in sorted({entry.model for entry in published})
        ),
        facts=_facts(row, suite, case),
        change=row.change or "",
        baseline_score=row.baseline_score,
        baseline_top=row.baseline_top,
        absent=row.absent,
        corruption=row.corruption,
        severity=row.severity,
        source=clean_id(row.case) if row.corruption else "",
        step=_step(suite, case),
        twin=_twin(row, case),
    )


def concepts_by_label(suite: Suite | None, labels: Sequence[str]) -> dict[str, str]:
    """Return the concept that each label counts as, without the labels that count as none."""
    if suite is None:
        return {}
    space = map_concepts(suite, labels)
    return {labels[index]: concept for concept, indices in space.concepts.items() for index in indices}


def _thresholds(row: CaseRow, case: Case | None) -> tuple[ThresholdView, ...]:
    score, rank, margin = row.score, row.rank, row.margin
    if case is None or score is None or rank is None or margin is None:
        return ()
    required = case.thresholds
    views = [ThresholdView("rank", str(rank), f"≤ {required.max_rank}", rank <= required.max_rank)]
    if required.min_score > 0:
        views.append(ThresholdView("score", f"{score:.3f}", f"≥ {required.min_score:.2f}", score >= required.min_score))
    if required.min_margin != 0:
        wanted, enough = f"≥ {required.min_margin:.2f}", margin >= required.min_margin
        views.append(ThresholdView("margin", f"{margin:+.3f}", wanted, enough))
    own, twin = row.log_margin, row.twin_log_margin
    if own is not None and twin is not None:
        views.append(ThresholdView("log margin", f"{own:+.2f}", f"> {twin:+.2f} of its twin", own > twin))
    return tuple(views)


def _step(suite: Suite | None, case: Case | None) -> str:
    """Return the step of a ladder with its unit; empty for other cases."""
    ladder = suite.ladders.get(case.ladder) if suite and case and case.ladder else None
    if suite is None or case is None or ladder is None or ladder.parameter not in case.parameters:
        return ""
    return _with_unit(case.parameters[ladder.parameter], suite.parameters.get(ladder.parameter, ""))


def _twin(row: CaseRow, case: Case | None) -> TwinView | None:
    if case is None or not case.twin:
        return None
    return TwinView(case.twin, named_picture(row.suite, case.twin), (row.log_margin, row.twin_log_margin))


def _with_unit(value: float, unit: str) -> str:
    return f"{value:g} {unit.removeprefix('1')}".strip()


def _facts(row: CaseRow, suite: Suite | None, case: Case | None) -> tuple[tuple[str, str], ...]:
    facts = [] if case is not None and case.group == case.id else [("group", row.group)]
    if case is not None:
        units = suite.parameters if suite else {}
        facts += [(name, _with_unit(value, units.get(name, ""))) for name, value in case.parameters.items()]
        facts += [("ladder", case.ladder), ("twin", case.twin), ("file", case.file_name)]
        facts += [("source", case.source), ("license", case.license)]
    facts.append(("SHA-256", row.image_sha256))
    return tuple((name, text) for name, text in facts if text)
