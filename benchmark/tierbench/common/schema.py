"""The schema of a run: the types that are computed, sent by workers, recorded and shown on pages. No I/O.

`runs/record.py` reads and writes it through msgspec. New fields have defaults, so that older records stay readable;
unknown fields are ignored. The bounds in the annotations are checked when a record is read.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Annotated, Any, Literal

from msgspec import Meta

# Increase this when older versions would misread the record.
SCHEMA = 1

Gate = Literal["thresholds", "flips", "regression"]
GATES: tuple[Gate, ...] = ("thresholds", "flips", "regression")
State = Literal["regressed", "cleared", "not shown", "unchanged"]

Count = Annotated[int, Meta(ge=0, le=10**9)]
Seed = Annotated[int, Meta(ge=0, le=2**63 - 1)]
Number = Annotated[float, Meta(gt=-1e12, lt=1e12)]
# Half-precision probabilities can sum to slightly more than 1.
Share = Annotated[float, Meta(ge=-0.001, le=1.001)]
Margin = Annotated[float, Meta(ge=-1.001, le=1.001)]
# Differences of logits that float32 probabilities can express are far smaller.
LogMargin = Annotated[float, Meta(ge=-1000, le=1000)]


@dataclass(frozen=True, slots=True, kw_only=True)
class CaseRow:
    """The result of one case and one model: a row of `scores.csv`, in which each parameter has its own column.

    Attributes:
        tier: the tier that the case counts for; None for steps of ladders, absence cases and derived cases.
        tags: separated by spaces.
        expected: the concept; alternatives separated by `|`; `!ship` for its absence.
        predicted: the concept of the most probable label, or that label; None, like all figures, if nothing was
            predicted.
        confidence: its probability.
        score, rank, margin: of the expectation; see `Verdict`.
        log_margin: difference of the logits of the expectation's best label and the best other label; None where
            probabilities are saturated, and in records of version 0.1.
        twin_log_margin: that in the image of the twin; None without a twin.
        seen: share of the views in which the step of a ladder passed; None for other cases.
        outcome: `passed`, `failed`, `xfailed`, `error`, `skipped`, or `unscored`: the model's answer does
            not tell.
        reason: why the case did not pass.
        change: `regressed`, `fixed`, `same` or `new` compared with the baseline; None without one.
        baseline_score, baseline_top: the accepted score, and the three most probable labels that were accepted.
        corruption, severity: only for derived cases.
        known_issue: why a miss is known, as the suite has it.
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
    log_margin: LogMargin | None = None
    twin_log_margin: LogMargin | None = None
    seen: Share | None = None
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
    known_issue: str = ""
    baseline_top: tuple[tuple[str, float], ...] = ()
    top: tuple[tuple[str, float], ...] = ()
    image_sha256: str = ""
    parameters: Mapping[str, float] = field(default_factory=dict)

    @property
    def key(self) -> str:
        """`suite/case`."""
        return f"{self.suite}/{self.case}"

    @property
    def absent(self) -> bool:
        """Whether the image must not show the concept."""
        return self.expected.startswith("!")


@dataclass(frozen=True, slots=True, kw_only=True)
class TierResult:
    """The result of a model on one tier of one suite.

    Attributes:
        passed: number of cases that met their thresholds; a missed known issue is not one of them.
        total: number of judged cases, including errors and unscored ones.
        size: number of cases in the tier.
        errors: number of cases without a verdict, but for unscored ones.
        unscored: number of cases whose verdict depends on what the model's answers lack.
        low, high: 95 % interval of the pass rate, by groups; see `pass_rate_interval`. None: too few groups.
        groups: number of scenes or source images that the judged cases come from.
        mean_score: over the cases with a verdict; None if there are none.
        worst_case, worst_score: the judged case with the lowest score.
        min_pass_rate: the pass rate that the suite requires.
        met: whether it is reached; None if not every case was judged, or if cases without a verdict decide it.
        metrics: values of the registered metrics, by name, without the undefined ones. Three of them are shown beside
            the pass rate: `mean_confidence`, `ece` and `nll`.
    """

    suite: str
    model: str
    tier: Count
    name: str
    passed: Count
    total: Count
    size: Count
    errors: Count = 0
    unscored: Count = 0
    low: Number | None
    high: Number | None
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
class AbsenceResult:
    """How often a model claims a concept that is not there, on the absence cases of one suite.

    Attributes:
        cases: number of judged cases, including errors.
        size: number of absence cases in the suite.
        errors: number of cases without a verdict.
        false_alarms: number of cases in which the most probable label is one of the absent concept.
        low, high: 95 % Wilson interval of the false-alarm rate, for independent images.
        groups: number of scenes or source images that the judged cases come from.
        max_false_alarms: the false-alarm rate that the suite tolerates.
        met: whether it is kept; None if not every case was judged, or if there are errors.
    """

    suite: str
    model: str
    cases: Count
    size: Count
    errors: Count = 0
    false_alarms: Count
    low: Number
    high: Number
    groups: Count = 0
    max_false_alarms: Number = 0.0
    met: bool | None = None

    @property
    def rate(self) -> float:
        """Share of the judged cases with a false alarm; 0 where none was judged."""
        return self.false_alarms / self.cases if self.cases else 0.0


