"""The benchmark in one process: suites, models, baselines, and the results of the selected cases."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

from tierbench.common.garbage import no_search
from tierbench.common.shard import Shard
from tierbench.models.classifier import Classifier
from tierbench.models.prediction_store import library_versions
from tierbench.runs.baseline_changes import BaselineChanges, Baselines
from tierbench.runs.config import RunConfig
from tierbench.runs.decision import Change
from tierbench.runs.missing import find_missing
from tierbench.runs.set_places import accepted_sets
from tierbench.runs.set_pool import SetPool
from tierbench.runs.whole_margins import whole_margins
from tierbench.scoring.model_pool import ModelPool, Progress
from tierbench.scoring.model_under_test import ModelUnderTest
from tierbench.scoring.results import CaseResult
from tierbench.scoring.shared_run import SharedRun
from tierbench.suites import Case, Suite, read_suites
from tierbench.suites.derived import derive_cases
from tierbench.suites.places import lacks_suites

if TYPE_CHECKING:
    from tierbench.common.schema import MissingResult, PairedVerdict, Run, SetResult

# What stands in records where the spec of a model would stand.
OWN_SPEC = "the fixture classifier"
_LEFT = "level not determined (judged by tierbench merge)"


@dataclass
class Selection:
    """What was selected.

    Attributes:
        shard: the part of the cases that is predicted; None: all.
        cases: the cases to be predicted under each model, by `suite/id`.
        paired: the cases whose paired verdict is asked for, by `suite/id`; by model and by the model that it is held
            against, which is empty for its baseline.
        tested: model and `suite/id` of each case with a test of its own.
        sets: the slices to be predicted, by model and data set; None: all pictures of the set.
    """

    shard: Shard | None = None
    cases: dict[str, dict[str, Case]] = field(default_factory=dict)
    paired: dict[tuple[str, str], dict[str, Case]] = field(default_factory=dict)
    tested: set[tuple[str, str]] = field(default_factory=set)
    sets: dict[tuple[str, str], frozenset[str] | None] = field(default_factory=dict)

    def add(self, model: str, cases: Iterable[Case]) -> None:
        """Note that the cases are needed under a model."""
        self.cases.setdefault(model, {}).update((case.key, case) for case in cases if self.has(case))

    def has(self, case: Case) -> bool:
        """Return whether the shard has a case; the views of a step go with it."""
        return self.shard is None or self.shard.has(case.scene_key)

    def ask(self, model: str, cases: Iterable[Case], against: str = "") -> None:
        """Note that the paired verdict on these cases is asked for, against another model or the baseline."""
        self.paired.setdefault((model, against), {}).update((case.key, case) for case in cases)

    def add_set(self, model: str, name: str, slices: Iterable[str] | None = None) -> None:
        """Note that slices of a data set are needed under a model, by default all of its pictures."""
        known = self.sets.get((model, name), frozenset())
        self.sets[model, name] = None if known is None or slices is None else known.union(slices)


class Benchmark:
    """Suites, models and baselines of a run; the models predict all selected cases at the first question.

    Args:
        config: what the run was asked to do.
        progress: opens a progress bar.
        shared: folder shared by the processes of the run; None if there is only one.
    """

    def __init__(self, config: RunConfig, progress: Progress, shared: Path | None = None) -> None:
        self.config = config
        self.selection = Selection(config.shard)
        # What leaves out tests on purpose; empty: every case of a baseline must be there.
        self.narrowed_by = config.narrowed_by
        # Beside data sets, a folder may have a test file only.
        cases = [folder for folder in config.cases if not (config.sets and lacks_suites(folder))]
        self.all_suites, self.suite_problems = read_suites(cases) if cases else ([], [])
        self.suites = [suite for suite in self.all_suites if suite.fetched]
        self.by_name = {suite.name: suite for suite in self.suites}
        # Those that have tests: all, or the ones whose folders were pointed at.
        self.chosen = [suite for suite in self.suites if not config.only or suite.folder.resolve() in config.only]
        self.models = ModelPool(config.models, self.by_name, progress, SharedRun(shared))
        self.baselines = Baselines(config.baseline, config.models.specs, config.gate, config.max_drop)
        self.sets = SetPool(config, progress)
        self._verdicts: dict[tuple[str, str], Mapping[tuple[str, int | None], PairedVerdict]] = {}

    @property
    def names(self) -> tuple[str, ...]:
        """The names of the models."""
        return tuple(spec.name for spec in self.config.models.specs)

    @property
    def several_models(self) -> bool:
        """Whether ids and messages must name the model."""
        return len(self.config.models.specs) > 1

    @property
    def updating(self) -> bool:
        """Whether this run becomes the baseline."""
        return self.config.update_baseline

    @property
    def models_with_baseline(self) -> list[str]:
        """The names of the models that are compared with a baseline; none where the run becomes the baseline."""
        return [] if self.updating else [name for name in self.names if self.baselines.source(name).there]

    @property
    def models_with_reference(self) -> list[str]:
        """The names of the models that are compared with the reference model of the run; none where there is none."""
        reference = self.config.reference
        return [name for name in self.names if name != reference] if reference else []

    @cached_property
    def cases(self) -> dict[str, Case]:
        """Every case by `suite/id`, those that a sweep derives included."""
        return {case.key: case for suite in self.suites for case in (*suite.cases, *self.derived(suite))}

    def derived(self, suite: Suite) -> list[Case]:
        """Derive the cases of the sweep of a suite."""
        config = self.config
        return derive_cases(suite, config.corruptions, config.severities, config.corruption_geometry)

    def shown_spec(self, name: str) -> str:
        """Return the spec of a model for the record, unless the user's own fixture returns the model."""
        own = self.config.own_model and name == self.names[0]
        return OWN_SPEC if own else self.config.models.spec(name).spec

    def problems(self) -> list[str]:
        """Return what is wrong with the models and their baselines."""
        models = [] if self.config.own_model else self.models.problems()
        # Only data sets: there is no case to compare.
        accepted = self.baselines.problems(updating=self.updating) if self.suites or not self.config.sets else []
        opened = {name: self.models.opened(name) for name in self.names}
        return models + accepted + self.sets.find_problems(opened, self.by_name, updating=self.updating)

    def predicted(self, name: str, classifier: Classifier | None = None) -> ModelUnderTest:
        """Return a model whose selected cases are predicted; the first call predicts them all.

        Raises:
            UserError: if the model cannot be loaded or does not fit the suites.
        """
        return self.models.predicted(name, self.selection.cases.get(name, {}).values(), classifier)

    def takes_cropped(self, name: str) -> bool:
        """Return whether a model predicts cropped pictures without cropping them again."""
        return self.predicted(name).takes_cropped

    def results(self, name: str, cases: Iterable[Case]) -> list[CaseResult]:
        """Return the results of selected cases under a model."""
        model = self.predicted(name)
        with no_search():
            return [model.result(case, self.by_name[case.suite]) for case in cases]

    def all_results(self, name: str) -> list[CaseResult]:
        """Return the results of all selected cases under a model, without the views of ladders' steps."""
        return self.results(name, (case for case in self.selection.cases[name].values() if not case.view))

    def changes(self, name: str, results: Sequence[CaseResult]) -> list[Change | None]:
        """Return how results of a model compare with its baseline; None without a baseline or a score."""
        baseline = self._scaled_baseline(name)
        with no_search():
            return baseline.of(results) if baseline else [None] * len(results)

    def _scaled_baseline(self, name: str) -> BaselineChanges | None:
        """Return the baseline of a model, which knows the typical margins of the model; None without one."""
        baseline = self.baselines.of(name)
        if baseline is not None and not baseline.scaled:
            # Not while the other processes wait for the margins: predicting has its own turn.
            self.asked(name)
            baseline.scale(*self.models.shared.once(f"margins-{name}", lambda: self._typical_margins(name, baseline)))
        return baseline

    def _typical_margins(self, name: str, baseline: BaselineChanges) -> tuple[dict[str, float], str]:
        margins = {(each.case.suite, each.case.id): each.log_margin for each in self.all_results(name)}
        fingerprint = self.models.fingerprint(name)
        return baseline.typical(whole_margins(margins, self.suites, self.asked(name), baseline.baseline, fingerprint))

    def asked(self, name: str) -> ModelUnderTest | None:
        """Return the model that the results of a run are from; None where they are read from records."""
        return self.predicted(name)

    @property
    def versions(self) -> Mapping[str, str]:
        """The versions of the libraries that results depend on."""
        return library_versions()

    def origin_lines(self) -> list[str]:
        """Return where results are read from, for the header; nothing where models predict."""
        return []

    def recorded(self, run: Run) -> Run:
        """Return the record of a run with what this process knows beside the results: a shard has no verdict."""
        if self.config.shard is None:
            return run
        models = [replace(each, level=None, level_text=_LEFT) for each in run.models]
        tiers = tuple(replace(each, met=None) for each in run.tiers)
        shard = f"{self.config.shard.number}/{self.config.shard.of}"
        return replace(run, models=tuple(models), tiers=tiers, shard=shard, standouts=())

    def missing(self, name: str) -> MissingResult:
        """Return the cases and data sets that the baseline of a model has and this run lacks."""
        baseline, ran = self.baselines.of(name), set()
        if not self.narrowed_by and baseline:
            ran = {result.case.key for result in self.all_results(name) if not result.skipped}
        accepted = baseline.cases if baseline else ()
        found = find_missing(name, accepted, self.all_suites, ran, self.narrowed_by)
        return found if self.narrowed_by else replace(found, sets=self._missing_sets(name))

    def _missing_sets(self, name: str) -> tuple[str, ...]:
        """Return the sets with accepted results that nobody names; one of the settings was left out on purpose."""
        named = {each.name for each in self.config.sets} | self.config.usual_sets
        return tuple(each for each in self.accepted_sets(name) if each not in named)

    def accepted_sets(self, name: str) -> tuple[str, ...]:
        """Return the names of all data sets of which a model has accepted results, whether the run has them or not."""
        return tuple(accepted_sets(self.config.baseline, self.config.models.spec(name)))

    def set_result(self, model: str, name: str) -> SetResult:
        """Return the result of a model on a data set; the first call predicts all selected pictures.

        Raises:
            UserError: if the model or the set cannot be used.
        """
        slices = self.selection.sets.get((model, name))
        return self.sets.result(self.predicted(model), name, slices, self.models.one_at_a_time())

    def verdicts(self, name: str, against: str = "") -> Mapping[tuple[str, int | None], PairedVerdict]:
        """Return the paired verdicts of a model on the cases that were asked for, by suite and tier.

        That over all suites together has the key `("", None)`.

        Args:
            name: name of the model.
            against: name of the model that it is held against; empty: its baseline.
        """
        about = name, against
        if about not in self._verdicts:
            asked = self.selection.paired.get(about, {}).values()
            found = self._against(name, against, asked) if against else self._against_baseline(name, asked)
            self._verdicts[about] = {(verdict.suite, verdict.tier): verdict for verdict in found}
        return self._verdicts[about]

    def _against_baseline(self, name: str, cases: Iterable[Case]) -> Sequence[PairedVerdict]:
        baseline = self._scaled_baseline(name)
        return baseline.verdicts(self.results(name, cases), self.by_name) if baseline else ()

    def _against(self, name: str, reference: str, cases: Iterable[Case]) -> Sequence[PairedVerdict]:
        # Imported here, because few runs have a reference model.
        from tierbench.runs.reference import judge_against

        cases = list(cases)
        pairs = list(zip(self.results(reference, cases), self.results(name, cases), strict=True))
        return judge_against(pairs, self.by_name)

    def release(self) -> None:
        """Forget predictions, verdicts and baselines when the run is recorded: its report is made from the rows."""
        self.models.release()
        self.baselines.release()

    def close(self) -> None:
        """Close the store of predictions."""
        self.models.close()
