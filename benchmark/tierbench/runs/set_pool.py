"""The data sets of a run in one process: each is opened once, and streamed once through each model."""

from __future__ import annotations

from collections.abc import Callable, Container, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec

from tierbench.common.errors import UserError
from tierbench.common.files import exists
from tierbench.common.schema import SetResult
from tierbench.common.text import listed
from tierbench.models.batch_size import USUAL
from tierbench.runs.config import RunConfig
from tierbench.runs.record import to_json
from tierbench.scoring.model_under_test import ModelUnderTest
from tierbench.suites.datasets import DataSet, choose_where, open_data_set
from tierbench.suites.datasets.set_gates import FILE, SetGates

if TYPE_CHECKING:
    from tierbench.runs.set_selection import SetSelection

Progress = Callable[[int, str], AbstractContextManager[Callable[[int], object]]]


@dataclass(frozen=True, slots=True)
class SetListing:
    """What the tests of a data set depend on; workers get it from their controller, and need not look at the files.

    Attributes:
        name: of the set.
        title: of its layout.
        size: number of its pictures.
        slices: its slices, sorted; empty if it has none.
        clean: the slice that drops are measured from; empty if it has none.
    """

    name: str
    title: str
    size: int
    slices: tuple[str, ...]
    clean: str


@dataclass(frozen=True, slots=True)
class _HandedOver:
    folder: str
    listings: tuple[SetListing, ...]