@dataclass(frozen=True, slots=True, kw_only=True)
class LevelResult:
    """A demand on recognition before and now, on the cases that the baseline and the run both have.

    Attributes:
        suite, tier: the tier; empty and None for the level over all suites.
        cases: number of cases that both have.
        before, now: number of them that passed; for the level, the level, None if it is not determined.
        min_pass_rate: the pass rate that the suite requires of the tier; None for the level.
    """

    model: str
    suite: str = ""
    tier: Count | None = None
    cases: Count
    before: Count | None = None
    now: Count | None = None
    min_pass_rate: Number | None = None

    @property
    def met_before(self) -> bool | None:
        """Whether the tier met its demand in the baseline; None for the level, and without a case."""
        return self._met(self.before)

    @property
    def met_now(self) -> bool | None:
        """Whether the tier meets its demand now; None for the level, and without a case."""
        return self._met(self.now)

    @property
    def fell(self) -> bool:
        """Whether the level fell, or the tier met its demand and does not now; a level not determined is no fall."""
        if self.before is None or self.now is None:
            return False
        if self.min_pass_rate is None:
            return self.now < self.before
        return self.met_before is True and self.met_now is False

    def _met(self, passed: int | None) -> bool | None:
        if self.min_pass_rate is None or passed is None or not self.cases:
            return None
        return passed >= self.min_pass_rate * self.cases - 1e-9


