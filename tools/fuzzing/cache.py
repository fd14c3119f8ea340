"""The door of the prediction cache: a file that is truncated, damaged, of another schema, or locked."""

from __future__ import annotations

import csv
import os
import shutil
import sqlite3
import time
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager, suppress
from pathlib import Path
from random import Random

import numpy as np
from small_repository import SCORE, make_repository

from fuzzing import hostile
from fuzzing.calling import run_pytest, run_whole
from fuzzing.door import Input, ProblemError
from tierbench.models.prediction_store import PredictionStore

# A cache that another process holds may cost so long, and no more.
_PATIENCE_S = 15.0
_CASES = 6


class Cache:
    """Feeds the file in which predictions are kept between runs."""

    share = 6
    hosts: frozenset[str] = frozenset()
    base: Path | None = None

    def __init__(self) -> None:
        self._file = Path()
        self._valid = b""

    def prepare(self, top: Path) -> None:
        """Make a repository, and the cache that its run leaves."""
        self.base = top / "work"
        make_repository(self.base, _CASES)
        os.environ["TIERBENCH_CACHE"] = str(self.base / "cache")
        self._file = PredictionStore.default_file().relative_to(self.base)
        run_whole(self.base)
        with closing(sqlite3.connect(self.base / self._file)) as connection:
            connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
            self._valid = connection.serialize()
        shutil.rmtree(self._whole().parent)
        shutil.rmtree(self.base / "reports")
        self.base = self.base.rename(top / "cached")

    def valid(self) -> Sequence[Input]:
        """Return the cache as it was written, and none."""
        return [Input(("free",), {str(self._file): self._valid}), Input(("free",))]

    def draw(self, chance: Random) -> Input:
        """Return a broken cache."""
        kind = chance.random()
        # Each of these takes as long as the engine waits.
        state = "locked" if chance.random() < 0.02 else "free"
        if kind < 0.35:
            content = hostile.damaged(chance, self._valid)
        elif kind < 0.45:
            content = hostile.damaged(chance, self._valid, 100)
        elif kind < 0.55:
            content = bytes(int(chance.random() * 256) for _ in range(int(chance.random() * 9_000)))
        else:
            content = self._edited(chance)
        files = {str(self._file): content}
        if chance.random() < 0.2:
            files[f"{self._file}{chance.choice(('-journal', '-wal', '-shm'))}"] = hostile.damaged(
                chance, content[:4096]
            )
        return Input((state,), files)

    def feed(self, given: Input) -> str:
        """Run: the scores are those of the model, whatever the cache says."""
        before = time.monotonic()
        with self._locked() if given.arguments[0] == "locked" else closing(sqlite3.connect(":memory:")):
            answer = run_pytest(f"--rootdir={Path.cwd()}")
        if time.monotonic() - before > _PATIENCE_S:
            raise ProblemError("a run waits too long for its cache")
        (file,) = Path("reports").glob("*/scores.csv")
        with file.open(encoding="utf-8", newline="") as stream:
            scores = [float(row["score"] or "nan") for row in csv.DictReader(stream)]
        if answer.code or len(scores) != _CASES or any(abs(score - SCORE) > 1e-6 for score in scores):
            raise ProblemError(
                f"wrong scores from a broken cache: exit code {answer.code}, {scores}, {answer.out[-800:]}"
            )
        return f"right scores, {given.arguments[0]}"

    def _whole(self) -> Path:
        if self.base is None:
            raise RuntimeError("the door is not prepared")
        return self.base / self._file

    @contextmanager
    def _locked(self) -> Iterator[None]:
        with closing(sqlite3.connect(self._file, isolation_level=None)) as connection:
            with suppress(sqlite3.DatabaseError):  # too broken to be locked
                connection.execute("BEGIN EXCLUSIVE")
            yield

    def _edited(self, chance: Random) -> bytes:
        """Return a database with other rows, columns or tables."""
        with closing(sqlite3.connect(":memory:", isolation_level=None)) as connection:
            connection.deserialize(self._valid)
            tables = [
                str(name) for (name,) in connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'")
            ]
            table = chance.choice(tables)
            columns = [str(row[1]) for row in connection.execute(f'PRAGMA table_info("{table}")')]
            column = chance.choice(columns)
            kind = chance.choice(("rows", "rows", "rows", "drop", "rename", "column", "view", "version"))
            if kind == "rows":
                connection.execute(f'UPDATE OR IGNORE "{table}" SET "{column}" = ?', (_cell(chance),))  # noqa: S608
            elif kind == "drop":
                connection.execute(f'DROP TABLE "{table}"')
            elif kind == "rename":
                connection.execute(f'ALTER TABLE "{table}" RENAME COLUMN "{column}" TO "other"')
            elif kind == "column":
                connection.execute(f'ALTER TABLE "{table}" ADD COLUMN "other" TEXT DEFAULT "x"')
            elif kind == "view":
                connection.execute(f'ALTER TABLE "{table}" RENAME TO "other"')
                connection.execute(f'CREATE VIEW "{table}" AS SELECT * FROM "other"')  # noqa: S608
            else:
                connection.execute(f"PRAGMA user_version = {int(chance.random() * 1_000)}")
            return connection.serialize()


def _cell(chance: Random) -> object:
    """Return a value for a cell: none, text, a number, or probabilities that are wrong in some way."""
    probabilities = chance.choice(
        ([0.75, 0.25], [0.5, 0.5], [1.0, 1.0], [2.0, -1.0], [np.nan, 1.0], [np.inf, 0.0], [1.0], [0.2] * 5, [])
    )
    dtype = chance.choice(("<f4", "<f8", ">f4", "<i4"))
    with np.errstate(invalid="ignore"):
        blob = np.array(probabilities).astype(dtype).tobytes()
    return chance.choice((blob, blob, blob, hostile.text(chance).encode("utf-8", "replace"), "text", 1.5, 10**9, b""))
