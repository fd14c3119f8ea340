"""The parts of a suite: cases, tiers with their thresholds, ladders, published scores."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path


@dataclass(frozen=True, slots=True)
class Thresholds:
    """What a prediction must reach to pass.

    Attributes:
        min_score: lowest score of the expected concept, in [0, 1].
        max_rank: worst rank of the expected concept, 1 or more.
        min_margin: smallest distance to the best other concept, in [-1, 1].
    """

    min_score: float = 0.5
    max_rank: int = 1
    min_margin: float = 0.0


@dataclass(frozen=True, slots=True)
class Tier:
    """A difficulty (1 easy, 2 hard, 3 very hard) and its requirements.

    Attributes:
        min_pass_rate: share of its cases that must pass, in [0, 1].
        allowed_drop: a retrained model is cleared if the upper bound of the drop of its mean score is below this, in
            (0, 1]; see `judge_regression`.
    """

    number: int
    name: str = ""
    min_pass_rate: float = 1.0
    allowed_drop: float = 0.05


@dataclass(frozen=True, slots=True)
class Ladder:
    """One scene in steps of one physical parameter.

    Attributes:
        name: as in the column `ladder`.
        parameter: the column that falls or rises from step to step.
        direction: `falling` or `rising`: the direction in which the scene gets harder.
        gate: the value that the breaking point must reach, in the parameter's unit; None: no gate.
    """

    name: str
    parameter: str
    direction: str
    gate: float | None = None


@dataclass(frozen=True, slots=True)
class MetricGate:
    """The limits that a suite sets for a metric: lowest value, highest value, or both; both are inclusive."""

    min: float | None = None
    max: float | None = None


@dataclass(frozen=True, slots=True)
class Published:
    """The published prediction of another model for a case, for comparison."""

    case: str
    model: str
    label: str
    score: float


@dataclass(frozen=True, slots=True)
class Case:
    """One image with its expectation.

    Attributes:
        suite: name of the suite.
        id: unique in the suite.
        file_name: POSIX path inside the suite folder.
        path: the file to read; it is outside the folder only for images of an installed package.
        expected: the expected concept; several concepts are alternatives.
        tier: integer ≥ 1; None for a step of a ladder.
        thresholds: what the prediction must reach.
        group: the same for all cases from one source image or scene.
        parameters: values of the declared numeric columns that are not empty.
        row: line of `metadata.csv` that declares the case.
        corruption, severity: only for derived cases; empty and 0 for others.
        variant: the published table of the corruption's parameters.
    """

    suite: str
    id: str
    file_name: str
    path: Path
    expected: tuple[str, ...]
    tier: int | None
    thresholds: Thresholds
    tags: tuple[str, ...] = ()
    group: str = ""
    known_issue: str = ""
    ladder: str = ""
    url: str = ""
    sha256: str = ""
    source: str = ""
    license: str = ""
    notes: str = ""
    parameters: Mapping[str, float] = field(default_factory=dict)
    row: int = 0
    corruption: str = ""
    severity: int = 0
    variant: str = ""

    @property
    def key(self) -> str:
        """`suite/id`, the name of the case in test ids, tables and baselines."""
        return f"{self.suite}/{self.id}"


@dataclass(frozen=True)
class Suite:
    """A folder of cases, read and checked.

    Attributes:
        name: the folder's name.
        folder: absolute path.
        concepts: concept → the labels that count as it.
        parameters: declared numeric column → unit.
        corruptions: the `[corruptions]` table as written.
        gates: metric → its limits.
        fetch_hint: the command that fetches missing images; empty if there are none.
        digest: SHA-256 over `metadata.csv` and `suite.toml`.
    """

    name: str
    folder: Path
    description: str
    cases: tuple[Case, ...]
    tiers: Mapping[int, Tier]
    concepts: Mapping[str, tuple[str, ...]]
    parameters: Mapping[str, str] = field(default_factory=dict)
    ladders: Mapping[str, Ladder] = field(default_factory=dict)
    corruptions: Mapping[str, object] = field(default_factory=dict)
    gates: Mapping[str, MetricGate] = field(default_factory=dict)
    published: tuple[Published, ...] = ()
    fetch_hint: str = ""
    digest: str = ""

    @property
    def fetched(self) -> bool:
        """Whether no image must be fetched."""
        return not self.fetch_hint

    @cached_property
    def by_tier(self) -> dict[int, tuple[Case, ...]]:
        """The cases of each tier, in the order of the file, without the steps of ladders."""
        tiers: dict[int, list[Case]] = {}
        for case in self.cases:
            if case.tier is not None:
                tiers.setdefault(case.tier, []).append(case)
        return {number: tuple(tiers[number]) for number in sorted(tiers)}

    @cached_property
    def expected_concepts(self) -> tuple[str, ...]:
        """Every concept that a case expects, in order of appearance."""
        return tuple(dict.fromkeys(concept for case in self.cases for concept in case.expected))
