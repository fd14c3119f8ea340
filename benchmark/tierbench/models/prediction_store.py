"""Keep predictions between runs and share them between the workers of a run, in one SQLite file."""

from __future__ import annotations

import contextlib
import hashlib
import json
import sqlite3
import time
from collections.abc import Iterable, Mapping
from functools import cache
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tierbench.common.cache import cache_folder
from tierbench.common.text import printable_values

if TYPE_CHECKING:
    import numpy as np

# A row of 1,000 labels takes 4 kB, so this many rows take about 800 MB.
_MAX_ROWS = 200_000
# Increase this when model cards get another entry, so that stored ones are made again.
_CARD_VERSION = "2"
_SCHEMA = """
CREATE TABLE IF NOT EXISTS predictions (key TEXT PRIMARY KEY, probabilities BLOB NOT NULL, used REAL NOT NULL);
CREATE TABLE IF NOT EXISTS cards (key TEXT PRIMARY KEY, card TEXT NOT NULL);
CREATE INDEX IF NOT EXISTS predictions_used ON predictions (used);
"""


def prediction_key(fingerprint: str, image_sha256: str, *, device: str, dtype: str, alteration: str = "") -> str:
    """Return the key of a prediction, a hash over everything that can change it.

    Args:
        fingerprint: of the model: weights, config and preprocessing.
        image_sha256: of the image file.
        device: the kind of device, `cpu`, `cuda` or `mps`.
        dtype: of the weights.
        alteration: what is done to the image after opening it (corruption, severity, seed); empty if nothing.
    """
    parts = (fingerprint, image_sha256, device, dtype, alteration, *library_versions().values())
    return hashlib.sha256("\0".join(parts).encode(errors="surrogatepass")).hexdigest()


def card_key(fingerprint: str) -> str:
    """Return the key of a model card."""
    return "\0".join((_CARD_VERSION, fingerprint, *library_versions().values()))


@cache
def library_versions() -> dict[str, str]:
    """Return the versions of the libraries that predictions depend on, without importing them."""
    return {name: version(name) for name in ("torch", "transformers", "pillow")}


class PredictionStore:
    """Probabilities by key, in a SQLite file that several processes may use at once.

    A file that cannot be used (not a database, broken, on a full or read-only disk) is not an error, because
    predictions can be computed again: the store replaces it or falls back to memory, and then sets `warning`.

    Args:
        file: the database; None keeps everything in memory.
    """

    def __init__(self, file: Path | None) -> None:
        self.warning = ""
        self._connection = self._open(file)

    @staticmethod
    def default_file() -> Path:
        """Return the file in which predictions are kept between runs."""
        return cache_folder() / "predictions-1.sqlite"

    def _open(self, file: Path | None) -> sqlite3.Connection:
        if file is not None:
            for attempt in ("use", "replace"):
                try:
                    file.parent.mkdir(parents=True, exist_ok=True)
                    if attempt == "replace":
                        file.unlink(missing_ok=True)
                    connection = sqlite3.connect(file, timeout=60, isolation_level=None)
                    connection.executescript(_SCHEMA)
                    return connection
                except sqlite3.OperationalError as error:
                    self.warning = f"predictions are not kept: {file}: {error}"
                    break
                except sqlite3.DatabaseError:
                    # Not a database, or a broken one. Its predictions can be computed again, so it is replaced.
                    continue
                except OSError as error:
                    self.warning = f"predictions are not kept: {file}: {error.strerror}"
                    break
        connection = sqlite3.connect(":memory:", isolation_level=None)
        connection.executescript(_SCHEMA)
        return connection

    def get(self, keys: Iterable[str]) -> dict[str, np.ndarray]:
        """Return the stored probabilities by key; float32, shape [n_labels]. Unknown keys are left out."""
        import numpy as np

        found: dict[str, np.ndarray] = {}
        query = "SELECT key, probabilities FROM predictions WHERE key IN (SELECT value FROM json_each(?))"
        with contextlib.suppress(sqlite3.DatabaseError):
            for key, blob in self._connection.execute(query, (json.dumps(list(keys)),)):
                if isinstance(blob, bytes) and len(blob) % 4 == 0:
                    found[key] = np.frombuffer(blob, dtype="<f4")
        return found

    def get_keys(self, keys: Iterable[str]) -> set[str]:
        """Return the keys that have stored probabilities."""
        query = "SELECT key FROM predictions WHERE key IN (SELECT value FROM json_each(?))"
        with contextlib.suppress(sqlite3.DatabaseError):
            return {key for (key,) in self._connection.execute(query, (json.dumps(list(keys)),))}
        return set()

    def put(self, predictions: Mapping[str, np.ndarray]) -> None:
        """Store probabilities; if writing fails, they are not kept and `warning` says so."""
        now = time.time()
        rows = [(key, values.astype("<f4").tobytes(), now) for key, values in predictions.items()]
        self._write("INSERT OR REPLACE INTO predictions VALUES (?, ?, ?)", rows)

    def trim(self) -> None:
        """Delete the oldest rows beyond the limit."""
        self._write(
            "DELETE FROM predictions WHERE key IN (SELECT key FROM predictions ORDER BY used DESC LIMIT -1 OFFSET ?)",
            [(_MAX_ROWS,)],
        )

    def card(self, key: str) -> dict[str, Any] | None:
        """Return the model card with a key; None if there is none."""
        with contextlib.suppress(sqlite3.DatabaseError, ValueError):
            row = self._connection.execute("SELECT card FROM cards WHERE key = ?", (key,)).fetchone()
            if row:
                card = json.loads(row[0])
                return card if isinstance(card, dict) else None
        return None

    def put_card(self, key: str, card: Mapping[str, Any]) -> None:
        """Store a model card."""
        self._write("INSERT OR REPLACE INTO cards VALUES (?, ?)", [(key, json.dumps(printable_values(card)))])

    def close(self) -> None:
        """Close the file."""
        self._connection.close()

    def _write(self, statement: str, rows: list[tuple[Any, ...]]) -> None:
        try:
            self._connection.execute("BEGIN IMMEDIATE")
            try:
                self._connection.executemany(statement, rows)
                self._connection.execute("COMMIT")
            except BaseException:
                self._connection.execute("ROLLBACK")
                raise
        except sqlite3.DatabaseError as error:
            self.warning = f"predictions are not kept: {error}"