@dataclass(frozen=True, slots=True, kw_only=True)
class MissingResult:
    """The cases and the data sets of a model's baseline that a run lacks.

    Attributes:
        cases: number of cases in the baseline, without corrupted copies.
        missing: `suite/case` of each that the run lacks: its row is gone, its suite, or the model's label for it.
        not_fetched: suites of the baseline whose pictures were never fetched; their cases are not among the missing.
        sets: data sets with accepted results that neither the run nor the settings name.
        narrowed_by: what left cases out on purpose, such as `-k`; then nothing is missing.
    """

    model: str
    cases: Count
    missing: tuple[str, ...] = ()
    not_fetched: tuple[str, ...] = ()
    sets: tuple[str, ...] = ()
    narrowed_by: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class TagResult:
    """The result of a model on the cases of one suite that share a tag.

    Attributes:
        passed, total: number of cases that met their thresholds, and of judged cases.
        low, high: 95 % interval of the pass rate, by groups; see `pass_rate_interval`. None: too few groups.
        groups: number of scenes or source images that they come from.
        metrics: as in `TierResult`.
    """

    suite: str
    model: str
    tag: str
    passed: Count
    total: Count
    low: Number | None
    high: Number | None
    groups: Count
    metrics: Mapping[str, Number] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class LadderResult:
    """The result of a model on one ladder.

    Attributes:
        parameter, unit: what changes from step to step.
        direction: `falling` or `rising`: the direction in which the scene gets harder.
        values: the parameter at each step, from easy to hard.
        scores: the score of the expectation at each step; None if the step has no score.
        passed: whether each step met its thresholds.
        breaking_point: the parameter at the last step before the first miss; None if the first step missed.
        recognised: whether each step met its thresholds in each view; empty in records before the eight views.
        half_state: `inside` if the 50 % point lies between the first and the last step, `before`, `beyond`, or empty.
        half_point: the 50 % point, where the step is recognised in half of the views; None outside of the steps.
        half_low, half_high: its 95 % interval over views, by value; None: outside of the steps.
        baseline_shares: share of the views in which the baseline recognised each step; empty without a baseline.
        baseline_half_point: its 50 % point.
        gate: the value that the 50 % point must reach; None: no gate.
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
    concept: str = ""
    recognised: tuple[tuple[bool, ...], ...] = ()
    half_state: Literal["", "before", "inside", "beyond"] = ""
    half_point: Number | None = None
    half_low: Number | None = None
    half_high: Number | None = None
    baseline_shares: tuple[Share, ...] = ()
    baseline_half_point: Number | None = None
    gate: Number | None = None

    @property
    def shares(self) -> tuple[float, ...]:
        """Share of the views in which each step was recognised."""
        if not self.recognised:
            return tuple(map(float, self.passed))
        return tuple(sum(views) / len(views) for views in self.recognised)

    @property
    def reach(self) -> float | None:
        """How far the model sees: the 50 % point, or the last step; None if it does not see the first one."""
        if not self.half_state:
            return self.breaking_point
        return self.values[-1] if self.half_state == "beyond" else self.half_point

    @property
    def seen(self) -> int:
        """Number of steps before the first miss."""
        return next((index for index, passed in enumerate(self.passed) if not passed), len(self.passed))

    @property
    def met(self) -> bool | None:
        """Whether the 50 % point reaches the gate; True without a gate, None if no step has a score."""
        if self.gate is None:
            return True
        if all(score is None for score in self.scores):
            return None
        if self.reach is None:
            return False
        return self.reach <= self.gate if self.direction == "falling" else self.reach >= self.gate


@dataclass(frozen=True, slots=True, kw_only=True)
class SliceResult:
    """The result of a model on one corruption at one severity.

    Attributes:
        passed, total: number of derived cases that met their thresholds, and of judged ones.
        errors: number of judged cases whose concept did not rank first; corruption errors are computed from it.
        clean_passed, clean_errors: the same numbers for the uncorrupted images.
        geometry: `imagenet-c`, `whole`, or `unchanged`, which part of the pictures was corrupted; empty in version 0.1.
        cropped_again: whether the model's own resize and crop followed the corruption, unlike in ImageNet-C.
        low, high: 95 % interval of the pass rate, by groups; see `pass_rate_interval`. None: too few groups.
        min_pass_rate, max_drop: the limits that the suite sets; None: no limit.
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
    low: Number | None
    high: Number | None
    groups: Count
    mean_score: Number | None = None
    min_pass_rate: Number | None = None
    max_drop: Number | None = None
    metrics: Mapping[str, Number] = field(default_factory=dict)
    geometry: str = ""
    cropped_again: bool = False

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
        """The same share for the uncorrupted images."""
        return self.clean_passed / self.total if self.total else 0.0

    @property
    def met(self) -> bool | None:
        """Whether the limits are kept; True without limits, None if no case was judged."""
        if not self.total and (self.min_pass_rate, self.max_drop) != (None, None):
            return None
        enough = self.min_pass_rate is None or self.rate >= self.min_pass_rate - 1e-9
        return enough and (self.max_drop is None or self.clean_rate - self.rate <= self.max_drop + 1e-9)


@dataclass(frozen=True, slots=True, kw_only=True)
class MetricResult:
    """The value of a registered metric over the tiers of a suite that sets a gate for it.

    Attributes:
        value: None if the metric is not defined.
        cases: number of cases that it is computed from.
        least, most: the limits that the suite sets; None: no limit.
    """

    suite: str
    model: str
    metric: str
    value: Number | None = None
    cases: Count
    least: Number | None = None
    most: Number | None = None

    @property
    def met(self) -> bool | None:
        """Whether the value is within the limits; False if it is not defined, None if no case was judged."""
        if not self.cases:
            return None
        if self.value is None:
            return False
        return (self.least is None or self.value >= self.least) and (self.most is None or self.value <= self.most)


