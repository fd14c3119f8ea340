"""The schema of a run: what is computed, sent by workers, kept in the record and shown on pages. No I/O.

`runs/record.py` writes and reads it, through msgspec. A new field has a default, so that older records stay readable;
a field that this version does not know is ignored. Bounds in the annotations are checked when a record is read.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Annotated, Any, Literal

from msgspec import Meta

# Raised when a reader of an older version would misunderstand the record.
SCHEMA = 1

Gate = Literal["thresholds", "flips", "regression"]
GATES: tuple[Gate, ...] = ("thresholds", "flips", "regression")
State = Literal["regressed", "cleared", "not shown"]

Count = Annotated[int, Meta(ge=0, le=10**9)]
Seed = Annotated[int, Meta(ge=0, le=2**63 - 1)]
Number = Annotated[float, Meta(gt=-1e12, lt=1e12)]
# Probabilities of half precision sum to a little over 1.
Share = Annotated[float, Meta(ge=-0.001, le=1.001)]
Margin = Annotated[float, Meta(ge=-1.001, le=1.001)]


@dataclass(frozen=True, slots=True, kw_only=True)
class CaseRow:
    """A case under a model: a row of `scores.csv`, where the parameters are columns of their own.

    Attributes:
        tier: None for a step of a ladder and for what a sweep derived.
        tags: separated by spaces.
        expected: the concept; alternatives separated by `|`.
        predicted: the concept or label that scored highest; None where nothing was predicted, as all figures are.
        confidence: its probability.
        score, rank, margin: of what was expected.
        outcome: `passed`, `failed`, `xfailed`, `error` or `skipped`.
        reason: why the case did not pass.
        change: `regressed`, `fixed`, `same` or `new` against the baseline; None without one.
        corruption, severity: of a case that a sweep derived.
        top: the ten most probable labels with their probabilities.
        parameters: values of the suite's numeric columns.
    """

    suite: str
    case: str
    model: str
    tier: Count | None = None
    tags: str = ""
    group: str = ""
    expected: str = ""
    predicted: str | None = None
    score: Share | None = None
    confidence: Share | None = None
    rank: Count | None = None
    margin: Margin | None = None
    min_score: Share | None = None
    max_rank: Count | None = None
    min_margin: Margin | None = None
    passed: bool = False
    outcome: str = ""
    reason: str = ""
    change: str | None = None
    baseline_score: Share | None = None
    corruption: str = ""
    severity: Count | None = None
    top: tuple[tuple[str, float], ...] = ()
    image_sha256: str = ""
    parameters: Mapping[str, float] = field(default_factory=dict)

    @property
    def key(self) -> str:
        """`suite/case`."""
        return f"{self.suite}/{self.case}"


@dataclass(frozen=True, slots=True, kw_only=True)
class TierResult:
    """How a model did on one tier of one suite.

    Attributes:
        passed: cases that met their thresholds; known issues that were missed do not count.
        total: cases that were judged, errors included.
        size: cases that the tier has.
        errors: cases without a verdict.
        low, high: 95 % Wilson interval of the pass rate, for independent images.
        groups: scenes or source pictures that the judged cases come from.
        mean_score: of the cases with a verdict; None where there is none.
        worst_case, worst_score: the judged case with the lowest score.
        min_pass_rate: what the suite demands.
        met: whether the demand is met; None where the tier was not judged whole, or errors leave it open.
        metrics: figures of the registered metrics, by name; those without a value are left out.
    """

    suite: str
    model: str
    tier: Count
    name: str
    passed: Count
    total: Count
    size: Count
    errors: Count = 0
    low: Number
    high: Number
    groups: Count = 0
    mean_score: Number | None = None
    worst_case: str = ""
    worst_score: Number | None = None
    min_pass_rate: Number
    met: bool | None = None
    metrics: Mapping[str, Number] = field(default_factory=dict)

    @property
    def whole(self) -> bool:
        """Whether every case of the tier was judged."""
        return self.total == self.size

    @property
    def rate(self) -> float:
        """Share of the judged cases that passed; 0 where none was judged."""
        return self.passed / self.total if self.total else 0.0


@dataclass(frozen=True, slots=True, kw_only=True)
class TagResult:
    """How a model did on the cases of one suite that share a tag.

    Attributes:
        passed, total: cases that met their thresholds, of those that were judged.
        low, high: 95 % Wilson interval of the pass rate, for independent images.
        groups: scenes or source pictures that they come from.
        metrics: as in `TierResult`.
    """

    suite: str
    model: str
    tag: str
    passed: Count
    total: Count
    low: Number
    high: Number
    groups: Count
    metrics: Mapping[str, Number] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class LadderResult:
    """How far a model sees along one ladder.

    Attributes:
        parameter, unit: what changes from step to step.
        direction: `falling` or `rising`: which way the scene gets harder.
        values: the parameter at each step, from easy to hard.
        scores: the expected concept's score at each step; None where the step was not scored.
        passed: whether each step met its thresholds.
        breaking_point: the parameter at the last step before the first miss; None where the first step missed.
        gate: what the breaking point must reach; None: nothing is demanded.
    """

    suite: str
    model: str
    ladder: str
    parameter: str
    unit: str
    direction: str
    values: tuple[Number, ...]
    scores: tuple[Number | None, ...]
    passed: tuple[bool, ...]
    breaking_point: Number | None = None
    gate: Number | None = None

    @property
    def seen(self) -> int:
        """Number of steps before the first miss."""
        return next((index for index, passed in enumerate(self.passed) if not passed), len(self.passed))

    @property
    def met(self) -> bool:
        """Whether the breaking point reaches the gate; without a gate always."""
        if self.gate is None:
            return True
        if self.breaking_point is None:
            return False
        if self.direction == "falling":
            return self.breaking_point <= self.gate
        return self.breaking_point >= self.gate


@dataclass(frozen=True, slots=True, kw_only=True)
class SliceResult:
    """How a model did on one corruption at one severity.

    Attributes:
        passed, total: derived cases that met their thresholds, of those that were judged.
        errors: how many of the judged did not rank their concept first; what corruption errors are made of.
        clean_passed, clean_errors: the same of the uncorrupted images.
        low, high: 95 % Wilson interval of the pass rate.
        min_pass_rate, max_drop: what the suite demands; None: nothing.
        metrics: as in `TierResult`.
    """

    suite: str
    model: str
    corruption: str
    severity: Count
    passed: Count
    total: Count
    errors: Count
    clean_passed: Count
    clean_errors: Count
    low: Number
    high: Number
    groups: Count
    mean_score: Number | None = None
    min_pass_rate: Number | None = None
    max_drop: Number | None = None
    metrics: Mapping[str, Number] = field(default_factory=dict)

    @property
    def key(self) -> str:
        """`suite/fog+3`, the name of the slice in test ids."""
        return f"{self.suite}/{self.corruption}+{self.severity}"

    @property
    def rate(self) -> float:
        """Share of the judged cases that passed; 0 where none was judged."""
        return self.passed / self.total if self.total else 0.0

    @property
    def clean_rate(self) -> float:
        """The same of the uncorrupted images."""
        return self.clean_passed / self.total if self.total else 0.0

    @property
    def met(self) -> bool:
        """Whether the demands are met; without a demand always."""
        enough = self.min_pass_rate is None or self.rate >= self.min_pass_rate - 1e-9
        return enough and (self.max_drop is None or self.clean_rate - self.rate <= self.max_drop + 1e-9)


@dataclass(frozen=True, slots=True, kw_only=True)
class MetricResult:
    """A registered metric over the tiers of a suite that demands something of it.

    Attributes:
        value: None where the metric is not defined.
        cases: how many it is over.
        least, most: what the suite demands; None: nothing.
    """

    suite: str
    model: str
    metric: str
    value: Number | None = None
    cases: Count
    least: Number | None = None
    most: Number | None = None

    @property
    def met(self) -> bool:
        """Whether the demands are met; what is not defined meets none."""
        if self.value is None:
            return False
        return (self.least is None or self.value >= self.least) and (self.most is None or self.value <= self.most)


@dataclass(frozen=True, slots=True, kw_only=True)
class SweepSummary:
    """The standard figures of one suite's sweep under one model.

    Attributes:
        mce, relative_mce: mean corruption errors against AlexNet's (100: as bad), None unless all 15
            corruptions were run at all 5 severities.
        mean_error: plain mean of the errors over those 75, as CIFAR-10-C is reported; None likewise.
    """

    suite: str
    model: str
    mce: Number | None = None
    relative_mce: Number | None = None
    mean_error: Number | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class PairedVerdict:
    """What the cases that run and baseline share say of one suite and tier.

    Attributes:
        state: `regressed`, `cleared` or `not shown`.
        cases, groups: how many both sides have, and how many groups they come from.
        drop: mean of baseline score less score; negative where scores rose; 0 without cases.
        upper: one-sided upper 95 % bound of the drop; None: too few groups for a bound.
        p_value: of the one-sided sign-flip test; None where the groups are too few for one.
        p_holm: the same after Holm's correction over all tests; this one decides.
        tests: how many suites and tiers were tested together.
        detectable: a mean drop above this would have been significant, given how much the differences of this
            sample vary; None: no drop could have been.
        allowed_drop: the declared margin that `upper` is held against.
        worse: cases that passed in the baseline and fail now.
        better: cases that failed in the baseline and pass now.
        mcnemar_p: exact two-sided p-value of McNemar's test on the flips; decides nothing.
        bootstrap: 95 % interval of the drop from drawing groups again; None under two; decides nothing.
    """

    suite: str
    tier: Count
    state: State
    cases: Count
    groups: Count
    drop: Number
    upper: Number | None = None
    p_value: Number | None = None
    p_holm: Number | None = None
    tests: Count
    detectable: Number | None = None
    allowed_drop: Number
    worse: Count
    better: Count
    mcnemar_p: Number
    bootstrap: tuple[Number, Number] | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class BaselineComparison:
    """How a model stands against its baseline.

    Attributes:
        baseline: the file or run, as a person would type it.
        gate: how the model is gated.
        regressed, fixed, same, new: numbers of cases.
        differences: what the baseline was made with and this run was not, a line each.
        verdicts: the paired verdicts that were asked for.
    """

    model: str
    baseline: str
    gate: str
    regressed: Count
    fixed: Count
    same: Count
    new: Count
    differences: tuple[str, ...] = ()
    verdicts: tuple[PairedVerdict, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class ModelPair:
    """Two models on the same images.

    Attributes:
        first, second: names of the models.
        both, only_first, only_second, neither: images by who passes them.
        lead: share of the images that the first passes less that of the second.
        interval: two-sided 95 % interval of the lead: what sign flips by group do not reject (see `sign_flip`); None
            where the groups are too few for one.
        groups: scenes or source pictures that the images come from.
        consistency: κ of their errors (Geirhos et al. 2020); None where it is not defined.
    """

    first: str
    second: str
    both: Count
    only_first: Count
    only_second: Count
    neither: Count
    lead: Number
    interval: tuple[Number, Number] | None = None
    groups: Count
    consistency: Number | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ModelEntry:
    """A model of a run.

    Attributes:
        name: under which it is compared over time.
        level: the highest tier up to which every suite meets its pass rates; None: not determined.
        of: the highest tier that a suite has.
        level_text: the level in words, with what leaves it open.
        spec: what was named as the model.
        fingerprint: over all that changes its outputs; empty where it is not known.
        preprocessing: as the model card has it.
    """

    name: str
    level: Count | None
    of: Count
    level_text: str
    spec: str = ""
    fingerprint: str = ""
    device: str = ""
    preprocessing: Any = None

    @property
    def note(self) -> str:
        """What leaves the level open; empty where nothing does."""
        return self.level_text.partition(" (")[2].removesuffix(")")


@dataclass(frozen=True, slots=True, kw_only=True)
class Run:
    """One execution: what `run.json` holds.

    Attributes:
        complete: False while the run goes on, and for good where it stopped early.
        started: UTC, `2026-11-25T03:17:00Z`.
        suites: name → digest of `metadata.csv` and `suite.toml`.
        seed: None: what is random follows from case, corruption and severity.
        cache: the folder of kept predictions; empty without.
    """

    complete: bool
    started: str
    duration_s: Number
    command: tuple[str, ...] = ()
    models: tuple[ModelEntry, ...]
    tiers: tuple[TierResult, ...]
    tags: tuple[TagResult, ...] = ()
    metrics: tuple[MetricResult, ...] = ()
    pairs: tuple[ModelPair, ...] = ()
    ladders: tuple[LadderResult, ...] = ()
    slices: tuple[SliceResult, ...] = ()
    sweeps: tuple[SweepSummary, ...] = ()
    comparisons: tuple[BaselineComparison, ...] = ()
    suites: Mapping[str, str] = field(default_factory=dict)
    device: str = ""
    dtype: str = ""
    threads: Count | None = None
    seed: Seed | None = None
    versions: Mapping[str, str] = field(default_factory=dict)
    git_commit: str = ""
    cache: str = ""

    def comparison(self, model: str) -> BaselineComparison | None:
        """Return how a model stood against its baseline; None without one."""
        return next((each for each in self.comparisons if each.model == model), None)


Rows = Sequence[CaseRow]
