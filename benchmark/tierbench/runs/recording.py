"""The record of a run while the run lasts: its folder, its rows as they arrive, and what it ends with."""

from __future__ import annotations

import contextlib
import shutil
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

from tierbench.common.errors import UserError
from tierbench.common.files import shown_path
from tierbench.common.schema import CaseRow, FailedTest, LeftToMerge, Run
from tierbench.runs.acceptance import accept_rows, accept_sets
from tierbench.runs.assemble import Assembly, Gathered
from tierbench.runs.benchmark import Benchmark
from tierbench.runs.record import RUN, SCORES, ScoresFile, new_run_folder, write_run
from tierbench.runs.run_verdict import judge_run
from tierbench.runs.shard_record import SHARD, shard_record, write_shard
from tierbench.runs.wire import Reported


class Recording:
    """Keeps the record of a run.

    Args:
        benchmark: suites and models.
        arguments: of the command line.
    """

    def __init__(self, benchmark: Benchmark, arguments: Sequence[str]) -> None:
        self.benchmark = benchmark
        self.folder: Path | None = None
        self.begun = False
        self.gathered = Gathered()
        # The tests that failed, by node id, and the node ids of tests of others that did.
        self.failed: dict[str, FailedTest] = {}
        self.failed_others: set[str] = set()
        # Set when the run is over.
        self.run: Run | None = None
        # What the summary says: news, what was lost, and what was asked for but not done.
        self.notes: list[str] = []
        self.warnings: list[str] = []
        self.failures: list[str] = []
        # Why the folder cannot be made; empty if it can.
        self.problem = ""
        # Whether a baseline that was asked for could not be written.
        self.not_accepted = False
        self._arguments = arguments
        self._scores: ScoresFile | None = None
        self._made_reports = False
        self._started, self._clock = time.time(), time.monotonic()

    def prepare(self) -> None:
        """Make the folder of the run; `discard` undoes it."""
        reports = self.benchmark.config.reports
        try:
            self._made_reports = not reports.exists()
            self.folder = new_run_folder(reports)
        except OSError as error:
            self.problem = (
                f"--robust-reports {shown_path(reports)}: cannot be written ({error.strerror}); name a folder that can"
            )

    def discard(self) -> None:
        """Remove the folder of a run that has nothing to record."""
        if self.folder is None or self.begun:
            return
        shutil.rmtree(self.folder, ignore_errors=True)
        if self._made_reports:
            with contextlib.suppress(OSError):  # another run may have put its folder there
                self.folder.parent.rmdir()
        self.folder = None

    def begin(self) -> None:
        """Start the record, when it is known that a test will run."""
        if self.begun or self.folder is None:
            return
        self.begun = True
        parameters = dict.fromkeys(name for suite in self.benchmark.suites for name in suite.parameters)
        with self.survived(f"{SCORES} is not written"):
            self._scores = ScoresFile(self.folder / SCORES, tuple(parameters))
        with self.survived(f"{RUN} is not written"):
            write_run(self.folder, self._assemble(complete=False))

    def take(self, said: Reported) -> None:
        """Record what a test reported."""
        self.begin()
        self.gathered.fingerprints[said.model] = said.fingerprint
        if isinstance(said.result, LeftToMerge):
            self.gathered.leave(said.result, said.rows)
            return
        if said.result is not None:
            self.gathered.take(said.kind, said.model, said.result)
        for row in said.rows:
            self.gathered.rows[(row.suite, row.case, row.model)] = row
            if self._scores:
                with self.survived(f"{SCORES} is not whole"):
                    self._scores.append(row)

    def close(self) -> None:
        """Close `scores.csv`: no row comes any more."""
        if self._scores:
            with self.survived(f"{SCORES} is not whole"):
                self._scores.close()

    def finish(self, *, complete: bool) -> None:
        """Accept the rows as the baseline if that was asked for, and write the record."""
        if self.folder is None:
            return
        if self.benchmark.updating:
            self.not_accepted = True
            with self.survived("the baseline is not written"):
                self.not_accepted = not self._accept(complete)
        self.run = self._judged(self._assemble(complete=complete))
        with self.survived(f"{RUN} is not written"):
            write_run(self.folder, self.run)
        own = self.benchmark
        if own.config.shard:
            with self.survived(f"{SHARD} is not written"):
                write_shard(self.folder, shard_record(own.config, self._assembly(), own.sets.hand_over()))

    def _judged(self, run: Run) -> Run:
        """Return the run with its verdict, and what that depends on."""
        own = self.benchmark
        run = replace(
            run,
            failed=tuple(self.failed.values()),
            failed_others=len(self.failed_others),
            accepted=not self.not_accepted if own.updating else None,
        )
        return replace(run, verdict=judge_run(run, self.rows))

    @contextmanager
    def survived(self, what: str) -> Iterator[None]:
        """Turn an OSError into a warning in the summary, once for each thing that was lost.

        Args:
            what: the consequence, `scores.csv is not whole`.
        """
        try:
            yield
        except OSError as error:
            self.warn(f"{what}: {error.strerror or error}")

    def warn(self, warning: str) -> None:
        """Add a warning to the summary, once."""
        if warning not in self.warnings:
            self.warnings.append(warning)

    @property
    def rows(self) -> list[CaseRow]:
        """The rows of the record."""
        return list(self.gathered.rows.values())

    def card(self, name: str) -> dict[str, Any]:
        """Return the model card that was kept when the model first predicted; empty where there is none."""
        return self._assembly().card(name)

    def _assembly(self) -> Assembly:
        own = self.benchmark
        specs = {name: own.shown_spec(name) for name in own.names}
        return Assembly(self.gathered, own.models, own.baselines, own.suites, specs, own.config.root, own.versions)

    def _assemble(self, *, complete: bool) -> Run:
        """Return the run as it was recorded so far."""
        assembly = self._assembly()
        run = assembly.run(
            complete=complete,
            started=time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(self._started)),
            duration_s=round(time.monotonic() - self._clock, 3),
            command=(Path(sys.argv[0]).name, *self._arguments),
        )
        self.failures += assembly.failed_metrics.values()
        return self.benchmark.recorded(run)

    def _accept(self, complete: bool) -> bool:
        """Write the baselines; return whether all were written."""
        if not complete or self.folder is None:
            accept = f"`tierbench baseline accept {self.folder.name if self.folder else 'RUN'} --force`"
            self.notes.append(f"the baseline stays as it is: the run stopped early; {accept} takes what it has")
            return False
        assembly = self._assembly()
        whole, failures = not self.benchmark.narrowed_by, list[str]()
        for name in self.benchmark.names:
            path, made = self.benchmark.baselines.update_path(name), assembly.provenance(name)
            sets = [each for each in assembly.sets() if each.model == name]
            try:
                # A run of data sets only changes nothing else.
                if not sets or any(row.model == name for row in self.rows):
                    self.notes += accept_rows(
                        path, name, self.rows, made, self.benchmark.all_suites, whole=whole, run=self.folder.name
                    )
                self.notes += accept_sets(path, self.folder, sets)
            except UserError as error:
                failures += error.lines
        self.failures += failures
        return not failures