@dataclass(frozen=True, slots=True, kw_only=True)
class SweepSummary:
    """The standard figures of a sweep of one suite under one model.

    Attributes:
        mce, relative_mce: mean corruption errors relative to AlexNet (100: as bad as AlexNet); None unless all 15
            corruptions were run at all 5 severities, in the published geometry.
        mean_error: plain mean of the errors over those 75 slices, as reported for CIFAR-10-C; None unless all were run.
        geometry, cropped_again: as in `SliceResult`.
        input_size: height and width of the model's input; empty if it is not known.
    """

    suite: str
    model: str
    mce: Number | None = None
    relative_mce: Number | None = None
    mean_error: Number | None = None
    geometry: str = ""
    cropped_again: bool = False
    input_size: tuple[Count, ...] = ()

    @property
    def is_published(self) -> bool:
        """Whether the pictures came to the model as in ImageNet-C, which its mCE is defined for."""
        return self.geometry == "imagenet-c" and not self.cropped_again


@dataclass(frozen=True, slots=True, kw_only=True)
class Slipping:
    """The fall of the scaled, bounded log margin on the cases that a run and its baseline both have.

    Attributes:
        fall: mean over the groups, in typical margins; negative if margins rose.
        low, high: its 95 % interval, valid for any distribution within the bounds.
        groups: number of groups with a margin in both.
        most: the fall that the suite allows; None: it sets no limit.
    """

    fall: Number
    low: Number
    high: Number
    groups: Count
    most: Number | None = None

    @property
    def met(self) -> bool:
        """Whether the interval contains a fall that the suite allows; always True without a limit."""
        return self.most is None or self.low <= self.most


@dataclass(frozen=True, slots=True, kw_only=True)
class Flip:
    """A case that one of two models passes and the other does not.

    Attributes:
        gain: whether the model passes it and the reference does not; False: the other way round.
        reference_score, score: of the expectation, under the reference and under the model.
        reference_top, top: the most probable labels of each with their probabilities.
    """

    suite: str
    case: str
    tier: Count
    expected: str
    gain: bool
    reference_predicted: str
    predicted: str
    reference_score: Share
    score: Share
    reference_top: tuple[tuple[str, float], ...] = ()
    top: tuple[tuple[str, float], ...] = ()
    image_sha256: str = ""

    @property
    def key(self) -> str:
        """`suite/case`."""
        return f"{self.suite}/{self.case}"


@dataclass(frozen=True, slots=True, kw_only=True)
class PairedVerdict:
    """The paired comparison of a run with its baseline, over all suites or on one tier of one suite.

    With `against`, the comparison of two models of one run: that model takes the place of the baseline.

    In records of version 0.1 `lost` and `won` are None: there the drop is that of the mean score, and the p-values are
    those of a sign-flip test.

    Attributes:
        suite: empty for all suites together; of a data set its name.
        tier: None for all tiers together.
        slice: of a data set; empty: all of it.
        state: `regressed`, `cleared`, `not shown` or `unchanged`.
        cases, groups: number of cases that both have, and of groups that these come from.
        lost, won: number of groups whose share of passed cases fell or rose.
        lost_groups, won_groups: the first of their names; `suite/group` over all suites.
        drop: net loss: share of the groups that were lost less share of those that were won; 0 without cases.
        upper: one-sided upper 95 % bound of the net loss; None without groups.
        p_value: of the exact test that no more groups are lost than won; None without groups.
        p_holm: the same after Holm's correction over all tiers, and never below that of all suites together; the state
            depends on this one.
        tests: number of suites and tiers, or of slices, that were tested.
        detectable: the net loss that this sample shows in 80 % of runs, with as many groups won; None if no net loss.
        needed: number of groups that would settle it if the shares of lost and won stay; None if no number would, or
            if it is settled.
        needed_for: the state that they would settle.
        allowed_drop: the net loss that `upper` is compared with.
        worse: number of cases that passed in the baseline and fail now.
        better: number of cases that failed in the baseline and pass now.
        mcnemar_p: exact two-sided p-value of McNemar's test on the flips; for information only.
        bootstrap: 95 % interval of the net loss from resampling groups; for information only.
        slipping: the fall of the margins; None if they are not known, and between models.
        against: name of the reference model; empty: the baseline.
        flips: the cases that one of the two models passes and the other does not; none against a baseline.
        errors: `suite/case` of each case that is not counted because it has an error under one of the two models.
        unshared: the same for each case that one of the two models has no label for, or that is unscored under it.
    """

    suite: str = ""
    tier: Count | None = None
    slice: str = ""
    state: State
    cases: Count
    groups: Count
    lost: Count | None = None
    won: Count | None = None
    lost_groups: tuple[str, ...] = ()
    won_groups: tuple[str, ...] = ()
    drop: Number
    upper: Number | None = None
    p_value: Number | None = None
    p_holm: Number | None = None
    tests: Count
    detectable: Number | None = None
    needed: Count | None = None
    needed_for: str = ""
    allowed_drop: Number
    worse: Count
    better: Count
    mcnemar_p: Number
    bootstrap: tuple[Number, Number] | None = None
    slipping: Slipping | None = None
    against: str = ""
    flips: tuple[Flip, ...] = ()
    errors: tuple[str, ...] = ()
    unshared: tuple[str, ...] = ()

    @property
    def whole(self) -> bool:
        """Whether it is about all suites together, or all of a data set."""
        return self.tier is None and not self.slice


