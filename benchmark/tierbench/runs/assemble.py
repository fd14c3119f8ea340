"""Assemble the record of a run from what its tests reported: tiers, levels, sweeps, comparisons with baselines."""

from __future__ import annotations

import itertools
import sys
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from tierbench.common.cache import cache_folder
from tierbench.common.files import shown_path
from tierbench.common.schema import (
    AbsenceResult,
    BaselineComparison,
    CaseRow,
    LeftToMerge,
    ModelEntry,
    PairedVerdict,
    ReferenceComparison,
    Run,
    SetResult,
    SliceResult,
    Standouts,
    SweepSummary,
    TagResult,
    TierResult,
)
from tierbench.runs.acceptance_history import latest_text
from tierbench.runs.baseline import provenance_changes
from tierbench.runs.baseline_changes import Baselines
from tierbench.runs.environment import git_commit, thread_count, tool_versions
from tierbench.runs.margins import margins_of
from tierbench.runs.provenance import provenance
from tierbench.runs.whole_margins import whole_margins
from tierbench.scoring.absence import summarise_absence
from tierbench.scoring.figures import summarise_tags
from tierbench.scoring.leaderboard import pair_models, rank_models
from tierbench.scoring.model_pool import ModelPool
from tierbench.scoring.set_demands import with_slices
from tierbench.scoring.slices import summarise_sweep
from tierbench.scoring.standouts import find_standouts
from tierbench.scoring.tiers import level_of, summarise_tier
from tierbench.suites.case import Suite

# What tells the results of one kind of test apart, besides the model.
_IDENTITY = ("suite", "set", "tier", "ladder", "corruption", "severity", "metric")


@dataclass
class Gathered:
    """What the tests of a run reported; a later report of the same test replaces an earlier one.

    Attributes:
        rows: the rows of the cases, by suite, case and model.
        left: in a shard, those of further cases, which only `tierbench merge` judges.
        left_notes: what its tests left to merge beside rows, by model.
        results: results as in the schema, by kind of test, then by model and subject.
        fingerprints: fingerprints of the models, by name.
    """

    rows: dict[tuple[str, str, str], CaseRow] = field(default_factory=dict)
    left: dict[tuple[str, str, str], CaseRow] = field(default_factory=dict)
    left_notes: dict[str, LeftToMerge] = field(default_factory=dict)
    results: dict[str, dict[tuple[object, ...], Any]] = field(default_factory=dict)
    fingerprints: dict[str, str] = field(default_factory=dict)

    def take(self, kind: str, model: str, result: Any) -> None:
        """Store the result of a test."""
        about = (model, *(getattr(result, name) for name in _IDENTITY if hasattr(result, name)))
        known = self.results.setdefault(kind, {})
        if isinstance(result, SetResult) and about in known:
            # The test of a slice reports its own only.
            result = with_slices(result, known[about].slices)
        known[about] = result

    def leave(self, left: LeftToMerge, rows: Iterable[CaseRow]) -> None:
        """Store what a test of a shard leaves to merge, beside what others left."""
        self.left |= {(row.suite, row.case, row.model): row for row in rows}
        known = self.left_notes.get(left.model, left)
        cropped = known.takes_cropped if left.takes_cropped is None else left.takes_cropped
        partial = dict.fromkeys((*known.partial, *left.partial))
        self.left_notes[left.model] = LeftToMerge(model=left.model, takes_cropped=cropped, partial=tuple(partial))

    def all(self, kind: str) -> tuple[Any, ...]:
        """Return the results of a kind of test in the order of their arrival."""
        return tuple(self.results.get(kind, {}).values())

    def of_model(self, kind: str, model: str) -> list[Any]:
        """Return the results of a kind of test for one model."""
        return [result for (name, *_), result in self.results.get(kind, {}).items() if name == model]


