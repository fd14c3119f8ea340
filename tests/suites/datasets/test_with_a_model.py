"""Every layout with a real small model: the rows and figures are those of a plain loop over the same pictures."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pandas as pd
import pytest

from tests.flat_colours import flat
from tests.suites.datasets.layouts import (
    CLASS_OF,
    opened,
    write_cifar_arrays,
    write_class_folders,
    write_corrupted_folders,
    write_metadata,
    write_objectnet,
    write_parquet,
    write_tar_shards,
)
from tierbench.common.schema import SetResult
from tierbench.corruptions import MEAN_CORRUPTIONS
from tierbench.models import load_classifier
from tierbench.models.identity import identity_of
from tierbench.runs.set_evaluation import SetModel
from tierbench.runs.set_parts import SetParts
from tierbench.runs.set_run import run_set


@contextmanager
def no_progress(total: int, text: str) -> Iterator[Callable[[int], None]]:
    yield lambda count: None


def evaluated(model: Path, text: str, results: Path, processes: int = 0) -> tuple[SetResult, pd.DataFrame]:
    """Return the result on a set, and its rows."""
    classifier = load_classifier(str(model), device="cpu")
    used = SetModel(classifier, identity_of(classifier), batch_size=4, processes=processes)
    result = run_set("colours", used, opened(text), results, no_progress)
    return result, SetParts(results).read()


@pytest.fixture(scope="module")
def plain(colour_model: Path) -> dict[str, str]:
    """What a plain loop of transformers says of each colour."""
    import torch
    from transformers import AutoImageProcessor, AutoModelForImageClassification

    processor = AutoImageProcessor.from_pretrained(colour_model)
    model = AutoModelForImageClassification.from_pretrained(colour_model).eval()
    said = {}
    with torch.inference_mode():
        for colour in CLASS_OF:
            logits = model(**processor(images=[flat(colour, (32, 32))], return_tensors="pt")).logits
            said[colour] = model.config.id2label[int(logits.argmax())]
    return said


@pytest.mark.parametrize(
    ("kind", "write"),
    [
        ("imagefolder", write_class_folders),
        ("imagefolder", write_metadata),
        ("parquet", write_parquet),
        ("webdataset", write_tar_shards),
    ],
    ids=["folders", "metadata", "parquet", "webdataset"],
)
@pytest.mark.parametrize("processes", [0, 2])
def test_plain_layouts_agree_with_a_plain_loop(
    colour_model: Path, tmp_path: Path, plain: dict[str, str], kind: str, write: Callable[[Path], Path], processes: int
) -> None:
    result, rows = evaluated(colour_model, f"{kind}:{write(tmp_path / 'set')}", tmp_path / "results", processes)
    assert result.whole.errors == 0
    correct = [plain[colour] == name for colour, name in CLASS_OF.items()]
    assert result.whole.accuracy == pytest.approx(sum(correct) / 6, abs=1e-12)
    # Each layout has ids of its own; pictures are known by what they are of and what was said.
    assert sorted(zip(rows["label"], rows["predicted"], strict=True)) == sorted(
        (name, plain[colour]) for colour, name in CLASS_OF.items()
    )
    assert result.protocol == (
        "the model's own resize and crop",
        "all 4 labels of the model count, for 4 classes",
    )


def test_the_mean_error_of_arrays_is_that_of_a_plain_loop(
    colour_model: Path, tmp_path: Path, plain: dict[str, str]
) -> None:
    folder = write_cifar_arrays(tmp_path / "set", MEAN_CORRUPTIONS)
    result, rows = evaluated(colour_model, f"cifar10-c:{folder}", tmp_path / "results")
    wrong = sum(plain[colour] != name for colour, name in CLASS_OF.items()) / 6
    assert (len(rows), len(result.slices)) == (450, 75)
    assert result.mean_error == pytest.approx(wrong, abs=1e-9)
    assert result.mce is None
    assert "32 px" in result.protocol[0]


def test_corrupted_folders_are_not_cut_again(colour_model: Path, tmp_path: Path, plain: dict[str, str]) -> None:
    folder = write_corrupted_folders(tmp_path / "set", ("fog",), (1, 2))
    result, rows = evaluated(colour_model, f"imagenet-c:{folder}", tmp_path / "results")
    assert [each.slice for each in result.slices] == ["fog+1", "fog+2"]
    assert {(row.label, row.predicted) for row in rows.itertuples()} == {
        (name, plain[colour]) for colour, name in CLASS_OF.items()
    }
    assert "without another resize or crop" in result.protocol[0]
    assert any("missing severities: fog+3" in note for note in result.notes)
    assert result.mce is None


def test_objectnet_counts_every_label_of_a_class(colour_model: Path, tmp_path: Path) -> None:
    result, rows = evaluated(colour_model, f"objectnet:{write_objectnet(tmp_path / 'set')}", tmp_path / "results")
    # The model says ship of blue and of grey, and both are of a class that ship counts as.
    assert rows.set_index("id")["correct"].to_dict() == {
        "images/car/orange.png": True,
        "images/lorry/green.png": True,
        "images/plane_or_ship/blue.png": True,
        "images/plane_or_ship/grey.png": True,
    }
    assert (result.whole.total, result.whole.accuracy) == (4, 1)
    assert "1 picture of 1 class that ImageNet lacks left out, as published" in result.notes


def test_only_labels_present_count_if_the_user_says_so(colour_model: Path, tmp_path: Path) -> None:
    folder = write_class_folders(tmp_path / "set")
    for name in ("ship", "truck"):
        for file in (folder / name).iterdir():
            file.unlink()
    with_all, _ = evaluated(colour_model, f"imagefolder:{folder}", tmp_path / "all")
    present, rows = evaluated(colour_model, f"imagefolder:{folder}?labels=present", tmp_path / "present")
    # Grey is a picture of an airplane of which the model says ship, then airplane.
    assert (with_all.whole.correct, present.whole.correct, present.whole.total) == (2, 3, 3)
    assert set(rows["predicted"]) == {"airplane", "automobile"}
    assert present.protocol[1] == "only the 2 labels present count, for 2 classes"


def test_a_picture_that_cannot_be_read_is_an_error_that_is_named(colour_model: Path, tmp_path: Path) -> None:
    folder = write_class_folders(tmp_path / "set")
    (folder / "ship" / "blue.png").write_bytes(b"no image")
    result, _ = evaluated(colour_model, f"imagefolder:{folder}", tmp_path / "results", processes=1)
    assert (result.whole.total, result.whole.errors) == (6, 1)
    assert any("ship/blue.png" in note and "left out of all figures" in note for note in result.notes)