@dataclass(frozen=True, slots=True, kw_only=True)
class BaselineComparison:
    """A model compared with its baseline.

    Attributes:
        baseline: the file or run, as a person would type it.
        gate: the gate that applies to the model.
        regressed, fixed, same, new: numbers of cases.
        differences: what the baseline was made with and this run was not, one line each.
        note: why falls of margins are not judged; empty if they are.
        verdicts: the paired verdicts that were requested, that over all suites together first.
        accepted: who accepted the baseline last, and when; empty if it does not say.
    """

    model: str
    baseline: str
    gate: str
    regressed: Count
    fixed: Count
    same: Count
    new: Count
    differences: tuple[str, ...] = ()
    note: str = ""
    verdicts: tuple[PairedVerdict, ...] = ()
    accepted: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class ReferenceComparison:
    """A model compared with the reference model of the run.

    Attributes:
        flips, errors, unshared: of all verdicts; see `PairedVerdict`. The verdicts themselves do not repeat them.
        verdicts: the paired verdicts that were requested, that over all suites together first.
    """

    model: str
    reference: str
    flips: tuple[Flip, ...] = ()
    errors: tuple[str, ...] = ()
    unshared: tuple[str, ...] = ()
    verdicts: tuple[PairedVerdict, ...] = ()

    @property
    def cases(self) -> int:
        """Number of cases that both models judged."""
        whole = [verdict.cases for verdict in self.verdicts if verdict.tier is None]
        return whole[0] if whole else sum(verdict.cases for verdict in self.verdicts)

    def flipped(self, *, gain: bool) -> list[Flip]:
        """Return the cases that only the model passes, or those that only the reference passes."""
        return [flip for flip in self.flips if flip.gain == gain]


@dataclass(frozen=True, slots=True, kw_only=True)
class ErrorConsistency:
    """How much more often two models fail on the same images of one condition than their pass rates imply.

    Attributes:
        suite, tier: where the images are from; a corrupted image has the tier of its clean one.
        corruption, severity: of the condition; empty for images as they are.
        kappa: κ (Geirhos et al. 2020); None if it is not defined.
        interval: 95 %, by groups; None with too few.
        cases, groups: number of images, and of groups that they come from.
    """

    suite: str
    tier: Count
    corruption: str = ""
    severity: Count | None = None
    kappa: Number | None = None
    interval: tuple[Number, Number] | None = None
    cases: Count
    groups: Count


