"""Compare the results of models with their baselines, case by case."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from tierbench.common.schema import GATES, Gate, PairedVerdict
from tierbench.models.endpoint_spec import is_unversioned
from tierbench.models.spec import ModelSpec
from tierbench.runs.baseline import case_keys
from tierbench.runs.baseline_format import TOP, Baseline
from tierbench.runs.baseline_source import (
    BaselineChoice,
    BaselineSource,
    read_source,
    source_problems,
    update_problems,
)
from tierbench.runs.decision import Change
from tierbench.runs.diff import AcceptedRows, RowDiff, judged_tiers, paired_cases, scored_rows
from tierbench.runs.margins import Margins, margin_scales, margins_note
from tierbench.runs.regression import judge_regression
from tierbench.scoring.results import CaseResult
from tierbench.suites.case import Suite


class BaselineChanges:
    """The changes of one model's results against its baseline.

    Args:
        baseline: the accepted rows.
        max_drop: a case whose margin falls by more than this has regressed; see `diff_cases`.
    """

    def __init__(self, baseline: Baseline, max_drop: float) -> None:
        self.baseline = baseline
        self._accepted = AcceptedRows(baseline.rows)
        self._max_drop = max_drop
        self._diffs: dict[str, RowDiff] = {}
        self._changes: dict[str, Change] = {}
        self._scales: Mapping[str, float] | None = None
        # Why falls of margins are not judged; empty if they are. Known when the typical margins have been taken.
        self.note = ""

    @property
    def cases(self) -> list[tuple[str, str]]:
        """Suite and case of each accepted row."""
        return case_keys(self.baseline)

    def diff(self, results: Sequence[CaseResult]) -> list[RowDiff]:
        """Return the diff of the results with a score against the baseline; computed once per case."""
        scored = [result for result in results if result.verdict]
        new = [result.row() for result in scored if result.case.key not in self._diffs]
        for key, row in scored_rows(new).items():
            self._diffs[row.key] = self._accepted.diff(key, row, max_drop=self._max_drop, scales=self._scales or {})
        return [self._diffs[result.case.key] for result in scored]

    def verdicts(self, results: Sequence[CaseResult], suites: Mapping[str, Suite]) -> tuple[PairedVerdict, ...]:
        """Return the paired verdicts on results; see `judge_regression`.

        Args:
            results: the results to judge.
            suites: the suites by name; they say which losses they allow.
        """
        diff = self.diff(results)
        return judge_regression(
            paired_cases(diff),
            allowed_drop={(name, tier): suites[name].tiers[tier].allowed_drop for name, tier in judged_tiers(diff)},
            slipping={name: suite.max_slipping for name, suite in suites.items() if suite.max_slipping is not None},
        )

    @property
    def scaled(self) -> bool:
        """Whether the typical margins of the model have been taken."""
        return self._scales is not None

    def typical(self, margins: Margins) -> tuple[dict[str, float], str]:
        """Return the typical margin of the model by suite, and why falls of margins are not judged, if so.

        Args:
            margins: those of `whole_margins`.
        """
        accepted = self._accepted.margins
        return margin_scales(margins, accepted), margins_note(accepted, margins)

    def scale(self, scales: Mapping[str, float], note: str) -> None:
        """Take what `typical` found, in this process or in another one of the run."""
        self._scales, self.note = scales, note
        self._diffs, self._changes = {}, {}

    def of(self, results: Sequence[CaseResult]) -> list[Change | None]:
        """Return the change of each result against the baseline; None of one without a score."""
        for diff in self.diff([result for result in results if result.case.key not in self._changes]):
            self._changes[diff.row.key] = _change(diff)
        return [self._changes.get(result.case.key) for result in results]


def _change(diff: RowDiff) -> Change:
    before = diff.before
    if diff.change == "new" or before is None:
        return Change("new", diff.reason)
    return Change(
        kind=diff.change,
        reason=diff.reason,
        baseline_score=before.score,
        baseline_predicted=before.predicted or "",
        baseline_passed=diff.passed_before,
        baseline_seen=before.seen,
        baseline_top=before.top[:TOP],
    )


@dataclass
class Baselines:
    """The baselines of a run's models, each read at its first use.

    Attributes:
        choice: the baseline that the user chose.
        specs: the models.
        asked: the gate that the user chose: `auto`, `thresholds`, `flips` or `regression`.
        max_drop: a case whose margin falls by more than this has regressed; see `diff_cases`.
    """

    choice: BaselineChoice
    specs: Sequence[ModelSpec]
    asked: str
    max_drop: float
    _known: dict[str, BaselineChanges | None] = field(default_factory=dict)
    _files: dict[str, Baseline] = field(default_factory=dict)

    def source(self, name: str) -> BaselineSource:
        """Return the source of a model's baseline."""
        return self.choice.source(self._spec(name))

    def of(self, name: str) -> BaselineChanges | None:
        """Return the baseline of a model; None if it has none.

        Raises:
            UserError: if the baseline cannot be read.
        """
        if name not in self._known:
            source = self.source(name)
            baseline = self._read(source, self._spec(name)) if source.there else None
            self._known[name] = BaselineChanges(baseline, self.max_drop) if baseline else None
        return self._known[name]

    def release(self) -> None:
        """Forget what was read; it is read again if somebody asks."""
        self._known.clear()

    def gate(self, name: str) -> Gate:
        """Return the gate of a model; without a baseline it is `thresholds`."""
        if self.of(name) is None:
            return "thresholds"
        if self.asked == "auto":
            # An endpoint may serve another model by now, and then single flips both ways are normal.
            return "regression" if is_unversioned(self._spec(name).spec) else "flips"
        return next(gate for gate in GATES if gate == self.asked)

    def update_path(self, name: str) -> Path:
        """Return the file that the accepted scores of a model are written to."""
        return self.choice.update_path(self._spec(name))

    def problems(self, *, updating: bool) -> list[str]:
        """List the problems of the baselines that are to be read or, with `updating`, to be written."""
        if updating:
            return [line for spec in self.specs for line in update_problems(self.choice, spec)]
        return [line for spec in self.specs for line in source_problems(self.choice, spec, self._read)]

    def _read(self, source: BaselineSource, spec: ModelSpec) -> Baseline:
        """Read a baseline once: to look for problems, and to compare."""
        if spec.name not in self._files:
            self._files[spec.name] = read_source(source, spec)
        return self._files[spec.name]

    def _spec(self, name: str) -> ModelSpec:
        return next(spec for spec in self.specs if spec.name == name)
