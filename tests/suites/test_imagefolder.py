"""Names that Hugging Face takes for splits, held against its own library; and our suites, loaded by it."""

from __future__ import annotations

import csv
from pathlib import Path
from types import ModuleType

import pytest
from PIL import Image

from tierbench.suites.imagefolder import SPLIT_WORDS, split_word, without_split_words

CASES = Path(__file__).parents[2] / "cases"


@pytest.mark.parametrize(
    ("name", "word"),
    [
        ("train.jpg", "train"),
        ("test drive.tif", "test"),
        ("my-val-1.png", "val"),
        ("dev2.png", "dev"),
        ("val/red.png", "val"),
        ("by_colour/2 testing/red.png", "testing"),
        ("train/README.md", ""),
        ("training_ground.png", "training"),
        ("trains.png", ""),
        ("contest.png", ""),
        ("my_train", ""),
        ("Train.png", ""),
        ("retrain/red.png", ""),
        (".val/red.png", ""),
        ("__val/test.png", ""),
        ("evaluation", ""),
    ],
)
def test_a_word_between_separators_is_taken_for_a_split(name: str, word: str) -> None:
    assert split_word(name) == word


@pytest.mark.parametrize("word", SPLIT_WORDS)
def test_a_name_is_changed_until_no_word_in_it_is_taken(word: str) -> None:
    for stem in (word, f"{word}_2", f"my-{word}", f"{word}_{word}-{word}", f"a {word}.b"):
        assert split_word(f"{stem}.png") == word
        assert split_word(f"{without_split_words(stem)}.png") == ""
    assert without_split_words(f"{word}s") == f"{word}s"


@pytest.fixture
def datasets(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    """Return Hugging Face's library, with a cache of the test's own."""
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    return pytest.importorskip("datasets", reason="datasets is missing: our suites were NOT loaded with it")  # type: ignore[no-any-return]


@pytest.mark.slow
def test_the_library_takes_the_same_names_for_splits(datasets: ModuleType, tmp_path: Path) -> None:
    from datasets.data_files import get_data_patterns

    names = [
        f"{before}{word}{after}"
        for word in (*SPLIT_WORDS, "trains", "Test", "contest")
        for before in ("", "a_", "a", "2", "sub/", "__sub/")
        for after in (".png", "_b.png", "b.png", "/c.png", "3/c.png", "/README.md", "")
    ]
    for number, name in enumerate(names):
        folder = tmp_path / str(number)
        for file in ("red.png", name):
            (folder / file).parent.mkdir(parents=True, exist_ok=True)
            (folder / file).touch()
        taken = get_data_patterns(str(folder)) != {"train": ["**"]}
        assert taken == bool(split_word(name)), name


@pytest.mark.slow
@pytest.mark.parametrize("suite", ["ladders", "photos", "rothman", "vehicles"])
def test_the_library_loads_our_suites_with_all_labels(datasets: ModuleType, tmp_path: Path, suite: str) -> None:
    with (CASES / suite / "metadata.csv").open(encoding="utf-8", newline="") as stream:
        rows = list(csv.DictReader(stream))
    folder = CASES / suite
    if not all((folder / row["file_name"]).is_file() for row in rows):
        # As after fetching: pictures of other packages and sites are not part of the repository.
        folder = tmp_path / suite
        folder.mkdir()
        (folder / "metadata.csv").write_bytes((CASES / suite / "metadata.csv").read_bytes())
        for row in rows:
            Image.new("RGB", (4, 4)).save(folder / row["file_name"])
    loaded = datasets.load_dataset("imagefolder", data_dir=str(folder), cache_dir=str(tmp_path / "cache"))
    assert list(loaded) == ["train"]
    assert loaded["train"]["label"] == [row["label"] for row in rows]
    assert loaded["train"][0]["image"].width > 1
