"""Predictions are kept and shared, a broken store is not an error, and keys change with everything relevant."""

from __future__ import annotations

import os
import sqlite3
import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tierbench.models import prediction_store as store_module
from tierbench.models.prediction_store import PredictionStore, card_key, library_versions, prediction_key

ROW, OTHER = b"row", b"other"


def test_another_store_gets_what_was_put(tmp_path: Path) -> None:
    file = tmp_path / "sub" / "predictions.sqlite"
    first = PredictionStore(file)
    first.put({"a": ROW, "b": OTHER})
    first.put_card("card", {"labels": ["ä", 1]})
    first.close()
    second = PredictionStore(file)
    assert len(second.get_keys(["a", "b", "c"])) == 2
    assert second.get(["a", "c"]) == {"a": ROW}
    assert second.card("card") == {"labels": ["ä", 1]}
    assert second.card("other") is None
    assert second.warning == ""


def test_without_a_file_everything_stays_in_memory() -> None:
    store = PredictionStore(None)
    store.put({"a": ROW})
    assert len(store.get_keys(["a"])) == 1
    assert len(PredictionStore(None).get_keys(["a"])) == 0


WRITE_MANY = """
import sys
from pathlib import Path
from tierbench.models.prediction_store import PredictionStore
store = PredictionStore(Path(sys.argv[1]))
for index in range(20):
    store.put({f"{sys.argv[2]}-{index}": b"row", "shared": b"row"})
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
def test_a_broken_file_is_set_aside_with_one_line(tmp_path: Path, content: bytes) -> None:
    file = tmp_path / "predictions.sqlite"
    file.write_bytes(content)
    store = PredictionStore(file)
    assert store.warning.startswith("the kept predictions were damaged (")
    assert store.warning.endswith(f"and are made anew; the old file is {file}.damaged")
    store.put({"a": ROW})
    store.close()
    assert file.with_name("predictions.sqlite.damaged").read_bytes() == content
    again = PredictionStore(file)
    assert again.get(["a"]) == {"a": ROW}
    assert again.warning == ""


def test_a_byte_of_the_schema_that_is_no_text_is_damage_too(tmp_path: Path) -> None:
    file = tmp_path / "predictions.sqlite"
    store = PredictionStore(file)
    store.put({"a": ROW})
    store.close()
    content = file.read_bytes()
    assert content.count(b"CREATE TABLE cards") == 1
    file.write_bytes(content.replace(b"CREATE TABLE cards", b"CREATE TABLE c\xa5rds"))
    store = PredictionStore(file)
    assert store.warning.startswith("the kept predictions were damaged (")
    store.put({"a": ROW})
    assert store.get(["a"]) == {"a": ROW}


def test_a_file_that_breaks_later_is_set_aside_too(tmp_path: Path) -> None:
    file = tmp_path / "predictions.sqlite"
    store = PredictionStore(file)
    store.put({f"key-{index}": bytes([index]) * 2000 for index in range(50)})
    store.close()
    content = bytearray(file.read_bytes())
    content[8192:] = b"\xff" * (len(content) - 8192)
    file.write_bytes(content)
    store = PredictionStore(file)
    assert len(store.get([f"key-{index}" for index in range(50)])) < 50
    store.put({"new": ROW})
    assert store.get(["new"]) == {"new": ROW}
    store.close()
    assert store.warning.count("\n") == 0
    assert store.warning.startswith("the kept predictions were damaged (")
    assert PredictionStore(file).get(["new"]) == {"new": ROW}


def test_a_locked_file_is_waited_for_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(store_module, "_PATIENCE", 0.05)
    file = tmp_path / "predictions.sqlite"
    opened = PredictionStore(file)
    opened.put({"a": ROW})
    other = sqlite3.connect(file, isolation_level=None)
    other.execute("BEGIN EXCLUSIVE")
    # One that finds it locked at the start, and one that does later.
    for store in (PredictionStore(file), opened):
        assert store.get(["a"]) == {}
        assert store.warning == f"predictions are not kept: {file}: database is locked"
        store.put({"b": ROW})
        assert store.get(["b"]) == {"b": ROW}
        store.close()
    other.execute("ROLLBACK")
    assert PredictionStore(file).get(["a", "b"]) == {"a": ROW}


@pytest.mark.parametrize("card", ["[" * 20_000, "{", "3", "\0"])
def test_a_damaged_card_is_none(tmp_path: Path, card: str) -> None:
    file = tmp_path / "predictions.sqlite"
    PredictionStore(file).close()
    with sqlite3.connect(file) as connection:
        connection.execute("INSERT INTO cards VALUES ('a', ?)", (card,))
    connection.close()
    assert PredictionStore(file).card("a") is None


def test_a_folder_that_cannot_be_written_is_reported_and_memory_is_used(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    (tmp_path / "folder.sqlite").mkdir()
    for file in (tmp_path / "file" / "predictions.sqlite", tmp_path / "folder.sqlite"):
        store = PredictionStore(file)
        assert store.warning.startswith(f"predictions are not kept: {file}: ")
        store.put({"a": ROW})
        assert len(store.get_keys(["a"])) == 1


@pytest.mark.skipif(os.name != "posix" or os.geteuid() == 0, reason="nothing is read-only for this user")
def test_a_read_only_folder_is_reported_and_memory_is_used(tmp_path: Path) -> None:
    tmp_path.chmod(0o500)
    try:
        store = PredictionStore(tmp_path / "predictions.sqlite")
        assert store.warning.startswith("predictions are not kept: ")
        store.put({"a": ROW})
        assert len(store.get_keys(["a"])) == 1
    finally:
        tmp_path.chmod(0o700)


def test_a_file_that_became_read_only_is_reported(tmp_path: Path) -> None:
    store = PredictionStore(tmp_path / "predictions.sqlite")
    # For SQLite this is like a full disk or a lost permission, and it works for every user.
    store._connection.execute("PRAGMA query_only = ON")
    store.put({"a": ROW})
    assert store.warning.endswith("predictions.sqlite: attempt to write a readonly database")


def test_beyond_the_limit_the_rows_that_were_not_read_for_longest_are_deleted(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    now = [0.0]
    monkeypatch.setattr("tierbench.models.prediction_store.time.time", lambda: now[0])
    file = tmp_path / "predictions.sqlite"
    store = PredictionStore(file)
    for index in range(100):
        now[0] += 1
        store.put({str(index): bytes(4000)})
    # Read two days later, so the first is as good as new.
    now[0] += 2 * 24 * 3600
    assert len(store.get(["0"])) == 1
    store.close()
    assert len(PredictionStore(file).get_keys(map(str, range(100)))) == 100
    monkeypatch.setattr(store_module, "_MAX_BYTES", 200_000)
    store = PredictionStore(file)
    store.close()
    assert store.warning == ""
    assert file.stat().st_size <= 200_000
    left = PredictionStore(file).get_keys(map(str, range(100)))
    assert "0" in left
    assert left - {"0"} == set(map(str, range(101 - len(left), 100)))
    assert len(left) > 20


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
    before = prediction_key("f", "i", device="cpu", dtype="float32"), card_key("m", "f")
    versions = library_versions()
    monkeypatch.setattr(store_module, "version", lambda name: "99" if name == library else versions[name])
    # Versions are read once per process.
    library_versions.cache_clear()
    after = prediction_key("f", "i", device="cpu", dtype="float32"), card_key("m", "f")
    library_versions.cache_clear()
    assert before[0] != after[0]
    assert before[1] != after[1]
