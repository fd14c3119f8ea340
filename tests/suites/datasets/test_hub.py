"""The kind `hub`, through Hugging Face's own library, which loads local folders as it loads those of the Hub."""

from __future__ import annotations

import pickle
from pathlib import Path

import pytest

from tests.flat_colours import RGB
from tests.suites.datasets.layouts import CLASS_OF, CLASSES, opened, write_class_folders, write_parquet
from tierbench.common.errors import UserError
from tierbench.suites.datasets import open_sample

pytest.importorskip("datasets", reason="datasets is missing: sets of the Hub were NOT tried")


@pytest.fixture(autouse=True)
def own_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    import datasets

    monkeypatch.setattr(datasets.config, "HF_DATASETS_CACHE", str(tmp_path / "cache"))


def test_columns_are_found_by_type_and_classes_by_name(tmp_path: Path) -> None:
    found = opened(f"hub:{write_parquet(tmp_path / 'set')}")
    assert found.classes == CLASSES
    assert [sample.label for sample in found.samples] == list(CLASS_OF.values())
    sample = pickle.loads(pickle.dumps(found.samples[2]))  # noqa: S301 (our own)
    assert (sample.id, open_sample(sample).getpixel((0, 0))) == ("test#2", RGB["blue"])


def test_class_folders_are_read_from_their_paths(tmp_path: Path) -> None:
    write_class_folders(tmp_path / "set" / "train")
    write_class_folders(tmp_path / "set" / "test")
    found = opened(f"hub:{tmp_path / 'set'}@test")
    assert len(found.samples) == 6
    assert open_sample(found.samples[0]).size == (32, 32)
    with pytest.raises(UserError, match="has the splits test, train; choose one with @SPLIT"):
        opened(f"hub:{tmp_path / 'set'}")
    with pytest.raises(UserError, match="has no split 'val'; its splits: test, train"):
        opened(f"hub:{tmp_path / 'set'}@val")


def test_a_column_that_is_not_there_is_one_line(tmp_path: Path) -> None:
    with pytest.raises(
        UserError, match=r"has no column 'photo'; its columns: image, label; choose with \?image=COLUMN"
    ):
        opened(f"hub:{write_parquet(tmp_path / 'set')}?image=photo")


def test_a_set_that_cannot_be_reached_is_one_line() -> None:
    with pytest.raises(UserError) as error:
        opened("hub:no-such-org/no-such-set")
    (line,) = error.value.lines
    assert line.startswith("data set 'hub:no-such-org/no-such-set': cannot be loaded (")


def test_the_code_of_a_repository_never_runs(tmp_path: Path) -> None:
    (tmp_path / "set").mkdir()
    (tmp_path / "set" / "set.py").write_text(f"open({str(tmp_path / 'ran')!r}, 'w')\n", encoding="utf-8")
    with pytest.raises(UserError, match="cannot be loaded"):
        opened(f"hub:{tmp_path / 'set'}")
    assert not (tmp_path / "ran").exists()
