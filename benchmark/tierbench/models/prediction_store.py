"""Keep predictions between runs and share them between the workers of a run, in one SQLite file."""

from __future__ import annotations

import contextlib
import hashlib
import json
import sqlite3
import time
from collections.abc import Iterable, Mapping
from functools import cache
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

from tierbench.common.cache import cache_folder
from tierbench.common.files import shown_path
from tierbench.common.images import OPENING_VERSION
from tierbench.common.text import printable_values
from tierbench.models.compilation import COMPILED

# Of the predictions in the file; a row of 1,000 labels takes about 4 kB. A run may add its own before they are trimmed.
_MAX_BYTES = 2**30
# Seconds until another process that holds the file is no longer waited for.
_PATIENCE = 5.0
# Reading a row marks it as used at most this often, in seconds, so that most runs only read.
_USED_AGAIN = 24 * 3600.0
# Increase this when model cards get another entry, so that stored ones are made again.
_CARD_VERSION = "4"
_SCHEMA = """
PRAGMA trusted_schema = OFF;
PRAGMA cell_size_check = ON;
PRAGMA auto_vacuum = INCREMENTAL;
CREATE TABLE IF NOT EXISTS predictions (key TEXT PRIMARY KEY, row BLOB NOT NULL, used REAL NOT NULL);
CREATE TABLE IF NOT EXISTS cards (key TEXT PRIMARY KEY, card TEXT NOT NULL);
CREATE INDEX IF NOT EXISTS predictions_used ON predictions (used);
"""
# Of any type in a damaged file, and as text perhaps not even UTF-8.
_SELECT = """
SELECT key, CAST(row AS BLOB), CAST(used AS REAL) FROM predictions WHERE key IN (SELECT value FROM json_each(?))
"""


def prediction_key(
    identity: str, image_sha256: str, *, device: str, dtype: str, alteration: str = "", backend: str = ""
) -> str:
    """Return the key of a prediction, a hash over everything that can change it.

    Args:
        identity: of the model: weights, config, preprocessing and labels.
        image_sha256: of the bytes of the image file.
        device: the kind of device, `cpu`, `cuda` or `mps`.
        dtype: of the weights.
        alteration: what is done to the image after opening it (corruption, severity, seed); empty if nothing.
        backend: what runs the model, with its version; empty for torch.
    """
    parts = [identity, image_sha256, device, dtype, alteration, str(OPENING_VERSION), *library_versions().values()]
    parts += [backend] if backend else []
    return hashlib.sha256("\0".join(parts).encode(errors="surrogatepass")).hexdigest()


def card_key(model: str, fingerprint: str, backend: str = "") -> str:
    """Return the key of a model card.

    Args:
        model: the name of the model: two models may claim one fingerprint.
        fingerprint: its fingerprint; empty if it has none.
        backend: what runs it, with its version; empty for torch.
    """
    parts = [_CARD_VERSION, model, fingerprint, *library_versions().values()]
    return "\0".join([*parts, backend] if backend else parts)


@cache
def library_versions() -> dict[str, str]:
    """Return the versions of the libraries that predictions depend on, without importing them."""
    return {name: version(name) for name in ("torch", "transformers", "pillow")}


@cache
def backend_with_version(backend: str) -> str:
    """Return the name of a backend with its version; empty for torch, whose version every key holds."""
    if backend != "onnxruntime":
        # Of torch.compile the version of torch decides.
        return backend if backend == COMPILED else ""
    # ONNX Runtime is published under several names, one for each kind of device.
    for name in ("onnxruntime", "onnxruntime-gpu", "onnxruntime-directml", "onnxruntime-openvino"):
        with contextlib.suppress(PackageNotFoundError):
            return f"{name} {version(name)}"
    return backend