@dataclass(frozen=True, slots=True, kw_only=True)
class ModelPair:
    """Two models compared on the same images.

    Attributes:
        first, second: names of the models.
        both, only_first, only_second, neither: numbers of images, by which of the models pass them.
        lead: share of the groups of which the first model passes more images, less the share of which it passes fewer.
            In records of version 0.1, which lack `ahead` and `behind`: pass rate of the first less that of the second.
        interval: 95 % interval of the lead, simultaneous over all pairs of models, for the best is known only
            afterwards.
        groups: number of scenes or source images that the images come from.
        ahead, behind: numbers of groups of which the first model passes more, or fewer, images.
        consistencies: error consistency by suite and tier, and by corruption and severity; never pooled.
        consistency: κ over all tiers together, in records of version 0.1 only.
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
    ahead: Count | None = None
    behind: Count | None = None
    consistencies: tuple[ErrorConsistency, ...] = ()
    consistency: Number | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class SetDemand:
    """What `datasets.toml` demands of a figure of a data set or of one of its slices.

    Attributes:
        figure: `accuracy`, `ece`, `drop` (of the accuracy, against the clean slice), `mce` or `mean_error`.
        limit: the smallest accuracy, or the largest value of another figure.
        value: the figure; None if it is not defined, such as the mCE without all severities.
        met: whether it meets the limit; None: the pictures that are not judged could decide either way.
    """

    figure: str
    limit: Number
    value: Number | None = None
    met: bool | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class SetSlice:
    """The result of a model on one slice of a data set, or on all of it.

    Attributes:
        slice: its name, such as `fog+3`; empty: all of the set.
        total: number of pictures, including errors.
        correct: number of pictures whose class ranked first.
        errors: number of pictures without a prediction.
        unscored: number of pictures of which a server's answer lacks the labels that decide whether they are right.
        classes: number of classes that the pictures have.
        groups: number of originals that they were made from.
        low, high: 95 % interval of the accuracy, by groups; None: too few groups.
        metrics: values of the registered metrics, by name, without the undefined ones.
        demands: what is demanded of it.
    """

    slice: str = ""
    total: Count
    correct: Count
    errors: Count = 0
    classes: Count = 0
    groups: Count = 0
    unscored: Count = 0
    low: Number | None = None
    high: Number | None = None
    metrics: Mapping[str, Number] = field(default_factory=dict)
    demands: tuple[SetDemand, ...] = ()

    @property
    def met(self) -> bool | None:
        """Whether every demand is met; None if that is not determined."""
        met = [demand.met for demand in self.demands]
        return False if False in met else None if None in met else True

    @property
    def judged(self) -> int:
        """Number of pictures that are right or wrong; all figures are on these."""
        return self.total - self.unjudged

    @property
    def unjudged(self) -> int:
        """Number of pictures that are neither right nor wrong: errors, and unscored ones."""
        return self.errors + self.unscored

    @property
    def accuracy(self) -> float | None:
        """Share of the judged pictures whose class ranked first; None without any."""
        return self.correct / self.judged if self.judged else None


@dataclass(frozen=True, slots=True, kw_only=True)
class SetResult:
    """The result of a model on a data set.

    Attributes:
        set: its name.
        model: name of the model.
        spec: `KIND:PATH[@SPLIT]`.
        digest: of the ids, slices and classes of all its pictures.
        title: of its layout, such as `ImageNet-C`.
        protocol: how its pictures came to the model, and which labels count; one sentence each.
        size: number of pictures in the set; more than `whole.total` in a shard, a sample or a run that was stopped.
        labels: number of the model's labels that count; 0: not known.
        whole: the result on all pictures.
        slices: the result by slice, in the order of their names; empty if there is one only.
        clean: the slice that drops are measured from; empty: none.
        mce, relative_mce, mean_error: as in `SweepSummary`.
        mce_interval, relative_mce_interval, mean_error_interval: 95 %, from resampling originals.
        warnings: why the figures may be wrong as a whole, such as an accuracy near chance; one line each.
        notes: what a reader of the figures must know, one line each.
        results: folder of the result files, relative to the record.
        verdict: on all pictures that the accepted results have too; None without a baseline, or if only slices ran.
        slice_verdicts: by slice, where the whole regressed; empty if it did not, or the set has no slices.
        undetermined: whether pictures that are not judged could make the verdict `regressed`.
        baseline: where the accepted results are; empty without.
        differences: what the accepted results were made with that is different now.
        missing: number of pictures of the accepted results that the set lacks.
        missing_named: the first of their ids.
    """

    set: str
    model: str
    spec: str = ""
    digest: str = ""
    title: str = ""
    protocol: tuple[str, ...] = ()
    size: Count
    labels: Count = 0
    whole: SetSlice
    slices: tuple[SetSlice, ...] = ()
    clean: str = ""
    mce: Number | None = None
    relative_mce: Number | None = None
    mean_error: Number | None = None
    mce_interval: tuple[Number, Number] | None = None
    relative_mce_interval: tuple[Number, Number] | None = None
    mean_error_interval: tuple[Number, Number] | None = None
    warnings: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()
    results: str = ""
    verdict: PairedVerdict | None = None
    slice_verdicts: tuple[PairedVerdict, ...] = ()
    undetermined: bool = False
    baseline: str = ""
    differences: tuple[str, ...] = ()
    missing: Count = 0
    missing_named: tuple[str, ...] = ()

    @property
    def accuracy(self) -> float | None:
        """The accuracy on all pictures with a prediction; None without any."""
        return self.whole.accuracy

    @property
    def complete(self) -> bool:
        """Whether every picture of the set has a row."""
        return self.whole.total == self.size

    def slice(self, name: str) -> SetSlice | None:
        """Return the result on a slice; None if the set has no such slice."""
        return next((each for each in self.slices if each.slice == name), None)


@dataclass(frozen=True, slots=True, kw_only=True)
class StandoutSlice:
    """A slice that holds more misses or regressions than chance.

    Attributes:
        kind: what the cases of the slice share: `tag`, `concept`, `parameter`, `picture` (a figure of the picture
            itself) or `corruption`.
        name: what it is in words: `night`, `ship`, `distance_m > 40 m`, `brightness ≤ 0.21`, `fog at severity 3`.
        hits, size: number of its cases that are hits (misses, regressions), and of all; for regressions of those that
            the baseline passed.
        groups: number of scenes or source images that they come from.
        expected: number of hits if those of its tiers fell by chance.
        p: probability that chance alone makes any slice of the search stand out as far.
        low, high: 95 % interval of the share of hits, by groups; None: too few groups.
        alike: names of other slices that have nearly the same cases.
    """

    kind: Literal["tag", "concept", "parameter", "picture", "corruption"]
    name: str
    hits: Count
    size: Count
    groups: Count
    expected: Number
    p: Share
    low: Number | None = None
    high: Number | None = None
    alike: tuple[str, ...] = ()

    @property
    def rate(self) -> float:
        """Share of its cases that are hits."""
        return self.hits / self.size if self.size else 0.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Standouts:
    """The slices that were found to hold more of a model's misses or regressions than chance.

    Attributes:
        of: what was looked for: `misses`, or `regressions` against the baseline.
        hits, cases: number of them, and of the cases they are among.
        searched: number of slices that were compared; 0: there were too few hits to tell.
        found: the slices, most striking first; empty if nothing stands out.
    """

    model: str
    of: Literal["misses", "regressions"]
    hits: Count
    cases: Count
    searched: Count
    found: tuple[StandoutSlice, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class ModelEntry:
    """A model of a run.

    Attributes:
        name: the name under which it is compared over time.
        level: the highest tier up to which every suite meets its pass rates; None: not determined.
        of: the highest tier of any suite.
        level_text: the level in words; in parentheses, what leaves it open.
        spec: the spec that the user gave.
        fingerprint: a hash over everything that changes its outputs; empty if it is not known.
        backend: what ran it beside plain torch, with its version: ONNX Runtime or torch.compile; empty: nothing.
        preprocessing: copied from the model card.
        prediction_s: seconds for which it predicted, without waiting for others; None if that is not known.
        pictures: number of pictures that it was asked for then, stored predictions included.
    """

    name: str
    level: Count | None
    of: Count
    level_text: str
    spec: str = ""
    fingerprint: str = ""
    device: str = ""
    backend: str = ""
    preprocessing: Any = None
    prediction_s: Number | None = None
    pictures: Count = 0

    @property
    def note(self) -> str:
        """What leaves the level open; empty if nothing does."""
        return self.level_text.partition(" (")[2].removesuffix(")")


@dataclass(frozen=True, slots=True, kw_only=True)
class LeftToMerge:
    """What a test of a shard reports in place of a result: `tierbench merge` judges it, when all shards are there.

    Attributes:
        takes_cropped: whether the model takes cropped pictures without cropping them again; None if nobody asked.
        partial: `suite/case` of each case of which the model's answer lacks labels.
    """

    model: str
    takes_cropped: bool | None = None
    partial: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class ShardRecord:
    """What `tierbench merge` needs of a shard beside its run: the content of `shard.json`.

    Attributes:
        number, of: which shard it is, and of how many.
        arguments: of pytest, which select the same tests and gates again.
        rows: the results of all of its cases as they were computed, also of those that only merge judges.
        partial: model and `suite/case` of each case of which the model's answer lacks labels.
        cards: model → its card.
        backends: model → what ran it.
        takes_cropped: model → whether it takes cropped pictures without cropping them again.
        figures: SHA-256 of a picture's file → its figures; see `PictureFigures`.
        sets: what is in the data sets; see `SetPool.hand_over`.
    """

    number: Count
    of: Count
    arguments: tuple[str, ...] = ()
    rows: tuple[CaseRow, ...] = ()
    partial: tuple[tuple[str, str], ...] = ()
    cards: Mapping[str, Any] = field(default_factory=dict)
    backends: Mapping[str, str] = field(default_factory=dict)
    takes_cropped: Mapping[str, bool] = field(default_factory=dict)
    figures: Mapping[str, tuple[Number, ...]] = field(default_factory=dict)
    sets: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class FailedTest:
    """A test of the benchmark that failed.

    Attributes:
        kind: of the test, such as `case`, `tier` or `set`.
        name: its id without the model: `vehicles/tier1`.
        error: whether it had an error, and so no result.
    """

    kind: str
    model: str
    name: str
    error: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class RunVerdict:
    """What came out of a run.

    Attributes:
        state: `failed` if a test of the benchmark failed; `not judged` if none did and the run is not whole.
        sentence: begins with the state; texts from suites and models in it are on one line.
    """

    state: Literal["passed", "failed", "not judged"]
    sentence: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Run:
    """One execution: the content of `run.json`.

    Attributes:
        complete: False during the run, and afterwards if it stopped early.
        started: UTC, `2026-11-25T03:17:00Z`.
        suites: name → digest of `metadata.csv` and `suite.toml`.
        seed: None: all randomness is derived from case, corruption and severity.
        cache: the folder of stored predictions; empty without one.
        verdict: what came out; None in older records, and as long as the run lasts: see `verdict_of`.
        failed: the tests of the benchmark that failed; None in older records.
        failed_others: number of other tests in the session that failed.
        accepted: whether its scores became the baseline; None: that was not asked for.
        shard: `1/3`, which part of a run it is; empty: all of it.
    """

    complete: bool
    started: str
    duration_s: Number
    command: tuple[str, ...] = ()
    models: tuple[ModelEntry, ...]
    tiers: tuple[TierResult, ...]
    absences: tuple[AbsenceResult, ...] = ()
    levels: tuple[LevelResult, ...] = ()
    missing: tuple[MissingResult, ...] = ()
    tags: tuple[TagResult, ...] = ()
    metrics: tuple[MetricResult, ...] = ()
    pairs: tuple[ModelPair, ...] = ()
    ladders: tuple[LadderResult, ...] = ()
    slices: tuple[SliceResult, ...] = ()
    sweeps: tuple[SweepSummary, ...] = ()
    sets: tuple[SetResult, ...] = ()
    comparisons: tuple[BaselineComparison, ...] = ()
    references: tuple[ReferenceComparison, ...] = ()
    standouts: tuple[Standouts, ...] = ()
    suites: Mapping[str, str] = field(default_factory=dict)
    device: str = ""
    dtype: str = ""
    threads: Count | None = None
    seed: Seed | None = None
    versions: Mapping[str, str] = field(default_factory=dict)
    git_commit: str = ""
    cache: str = ""
    verdict: RunVerdict | None = None
    failed: tuple[FailedTest, ...] | None = None
    failed_others: Count = 0
    accepted: bool | None = None
    shard: str = ""

    def comparison(self, model: str) -> BaselineComparison | None:
        """Return the comparison of a model with its baseline; None without one."""
        return next((each for each in self.comparisons if each.model == model), None)


Rows = Sequence[CaseRow]