class SetPool:
    """The data sets of a run.

    Attributes:
        folder: of the run; None until there is one.
        listings: what was found in the sets, by name.
        problems: why sets cannot be opened, a line each.

    Args:
        config: what the run was asked to do.
        progress: opens a progress bar.
    """

    def __init__(self, config: RunConfig, progress: Progress) -> None:
        self.folder: Path | None = None
        self.listings: dict[str, SetListing] = {}
        self.problems: list[str] = []
        self._config = config
        self._progress = progress
        self._opened: dict[str, DataSet] = {}
        self._results: dict[tuple[str, str], SetResult | UserError] = {}

    def hand_over(self) -> str:
        """Return what the workers of pytest-xdist need to know, for `take`."""
        return to_json(_HandedOver(str(self.folder or ""), tuple(self.listings.values())))

    def take(self, text: str) -> None:
        """Take what the controller knows: its workers need not list the files of the sets again."""
        given = msgspec.json.decode(text, type=_HandedOver)
        self.folder = Path(given.folder) if given.folder else None
        self.listings = {listing.name: listing for listing in given.listings}

    def all(self) -> tuple[SetListing, ...]:
        """Return what is in the sets; those that cannot be opened are left out, and say so in `problems`."""
        if not self.listings and not self.problems:
            for spec in self._config.sets:
                try:
                    self.open(spec.name)
                except UserError as error:
                    self.problems += error.lines
        return tuple(self.listings.values())

    def open(self, name: str) -> DataSet:
        """Return a set, whose files are listed at the first call.

        Raises:
            UserError: if it cannot be used.
        """
        if name not in self._opened:
            spec = next(spec for spec in self._config.sets if spec.name == name)
            found = self._opened[name] = open_data_set(spec, self._config.root)
            slices = tuple(filter(None, found.slices)) if len(found.slices) > 1 else ()
            self.listings[name] = SetListing(name, found.layout.title, len(found.samples), slices, found.layout.clean)
        return self._opened[name]

    def find_problems(
        self, models: Mapping[str, ModelUnderTest | None], suites: Container[str], *, updating: bool
    ) -> list[str]:
        """Return what is wrong with the sets, with what is demanded of them, and with how they fit the models.

        Args:
            models: the models by name; None: it cannot be opened before the run.
            suites: names of the suites.
            updating: whether this run becomes the baseline.
        """
        if not self._config.sets:
            return []
        # Imported here, because a run without sets does not need it.
        from tierbench.runs.set_parts import require_pyarrow

        try:
            require_pyarrow()
        except UserError as error:
            return list(error.lines)
        found: list[str] = []
        for listing in self.all():
            name = listing.name
            if name in suites:
                found.append(f"data set {name!r}: a suite has this name; write NAME=KIND:PATH")
            found += self._gates(name).problems(name, listing.slices, listing.clean)
            if self._config.stops and not _demanded_accuracies(self._gates(name)):
                found.append(
                    f"--robust-stop-when decided: nothing is demanded of the accuracy on data set {name!r}; write a "
                    f"min_accuracy into {FILE}"
                )
            for model, opened in models.items():
                found += self._label_problems(name, model, opened)
                if not updating:
                    found += self._baseline_problems(name, model)
        return [*self.problems, *found]

    def _label_problems(self, name: str, model: str, opened: ModelUnderTest | None) -> Sequence[str]:
        from tierbench.models.classifier import Verifies
        from tierbench.scoring.set_binding import bind_to_set

        if opened is None:
            return ()
        try:
            bound = bind_to_set(opened.classifier, self.open(name), identity=opened.identity).classifier
            if opened.prompted and isinstance(bound, Verifies):
                bound.verify()
        except UserError as error:
            return [f"model {model!r}: {line}" for line in error.lines]
        return ()

    def _baseline_problems(self, name: str, model: str) -> Sequence[str]:
        from tierbench.runs.set_baseline import baseline_problems

        return baseline_problems(self._config.baseline, self._config.models.spec(model), name)

    def accepted_text(self, model: str) -> str:
        """Return of which sets of the run a model has accepted results, in words; empty if of none."""
        from tierbench.runs.set_places import accepted_path

        spec = self._config.models.spec(model)
        paths = {each.name: accepted_path(self._config.baseline, spec, each.name) for each in self._config.sets}
        named = [name for name, path in paths.items() if path and exists(path)]
        return f"accepted results of {listed(named)}" if named else ""

    def result(
        self,
        model: ModelUnderTest,
        name: str,
        slices: frozenset[str] | None,
        lock: AbstractContextManager[object],
    ) -> SetResult:
        """Return the result of a model on a set; the first call predicts the pictures.

        Args:
            model: the model.
            name: of the set.
            slices: those to predict; None: all pictures.
            lock: held meanwhile; of several processes one predicts, and the others read its result files.

        Raises:
            UserError: if the set, the model or the folder of the run cannot be used.
        """
        about = model.name, name
        if about not in self._results:
            try:
                with lock:
                    self._results[about] = self._streamed(model, name, slices)
            except UserError as error:
                # Remembered, so that the next test does not try it again.
                self._results[about] = error
        return self._known(about)

    def _known(self, about: tuple[str, str]) -> SetResult:
        found = self._results[about]
        if isinstance(found, UserError):
            raise UserError(*found.lines)
        return found

    def _gates(self, name: str) -> SetGates:
        return self._config.set_gates.get(name, SetGates())

    def _streamed(self, model: ModelUnderTest, name: str, slices: frozenset[str] | None) -> SetResult:
        # Imported here, because a run of cases does not need NumPy, pandas or pyarrow.
        from tierbench.runs.set_places import results_folder
        from tierbench.runs.set_run import read_set

        if self.folder is None:
            raise UserError(f"data set {name!r}: the run has no folder for its results; check --robust-reports")
        target = results_folder(self.folder, model.name, name)
        # Of several processes, one predicts, and the others need not even list the files.
        result = read_set(target) if exists(target) else self._predicted(model, name, slices, target)
        if self._config.shard:
            # The demands are on the whole set, which the other shards have parts of.
            return replace(result, results=target.relative_to(self.folder).as_posix())
        return self._judged(result, model.name, target)

    def _predicted(self, model: ModelUnderTest, name: str, slices: frozenset[str] | None, target: Path) -> SetResult:
        from tierbench.runs.set_evaluation import SetModel, processes_for
        from tierbench.runs.set_run import run_set
        from tierbench.runs.set_working import resumable, working_key

        options, data_set, selection = self._config.models, self.open(name), self._selection(name)
        samples = selection.of(data_set)
        if slices is not None:
            samples = choose_where(samples, lambda sample: sample.slice in slices)
        batch_size = options.batch_size or USUAL
        processes = processes_for(len(samples), batch_size)
        seen = SetModel(model.classifier, model.identity, batch_size, processes, options.max_pixels, model.embeddings)
        kept = options.cache and model.identity.fingerprint is not None
        key = working_key(model.name, seen, data_set, samples, selection) if kept else ""
        with resumable(target, key) as folder:
            some = None if slices is None else samples
            return run_set(model.name, seen, data_set, folder, self._progress, some, selection)

    def merged(self, shards: Sequence[Path], model: str, name: str) -> SetResult:
        """Return the result of a model on a set of which shards have the result files.

        Args:
            shards: the folders of their runs.
            model: name of the model.
            name: of the set.

        Raises:
            UserError: if the result files cannot be merged.
        """
        # Imported here, because a run of cases does not need it.
        from tierbench.runs.set_merge import merge_results
        from tierbench.runs.set_places import results_folder
        from tierbench.runs.set_run import read_set

        if self.folder is None:
            raise UserError(f"data set {name!r}: the run has no folder for its results; check --robust-reports")
        about, target = (model, name), results_folder(self.folder, model, name)
        if about not in self._results:
            try:
                folders = [results_folder(shard, model, name) for shard in shards]
                found = read_set(target) if exists(target) else merge_results(folders, target)
                self._results[about] = self._judged(found, model, target)
            except UserError as error:
                self._results[about] = error
        return self._known(about)

    def _selection(self, name: str) -> SetSelection:
        """Return the part of a set that the run predicts."""
        from tierbench.runs.set_selection import SetSelection
        from tierbench.runs.set_stopping import Stopping

        config = self._config
        gates = self._gates(name)
        wanted = _demanded_accuracies(gates) if config.stops else {}
        stopping = Stopping(wanted, entire=gates.needed_entirely(self.listings[name].clean)) if wanted else None
        return SetSelection(config.shard, config.sample, stopping=stopping)

    def _judged(self, result: SetResult, model: str, target: Path) -> SetResult:
        """Return a result with what is demanded of it, and how it compares with accepted results."""
        from tierbench.runs.set_baseline import compare_with_accepted
        from tierbench.runs.set_places import accepted_path
        from tierbench.scoring.set_demands import with_demands

        options, name, gates = self._config.models, result.set, self._gates(result.set)
        home = self.folder or target
        result = with_demands(replace(result, results=target.relative_to(home).as_posix()), gates)
        accepted = accepted_path(self._config.baseline, options.spec(model), name)
        return compare_with_accepted(result, target, accepted, gates.allowed_drop)


def _demanded_accuracies(gates: SetGates) -> dict[str, float]:
    """Return the accuracies that are demanded, by slice; that of the whole set has an empty name."""
    demands = {"": gates.whole, **gates.slices}
    return {name: limits["accuracy"] for name, limits in demands.items() if "accuracy" in limits}
