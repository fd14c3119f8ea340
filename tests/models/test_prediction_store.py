"""Predictions are kept and shared, a broken store is not an error, and keys change with everything relevant."""

from __future__ import annotations

import os
import sqlite3
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tierbench.models import prediction_store as store_module
from tierbench.models.prediction_store import PredictionStore, card_key, library_versions, prediction_key

VALUES = np.array([0.25, 0.75], dtype=np.float32)


def test_another_store_gets_what_was_put(tmp_path: Path) -> None:
    file = tmp_path / "sub" / "predictions.sqlite"
    first = PredictionStore(file)
    first.put({"a": VALUES, "b": VALUES[::-1]})
    first.put_card("card", {"labels": ["ä", 1]})
    first.close()
    second = PredictionStore(file)
    assert len(second.get_keys(["a", "b", "c"])) == 2
    found = second.get(["a", "c"])
    assert list(found) == ["a"]
    assert np.array_equal(found["a"], VALUES)
    assert second.card("card") == {"labels": ["ä", 1]}
    assert second.card("other") is None
    assert second.warning == ""


def test_without_a_file_everything_stays_in_memory() -> None:
    store = PredictionStore(None)
    store.put({"a": VALUES})
    assert len(store.get_keys(["a"])) == 1
    assert len(PredictionStore(None).get_keys(["a"])) == 0


WRITE_MANY = """
import sys
from pathlib import Path
import numpy as np
from tierbench.models.prediction_store import PredictionStore
store = PredictionStore(Path(sys.argv[1]))
values = np.array([0.25, 0.75], dtype=np.float32)
for index in range(20):
    store.put({f"{sys.argv[2]}-{index}": values, "shared": values})
    assert store.get([f"{sys.argv[2]}-{index}"])
assert store.warning == "", store.warning
"""


def test_several_processes_write_at_once(tmp_path: Path) -> None:
    file = tmp_path / "predictions.sqlite"
    processes = [subprocess.Popen([sys.executable, "-c", WRITE_MANY, file, str(worker)]) for worker in range(4)]
    assert [process.wait() for process in processes] == [0] * 4
    keys = [f"{worker}-{index}" for worker in range(4) for index in range(20)]
    assert len(PredictionStore(file).get_keys([*keys, "shared"])) == 81


@pytest.mark.parametrize("content", [b"not a database" * 100, b"SQLite format 3\0" + b"\0" * 4000])
def test_a_broken_file_is_replaced(tmp_path: Path, content: bytes) -> None:
    file = tmp_path / "predictions.sqlite"
    file.write_bytes(content)
    store = PredictionStore(file)
    store.put({"a": VALUES})
    store.close()
    assert len(PredictionStore(file).get_keys(["a"])) == 1


def test_a_file_that_breaks_later_loses_only_its_predictions(tmp_path: Path) -> None:
    file = tmp_path / "predictions.sqlite"
    store = PredictionStore(file)
    store.put({f"key-{index}": np.full(500, index, dtype=np.float32) for index in range(50)})
    store.close()
    content = bytearray(file.read_bytes())
    content[8192:] = b"\xff" * (len(content) - 8192)
    file.write_bytes(content)
    store = PredictionStore(file)
    assert len(store.get([f"key-{index}" for index in range(50)])) < 50
    store.put({"new": VALUES})
    assert len(store.get_keys(["new"])) == 1 or store.warning.startswith("predictions are not kept: ")


def test_a_row_of_the_wrong_length_is_ignored(tmp_path: Path) -> None:
    file = tmp_path / "predictions.sqlite"
    PredictionStore(file).close()
    connection = sqlite3.connect(file)
    connection.execute("INSERT INTO predictions VALUES ('a', ?, 0)", (b"12345",))
    connection.commit()
    connection.close()
    assert PredictionStore(file).get(["a"]) == {}


def test_a_folder_that_cannot_be_written_is_reported_and_memory_is_used(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    (tmp_path / "folder.sqlite").mkdir()
    for file in (tmp_path / "file" / "predictions.sqlite", tmp_path / "folder.sqlite"):
        store = PredictionStore(file)
        assert store.warning.startswith(f"predictions are not kept: {file}: ")
        store.put({"a": VALUES})
        assert len(store.get_keys(["a"])) == 1


@pytest.mark.skipif(os.name != "posix" or os.geteuid() == 0, reason="nothing is read-only for this user")
def test_a_read_only_folder_is_reported_and_memory_is_used(tmp_path: Path) -> None:
    tmp_path.chmod(0o500)
    try:
        store = PredictionStore(tmp_path / "predictions.sqlite")
        assert store.warning.startswith("predictions are not kept: ")
        store.put({"a": VALUES})
        assert len(store.get_keys(["a"])) == 1
    finally:
        tmp_path.chmod(0o700)


def test_a_file_that_became_read_only_is_reported(tmp_path: Path) -> None:
    store = PredictionStore(tmp_path / "predictions.sqlite")
    # For SQLite this is like a full disk or a lost permission, and it works for every user.
    store._connection.execute("PRAGMA query_only = ON")
    store.put({"a": VALUES})
    assert store.warning == "predictions are not kept: attempt to write a readonly database"


def test_the_oldest_rows_are_deleted_first(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(store_module, "_MAX_ROWS", 3)
    ticks = iter(range(100))
    monkeypatch.setattr("tierbench.models.prediction_store.time.time", lambda: float(next(ticks)))
    store = PredictionStore(None)
    for index in range(5):
        store.put({str(index): VALUES})
    store.trim()
    assert sorted(store.get(map(str, range(5)))) == ["2", "3", "4"]


PART = st.text(st.characters(exclude_characters="\0"), max_size=5)
PARTS = st.lists(PART, min_size=5, max_size=5)


@given(PARTS, PARTS)
def test_the_key_differs_when_anything_differs(first: list[str], second: list[str]) -> None:
    def key(values: list[str]) -> str:
        fingerprint, image, device, dtype, alteration = values
        return prediction_key(fingerprint, image, device=device, dtype=dtype, alteration=alteration)

    assert (key(first) == key(second)) == (first == second)


@pytest.mark.parametrize("library", ["torch", "transformers", "pillow"])
def test_the_key_changes_with_the_libraries(monkeypatch: pytest.MonkeyPatch, library: str) -> None:
    before = prediction_key("f", "i", device="cpu", dtype="float32"), card_key("f")
    versions = library_versions()
    monkeypatch.setattr(store_module, "version", lambda name: "99" if name == library else versions[name])
    # Versions are read once per process.
    library_versions.cache_clear()
    after = prediction_key("f", "i", device="cpu", dtype="float32"), card_key("f")
    library_versions.cache_clear()
    assert before[0] != after[0]
    assert before[1] != after[1]