@dataclass(frozen=True)
class Assembly:
    """Everything that the record of a run is made from.

    Attributes:
        gathered: what its tests reported.
        models: the models under test.
        baselines: the baselines that they are compared with.
        suites: every suite that could have been run.
        specs: model → its spec, as it is recorded.
        root: top folder of the repository.
        versions: of the libraries that results depend on.
    """

    gathered: Gathered
    models: ModelPool
    baselines: Baselines
    suites: Sequence[Suite]
    specs: Mapping[str, str]
    root: Path
    versions: Mapping[str, str]
    # Why a metric of another package could not be computed, by name.
    failed_metrics: dict[str, str] = field(default_factory=dict)

    def run(self, *, complete: bool, started: str, duration_s: float, command: tuple[str, ...]) -> Run:
        """Return the run; see `Run` for the arguments."""
        options, rows = self.models.options, list(self.gathered.rows.values())
        tiers = self._tiers()
        entries = tuple(self._entry(name, tiers) for name in self.specs)
        slices: tuple[SliceResult, ...] = self.gathered.all("slice")
        return Run(
            complete=complete,
            started=started,
            duration_s=duration_s,
            command=command,
            models=entries,
            tiers=tuple(tiers),
            absences=tuple(self._absences(rows)),
            levels=self.gathered.all("level"),
            missing=self.gathered.all("baseline"),
            tags=tuple(self._tags(rows)),
            metrics=self.gathered.all("metric"),
            pairs=tuple(pair_models([model.name for model in rank_models(entries, tiers)], rows)),
            ladders=self.gathered.all("ladder"),
            slices=slices,
            sweeps=self._sweeps(slices),
            sets=self.sets(),
            comparisons=tuple(filter(None, (self._comparison(name, rows) for name in self.specs))),
            references=self._references(),
            standouts=tuple(self._standouts(rows)),
            suites={suite.name: suite.digest for suite in self.suites},
            device=options.device,
            dtype=options.dtype,
            threads=thread_count(),
            versions={"python": sys.version.split()[0], **tool_versions()},
            git_commit=git_commit(self.root),
            cache=str(cache_folder()) if options.cache else "",
        )

    def card(self, name: str) -> dict[str, Any]:
        """Return the model card that was stored at the model's first prediction; empty if there is none."""
        return self.models.card(name, self._fingerprint(name))

    def provenance(self, name: str) -> dict[str, str]:
        """Return what produced the scores of a model, in the form that baselines store."""
        card, options = self.card(name), self.models.options
        return provenance(
            model=self.specs[name],
            fingerprint=self._fingerprint(name),
            preprocessing=card.get("preprocessing"),
            device=str(card.get("device", "")) or options.device,
            dtype=options.dtype,
            versions=self.versions,
            suites={suite.name: suite.digest for suite in self.suites},
            geometries=[result.geometry for result in self.gathered.of_model("slice", name)],
            backend=self.models.backend(name),
        )

    def _fingerprint(self, name: str) -> str:
        """Return the fingerprint that the tests of a model reported, or else that of the opened model."""
        return self.gathered.fingerprints.get(name) or self.models.fingerprint(name)

    def _tiers(self) -> list[TierResult]:
        """Return every tier with a judged case: as its own test reported it, or else computed from the rows."""
        known = self.gathered.results.get("tier", {})
        by_tier: dict[tuple[str, str, int | None], list[CaseRow]] = {}
        for row in self.gathered.rows.values():
            by_tier.setdefault((row.suite, row.model, row.tier), []).append(row)
        tiers = []
        for model, suite in itertools.product(self.specs, self.suites):
            for number in suite.by_tier:
                if whole := known.get((model, suite.name, number)):
                    tiers.append(whole)
                elif rows := by_tier.get((suite.name, model, number)):
                    tiers.append(summarise_tier(suite, number, model, rows))
        return tiers

    def _absences(self, rows: Sequence[CaseRow]) -> Iterable[AbsenceResult]:
        """Yield the result of every suite with a judged absence case, from its own test if possible."""
        known = self.gathered.results.get("absence", {})
        for model, suite in itertools.product(self.specs, self.suites):
            own = [row for row in rows if row.absent and (row.suite, row.model) == (suite.name, model)]
            result = known.get((model, suite.name)) or summarise_absence(suite, model, own)
            if result.cases:
                yield result

    def sets(self) -> tuple[SetResult, ...]:
        """Return the result of each data set: as its own test reported it, or with the slices whose tests ran."""
        found = {(each.set, each.model): each for kind in ("set_slice", "set") for each in self.gathered.all(kind)}
        return tuple(found.values())

    def _sweeps(self, slices: Iterable[SliceResult]) -> tuple[SweepSummary, ...]:
        """Summarise the sweep of each suite under each model."""
        by_sweep: dict[tuple[str, str], list[SliceResult]] = {}
        for result in slices:
            by_sweep.setdefault((result.suite, result.model), []).append(result)
        return tuple(
            summarise_sweep(suite, model, results, self.card(model).get("input_size", ()))
            for (suite, model), results in by_sweep.items()
        )

    def _tags(self, rows: Sequence[CaseRow]) -> Iterable[TagResult]:
        for model, suite in itertools.product(self.specs, self.suites):
            own = (row for row in rows if (row.suite, row.model) == (suite.name, model))
            yield from summarise_tags(suite, model, own, self.failed_metrics)

    def _entry(self, name: str, tiers: Sequence[TierResult]) -> ModelEntry:
        card = self.card(name)
        pictures, seconds = self.models.predictions.get(name, (0, None))
        return replace(
            level_of(name, self.suites, tiers),
            spec=self.specs[name],
            fingerprint=self._fingerprint(name),
            device=str(card.get("device", "")),
            backend=self.models.backend(name),
            preprocessing=card.get("preprocessing", {}),
            pictures=pictures,
            prediction_s=None if seconds is None else round(seconds, 3),
        )

    def _comparison(self, name: str, rows: Sequence[CaseRow]) -> BaselineComparison | None:
        """Return the comparison of a model with its baseline; None if no case was compared."""
        kinds = [row.change for row in rows if row.model == name and row.change]
        baseline, source = self.baselines.of(name) if kinds else None, self.baselines.source(name)
        if baseline is None or source.path is None:
            return None
        accepted = baseline.baseline
        known = {key: value for key, value in self.provenance(name).items() if key in accepted.provenance}
        if not baseline.scaled:
            # The workers of pytest-xdist judged; this process has only their rows.
            own, model = margins_of(row for row in rows if row.model == name), self.models.opened(name)
            baseline.scale(*baseline.typical(whole_margins(own, self.suites, model, accepted, self._fingerprint(name))))
        verdicts: list[PairedVerdict] = self.gathered.of_model("regression", name)
        return BaselineComparison(
            model=name,
            baseline=shown_path(source.path),
            gate=self.baselines.gate(name),
            regressed=kinds.count("regressed"),
            fixed=kinds.count("fixed"),
            same=kinds.count("same"),
            new=kinds.count("new"),
            differences=tuple(provenance_changes(accepted, known)),
            note=baseline.note,
            verdicts=tuple(sorted(verdicts, key=lambda verdict: (verdict.suite, verdict.tier or 0))),
            accepted=latest_text(accepted.history),
        )

    def _standouts(self, rows: Sequence[CaseRow]) -> Iterable[Standouts]:
        units = {name: unit for suite in self.suites for name, unit in suite.parameters.items()}
        for model in self.specs:
            own = [row for row in rows if row.model == model]
            yield from find_standouts(model, own, units, self.models.picture_figures, models=len(self.specs))

    def _references(self) -> tuple[ReferenceComparison, ...]:
        """Return the comparison of each model with the reference model of the run."""
        if "against" not in self.gathered.results:
            return ()
        # Imported here, because few runs have a reference model.
        from tierbench.runs.reference import compare_with_reference

        found = (compare_with_reference(name, self.gathered.of_model("against", name)) for name in self.specs)
        return tuple(filter(None, found))
