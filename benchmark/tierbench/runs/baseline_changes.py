"""Compare the results of models with their baselines, case by case."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
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
from tierbench.runs.diff import RowDiff, diff_cases, judged_tiers, paired_cases
from tierbench.runs.margins import Margins, margin_scales, margins_note, margins_of
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
        self._max_drop = max_drop
        self._changes: dict[str, Change] = {}
        self._scales: Mapping[str, float] | None = None
        # Why falls of margins are not judged; empty if they are. Known when the typical margins have been taken.
        self.note = ""

    @property
    def known(self) -> Mapping[str, Change]:
        """The changes computed so far, by `suite/id`."""
        return self._changes

    @property
    def cases(self) -> list[tuple[str, str]]:
        """Suite and case of each accepted row."""
        return case_keys(self.baseline)

    def diff(self, results: Iterable[CaseResult]) -> list[RowDiff]:
        """Return the diff of results against the baseline, without the `missing` ones."""
        rows = (result.row() for result in results)
        diff = diff_cases(self.baseline.rows, rows, max_drop=self._max_drop, scales=self._scales or {})
        return [each for each in diff if each.change != "missing"]

    def verdicts(self, results: Iterable[CaseResult], suites: Mapping[str, Suite]) -> tuple[PairedVerdict, ...]:
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

    def scale(self, margins: Margins) -> None:
        """Take the typical margins of the model from the margins of `whole_margins`."""
        accepted = margins_of(self.baseline.rows)
        self._scales = margin_scales(margins, accepted)
        self.note = margins_note(accepted, margins)

    def of(self, results: Iterable[CaseResult]) -> Mapping[str, Change]:
        """Return the change of each result against the baseline, by `suite/id`; computed once per case."""
        unknown = [result for result in results if result.verdict and result.case.key not in self._changes]
        if unknown:
            self._changes.update((each.row.key, _change(each)) for each in self.diff(unknown))
        return self._changes


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
            found = BaselineChanges(read_source(source, self._spec(name)), self.max_drop) if source.there else None
            self._known[name] = found
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
        check = update_problems if updating else source_problems
        return [line for spec in self.specs for line in check(self.choice, spec)]

    def _spec(self, name: str) -> ModelSpec:
        return next(spec for spec in self.specs if spec.name == name)
