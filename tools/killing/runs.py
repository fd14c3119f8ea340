"""Kill runs: with and without workers, and while they update a baseline."""

from __future__ import annotations

import shutil
from pathlib import Path
from random import Random

from small_repository import SCORE, SUITE

from killing.process import Place
from killing.target import demand, leftovers
from tierbench.common.errors import UserError
from tierbench.runs.baseline import read_baseline
from tierbench.runs.record import RUN, SCORES, read_run

CASES = 24


class Runs:
    """A run, which writes a row for each case.

    Args:
        workers: number of workers; 0: none.
    """

    def __init__(self, workers: int = 0) -> None:
        self.name = f"run with {workers} workers" if workers else "run"
        self.arguments: tuple[str, ...] = ("pytest", "-q", *(("-n", str(workers)) if workers else ()))
        self.longest_s = 0.03
        self._reports = Path()
        self._rows: int | None = None

    def prepare(self, place: Place, chance: Random) -> None:
        """Remove earlier runs, other suites, and sometimes the cache; draw after how many rows the kill comes."""
        self._reports = place.top / "reports"
        for folder in self._folders():
            shutil.rmtree(folder)
        for suite in place.top.glob("cases/*/"):
            if suite.name != SUITE:
                shutil.rmtree(suite)
        if chance.random() < 1 / 3:
            shutil.rmtree(place.cache, ignore_errors=True)
        # Most of the time of a run is its start-up, where little can break: aim most kills at the rows.
        self._rows = chance.randint(0, CASES) if chance.random() < 0.8 else None

    def begun(self) -> bool:
        """Return whether as many rows are written as were drawn."""
        if self._rows is None:
            return True
        written = [file.read_bytes().count(b"\n") - 1 for file in self._reports.glob(f"*/{SCORES}")]
        return bool(written) and sum(written) >= self._rows and bool(list(self._reports.glob(f"*/{RUN}")))

    def check(self, *, killed: bool) -> str:
        """Check the record: its rows are right, and it says that it is not complete unless it is."""
        folders = self._folders()
        if not folders:
            return "before its folder was made"
        demand(len(folders) == 1, f"more than one folder: {folders}")
        return self._check_record(folders[0])

    def again(self, place: Place) -> None:
        """Run to the end: the record is complete."""
        for folder in self._folders():
            shutil.rmtree(folder)
        place.whole(self.arguments)
        (folder,) = self._folders()
        state = self._check_record(folder)
        demand(state == "after its record was complete", f"an undisturbed run was killed {state}")
        demand(not leftovers(place.top), f"temporary files are left: {leftovers(place.top)}")

    def _folders(self) -> list[Path]:
        return [path for path in self._reports.glob("*Z-*") if path.is_dir()]

    @staticmethod
    def _check_record(folder: Path) -> str:
        if not (folder / RUN).is_file():
            # Possible only between the creation of the folder and the first record.
            names = [path.name for path in folder.iterdir() if path.name != SCORES and not path.name.startswith(".")]
            demand(not names, f"no {RUN}, but {names}")
            return "before its record began"
        try:
            record = read_run(folder)
        except UserError as error:
            raise AssertionError(f"the record of a killed run cannot be read: {error}") from error
        scores = record.scores
        wrong = scores[(scores["score"] - SCORE).abs() > 1e-6]
        right = not len(wrong) and set(scores["outcome"]) <= {"passed"} and not scores["case"].duplicated().any()
        demand(right, f"wrong rows:\n{scores}")
        if record.run.complete:
            demand(len(scores) == CASES, f"complete with {len(scores)} rows")
            return "after its record was complete"
        return f"with {'no' if scores.empty else 'some' if len(scores) < CASES else 'all'} rows written"


class Updates(Runs):
    """A run that updates the baseline, killed near its end."""

    def __init__(self) -> None:
        super().__init__()
        self.name = "baseline update"
        self.arguments = (*self.arguments, "--robust-update-baseline")
        self.longest_s = 0.4
        self._file = Path()

    def prepare(self, place: Place, chance: Random) -> None:
        """Begin with no baseline, with one that has some of the rows, or with one that has them all."""
        super().prepare(place, chance)
        self._rows = CASES
        self._file = self._reports / "baselines" / "plain.csv"
        kind = chance.choice(("none", "some", "all"))
        self._file.unlink(missing_ok=True)
        if kind != "none":
            tiers = () if kind == "all" else ("-m", "tier1")
            place.whole((*self.arguments, *tiers))
            shutil.rmtree(self._folders()[0])
        self._before = self._keys()

    def check(self, *, killed: bool) -> str:
        """Check the record, and the baseline: it has the old rows, or all."""
        state = super().check(killed=killed)
        after = self._keys()
        demand(after in (self._before, CASES), f"{self._before} rows became {after}")
        if killed and after != self._before:
            return "after the baseline was written"
        return state

    def again(self, place: Place) -> None:
        """Run to the end: the baseline has a row for each case."""
        super().again(place)
        demand(self._keys() == CASES, f"the baseline has {self._keys()} rows")

    def _keys(self) -> int:
        """Return the number of rows; an AssertionError says that the file cannot be read."""
        if not self._file.exists():
            return 0
        try:
            return len(read_baseline(self._file).rows)
        except UserError as error:
            raise AssertionError(f"the baseline cannot be read: {error}") from error