class PredictionStore:
    """Rows of bytes by key, in a SQLite file that several processes may use at once.

    What is in the file can be computed again, so no problem with it stops a run. A damaged file is renamed and begun
    anew; if it is locked or cannot be written, the store continues in memory. Either way, `warning` says so.

    Args:
        file: the database; None keeps everything in memory.
        max_bytes: size above which the rows that were not used for the longest time are deleted; None: 1 GiB.
    """

    def __init__(self, file: Path | None, max_bytes: int | None = None) -> None:
        self.warning = ""
        self._max_bytes = max_bytes or _MAX_BYTES
        # None as soon as the file is given up.
        self._file = file
        self._inode = 0
        self._begun_anew = False
        self._connection = self._open()

    @staticmethod
    def default_file() -> Path:
        """Return the file in which predictions are kept between runs."""
        folder = cache_folder()
        with contextlib.suppress(OSError):
            # Of version 0.2, whose rows have no checksum.
            (folder / "predictions-1.sqlite").unlink(missing_ok=True)
        return folder / "predictions-2.sqlite"

    def _open(self) -> sqlite3.Connection:
        """Return a connection to the file; to memory where it cannot be used."""
        if self._file is None:
            return _connected(":memory:")
        try:
            self._file.parent.mkdir(parents=True, exist_ok=True)
            connection = _connected(self._file)
            self._inode = self._file.stat().st_ino
        except sqlite3.DatabaseError as error:
            return self._reopened(error)
        except OSError as error:
            return self._given_up(self._file, error.strerror)
        return connection

    def _reopened(self, error: sqlite3.DatabaseError) -> sqlite3.Connection:
        """Return a connection that replaces one that failed: to a new file if this one is damaged, else to memory."""
        if self._file is None:
            return _connected(":memory:")
        if isinstance(error, sqlite3.OperationalError) or self._begun_anew:
            return self._given_up(self._file, str(error))
        self._begun_anew = True
        aside = self._file.with_name(f"{self._file.name}.damaged")
        with contextlib.suppress(OSError):
            # Unless another process has replaced it already.
            if self._file.stat().st_ino == (self._inode or self._file.stat().st_ino):
                self._file.replace(aside)
        self.warning = (
            f"the kept predictions were damaged ({error}) and are made anew; the old file is {shown_path(aside)}"
        )
        return self._open()

    def _given_up(self, file: Path, reason: str | None) -> sqlite3.Connection:
        self.warning = f"predictions are not kept: {shown_path(file)}: {reason}"
        self._file = None
        return _connected(":memory:")

    def get(self, keys: Iterable[str]) -> dict[str, bytes]:
        """Return the stored rows by key; unknown keys are left out."""
        wanted = json.dumps(list(keys))
        found = {key: (row, used) for key, row, used in self._read(_SELECT, wanted)}
        now = time.time()
        aged = [key for key, (_, used) in found.items() if used < now - _USED_AGAIN]
        if aged:
            self._write("UPDATE predictions SET used = ? WHERE key = ?", [(now, key) for key in aged], needed=False)
        return {key: row for key, (row, _) in found.items()}

    def get_keys(self, keys: Iterable[str]) -> set[str]:
        """Return the keys that have a row."""
        query = "SELECT key FROM predictions WHERE key IN (SELECT value FROM json_each(?))"
        return {key for (key,) in self._read(query, json.dumps(list(keys)))}

    def put(self, rows: Mapping[str, bytes]) -> None:
        """Store rows; if writing fails, they are not kept and `warning` says so."""
        if not rows:
            return
        now = time.time()
        self._write(
            "INSERT OR REPLACE INTO predictions VALUES (?, ?, ?)", [(key, row, now) for key, row in rows.items()]
        )

    def trim(self) -> None:
        """Delete the rows that were not used for the longest time, while the file is over its limit."""
        while (size := self._used_bytes()) > self._max_bytes:
            ((rows,),) = self._read("SELECT COUNT(*) FROM predictions") or [(0,)]
            # A tenth below the limit, so that not every run has to trim.
            surplus = int(rows * (1 - 0.9 * self._max_bytes / size)) + 1
            self._write(
                "DELETE FROM predictions WHERE key IN (SELECT key FROM predictions ORDER BY used LIMIT ?)", [(surplus,)]
            )
            with contextlib.suppress(sqlite3.Error):
                # Not `execute`, which frees one page only.
                self._connection.executescript("PRAGMA incremental_vacuum")
            if rows <= surplus:
                return

    def _used_bytes(self) -> int:
        names = ("page_count", "freelist_count", "page_size")
        pages, free, size = (sum(row[0] for row in self._read(f"PRAGMA {name}")) for name in names)
        return int((pages - free) * size)

    def card(self, key: str) -> dict[str, Any] | None:
        """Return the model card with a key; None if there is none."""
        for (text,) in self._read("SELECT CAST(card AS BLOB) FROM cards WHERE key = ?", key):
            with contextlib.suppress(ValueError, TypeError, RecursionError):
                card = json.loads(text)
                return card if isinstance(card, dict) else None
        return None

    def put_card(self, key: str, card: Mapping[str, Any]) -> None:
        """Store a model card."""
        self._write("INSERT OR REPLACE INTO cards VALUES (?, ?)", [(key, json.dumps(printable_values(card)))])

    def close(self) -> None:
        """Trim and close the file."""
        self.trim()
        self._connection.close()

    def _read(self, query: str, *values: str) -> list[tuple[Any, ...]]:
        try:
            return self._connection.execute(query, values).fetchall()
        except sqlite3.DatabaseError as error:
            self._replace_connection(error)
            return []

    def _write(self, statement: str, rows: list[tuple[Any, ...]], *, needed: bool = True) -> None:
        try:
            self._connection.execute("BEGIN IMMEDIATE")
            try:
                self._connection.executemany(statement, rows)
                self._connection.execute("COMMIT")
            except BaseException:
                with contextlib.suppress(sqlite3.Error):
                    self._connection.execute("ROLLBACK")
                raise
        except sqlite3.DatabaseError as error:
            if needed or not isinstance(error, sqlite3.OperationalError):
                self._replace_connection(error)

    def _replace_connection(self, error: sqlite3.DatabaseError) -> None:
        """Go on without a file that cannot be used, so that it is not waited for again."""
        if self._file is None:
            return
        with contextlib.suppress(sqlite3.Error):
            self._connection.close()
        self._connection = self._reopened(error)


def _connected(file: Path | str) -> sqlite3.Connection:
    connection = sqlite3.connect(file, timeout=_PATIENCE, isolation_level=None)
    try:
        connection.executescript(_SCHEMA)
    except UnicodeDecodeError as error:
        # A damaged byte in the text of the file's own schema.
        connection.close()
        raise sqlite3.DatabaseError(str(error)) from error
    except sqlite3.Error:
        connection.close()
        raise
    return connection
