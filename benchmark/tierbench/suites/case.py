"""The parts of a suite: cases and their twins, tiers with their thresholds, ladders, published scores."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property
from pathlib import Path

from tierbench.suites.prompts import Prompts


@dataclass(frozen=True, slots=True)
class Thresholds:
    """What a prediction must reach to pass; by default, the most probable label must be one of the expectation's.

    Attributes:
        min_score: lowest score of the expected concept, in [0, 1].
        max_rank: worst rank of the expected concept, 1 or more.
        min_margin: smallest distance to the best other concept, in [-1, 1]; 0: any.
    """

    min_score: float = 0.0
    max_rank: int = 1
    min_margin: float = 0.0


@dataclass(frozen=True, slots=True)
class Tier:
    """A difficulty (1 easy, 2 hard, 3 very hard) and its requirements.

    Attributes:
        min_pass_rate: share of its cases that must pass, in [0, 1].
        allowed_drop: a retrained model is cleared if the upper bound of its net loss, the share of groups that it lost
            less that of groups that it won, is below this, in (0, 1]; see `judge_regression`.
    """

    number: int
    name: str = ""
    min_pass_rate: float = 1.0
    allowed_drop: float = 0.10


@dataclass(frozen=True, slots=True)
class Ladder:
    """One scene in steps of one physical parameter.

    Attributes:
        name: as in the column `ladder`.
        parameter: the column that falls or rises from step to step.
        direction: `falling` or `rising`: the direction in which the scene gets harder.
        gate: the value that the 50 % point must reach, in the parameter's unit; None: no gate.
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
    """One image with its expectation, or a twin, which has none.

    Attributes:
        suite: name of the suite.
        id: unique in the suite.
        file_name: POSIX path inside the suite folder.
        path: the file to read; it is outside the folder only for images of an installed package.
        home: the folder that the file must lie in when it is read; None: anywhere.
        key: `suite/id`, the name of the case in test ids, tables and baselines.
        expected: the expected concept; several concepts are alternatives; empty for a twin.
        tier: integer ≥ 1; None for a step of a ladder and for a twin.
        thresholds: what the prediction must reach.
        group: the same for all cases from one source image or scene.
        parameters: values of the declared numeric columns that are not empty.
        row: line of `metadata.csv` that declares the case.
        corruption, severity: only for derived cases; empty and 0 for others.
        view: name of the view that the image is seen through; empty for the image as it is.
        variant: the published table of the corruption's parameters.
        geometry: the part of the picture that is corrupted, one of `GEOMETRIES`; `unchanged` for the 32-px table, whose
            pictures are corrupted as they are.
        absent: whether the image must not show the concept.
        twin: id of the image of the same scene without the object; empty if there is none.
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
    view: str = ""
    absent: bool = False
    twin: str = ""
    geometry: str = ""
    home: Path | None = None
    # Made once: it is the key of the case in everything that a run keeps.
    key: str = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        """Make the key."""
        object.__setattr__(self, "key", f"{self.suite}/{self.id}")

    @property
    def is_cropped(self) -> bool:
        """Whether the corrupted picture is a square already, which the model must not crop again."""
        return self.geometry == "imagenet-c"

    @property
    def scene_key(self) -> str:
        """The key without the view: all views of a step have the same."""
        return self.key.removesuffix(f"~{self.view}") if self.view else self.key

    @property
    def twin_key(self) -> str:
        """The key of the twin; empty if there is none."""
        return f"{self.suite}/{self.twin}{f'~{self.view}' if self.view else ''}" if self.twin else ""

    def seen_as(self, view: str) -> Case:
        """Return the case as it is seen through a view; itself for the first one, which changes nothing."""
        return replace(self, id=f"{self.id}~{view}", view=view) if view else self

    @property
    def is_twin(self) -> bool:
        """Whether it is a twin: predicted, but never tested or counted."""
        return not self.expected

    @property
    def label(self) -> str:
        """The expectation as the column `label` has it: `ship|boat`, `!ship`, or `-` for a twin."""
        return ("!" if self.absent else "") + "|".join(self.expected) or "-"

    @property
    def expectation(self) -> str:
        """The expectation in words: `ship or boat`, `no ship`; empty for a twin."""
        return ("no " if self.absent else "") + " or ".join(self.expected)


@dataclass(frozen=True)
class Suite:
    """A folder of cases, read and checked.

    Attributes:
        name: the folder's name.
        folder: absolute path.
        cases: every image that is judged; twins are not among them.
        concepts: concept → the labels that count as it.
        parameters: declared numeric column → unit.
        corruptions: the `[corruptions]` table as written.
        gates: metric → its limits.
        max_slipping: the fall of the margins against a baseline that is allowed, in typical margins; None: any.
        fetch_hint: the command that fetches missing images; empty if there are none.
        digest: SHA-256 over `metadata.csv` and `suite.toml`.
        twins: the twins by id.
        max_false_alarms: share of the absence cases in which the model may claim the absent concept, in [0, 1].
        prompts: the texts by which zero-shot models are asked for the concepts.
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
    max_slipping: float | None = None
    published: tuple[Published, ...] = ()
    fetch_hint: str = ""
    digest: str = ""
    twins: Mapping[str, Case] = field(default_factory=dict)
    max_false_alarms: float = 0.0
    prompts: Prompts = field(default_factory=Prompts)

    @property
    def fetched(self) -> bool:
        """Whether no image must be fetched."""
        return not self.fetch_hint

    @property
    def images(self) -> tuple[Case, ...]:
        """Every row of the suite: the cases, then the twins."""
        return (*self.cases, *self.twins.values())

    @cached_property
    def by_tier(self) -> dict[int, tuple[Case, ...]]:
        """The cases that count for each tier, in the order of the file: without steps of ladders and absence cases."""
        return _by_tier(case for case in self.cases if not case.absent)

    @cached_property
    def absence_cases(self) -> tuple[Case, ...]:
        """The cases that must not show a concept, in the order of the file."""
        return tuple(case for case in self.cases if case.absent)

    @cached_property
    def tests_by_tier(self) -> dict[int, tuple[Case, ...]]:
        """The cases with a test of their own, by the tier that selects it: those of `by_tier` and absence cases."""
        return _by_tier(self.cases)

    @cached_property
    def expected_concepts(self) -> tuple[str, ...]:
        """Every concept that a case expects or rules out, in order of appearance."""
        return tuple(dict.fromkeys(concept for case in self.cases for concept in case.expected))

    @cached_property
    def prompted_concepts(self) -> tuple[str, ...]:
        """Every concept that a zero-shot model is asked for: those of `[labels]`, of the cases and of `[prompts]`."""
        return tuple(dict.fromkeys([*self.concepts, *self.expected_concepts, *self.prompts.concepts]))

    def twins_of(self, cases: Iterable[Case]) -> list[Case]:
        """Return the twins of the cases, each once, seen through the same view as the case."""
        names = dict.fromkeys((case.twin, case.view) for case in cases if case.suite == self.name)
        return [self.twins[name].seen_as(view) for name, view in names if name in self.twins]


def _by_tier(cases: Iterable[Case]) -> dict[int, tuple[Case, ...]]:
    tiers: dict[int, list[Case]] = {}
    for case in cases:
        if case.tier is not None:
            tiers.setdefault(case.tier, []).append(case)
    return {number: tuple(tiers[number]) for number in sorted(tiers)}
