"""A zero-shot model on data sets: it is asked for the names of their classes, and judged as any other model is."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import pytest

from tests.flat_colours import flat
from tests.suites.datasets.layouts import CLASS_OF, CLASSES, write_class_folders
from tests.suites.datasets.test_with_a_model import evaluated
from tests.zero_shot_models import save_zero_shot
from tierbench.common.errors import UserError
from tierbench.common.imagenet import imagenet_classes, in_imagenet_order, wordnet_ids
from tierbench.models import Classifier, load_classifier
from tierbench.scoring.set_binding import SetBinding, bind_to_set
from tierbench.suites.datasets import DataSet, FileSource, Layout, Sample

FOLDERS = Layout("folders")


@pytest.fixture(scope="module", params=["clip", "siglip"])
def folder(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return save_zero_shot(tmp_path_factory.mktemp("zero-shot") / str(request.param), str(request.param))


@pytest.fixture(scope="module")
def clip(tmp_path_factory: pytest.TempPathFactory) -> Classifier:
    return load_classifier(str(save_zero_shot(tmp_path_factory.mktemp("zero-shot") / "clip")), device="cpu")


def bound(clip: Classifier, classes: Sequence[str], layout: Layout = FOLDERS) -> SetBinding:
    samples = [Sample(f"{name}/1", "", name, FileSource(Path("/nowhere"), name)) for name in classes]
    return bind_to_set(clip, DataSet("mine", "imagefolder:mine", layout, samples))


@pytest.mark.parametrize("processes", [0, 2])
def test_the_rows_are_what_the_model_says_of_the_class_names(folder: Path, tmp_path: Path, processes: int) -> None:
    from transformers import pipeline

    write_class_folders(tmp_path / "colours")
    result, rows = evaluated(folder, f"imagefolder:{tmp_path}/colours", tmp_path / "out", processes)
    plain = pipeline("zero-shot-image-classification", model=str(folder), device="cpu")
    for row in rows.itertuples():
        said = plain(flat(Path(str(row.id)).stem, (32, 32)), candidate_labels=list(CLASSES))
        assert row.predicted == said[0]["label"]
        assert row.confidence == pytest.approx(said[0]["score"], abs=1e-4)
        (own,) = (each["score"] for each in said if each["label"] == row.label)
        # Of two that are nearly as probable either may be first.
        better, near = (sum(each["score"] > own + far for each in said) for far in (1e-4, -1e-4))
        assert 1 + better <= row.rank <= near
    assert (result.whole.total, result.whole.errors) == (len(CLASS_OF), 0)
    assert result.protocol[1] == (
        "zero-shot: asked for the classes of the set by name, as in 'This is a photo of airplane.'; all 4 count, for 4 "
        "classes"
    )


def test_classes_of_imagenet_are_asked_for_by_its_thousand_names(clip: Classifier) -> None:
    found = bound(clip, ["n02012849", "n03126707", "n02123045"])
    labels = found.classes.labels
    assert found.classes.of == {"n02012849": (134,), "n03126707": (517,), "n02123045": (281,)}
    assert in_imagenet_order(labels)
    assert len({name.casefold() for name in labels}) == 1000
    # Of names that two classes have, what is above tells which is meant.
    named = [labels[index] for index in (134, 517, 264, 474, 638, 639, 281)]
    assert named[:2] == ["crane, wading bird", "crane, lifting device"]
    assert named[2:] == ["Cardigan, corgi", "cardigan, sweater", "maillot, tights", "maillot, swimsuit", "tabby"]
    assert found.classes.protocol == (
        "zero-shot: asked for the 1,000 classes of ImageNet-1k by name, as in 'This is a photo of tench.'; all 1000 "
        "count, for 3 classes"
    )
    # As of other models, only the labels present count where the set is published so.
    present = bound(clip, ["n02012849", "n02123045"], Layout("ImageNet-R", counted="present")).classes
    assert (present.counted, len(present.labels)) == ((134, 281), 1000)
    assert "only the 2 present count" in present.protocol


@pytest.mark.parametrize(
    "classes",
    [
        list(wordnet_ids()),
        [str(index) for index in range(1000)],
    ],
    ids=["ids", "indices"],
)
def test_every_class_of_imagenet_has_its_own_name(clip: Classifier, classes: Sequence[str]) -> None:
    found = bound(clip, classes).classes
    assert [found.of[name] for name in classes] == [(index,) for index in range(1000)]
    assert found.labels[0] == imagenet_classes()[0].label.partition(",")[0]


def test_ids_above_imagenet_are_asked_for_by_name(clip: Classifier) -> None:
    found = bound(clip, ["n02958343", "boat", "n04285008"])
    assert found.classes.labels == ("boat", "car", "sports car")
    assert found.identity.labels == found.classifier.labels == found.classes.labels


@pytest.mark.parametrize(
    ("classes", "line"),
    [
        (["ship"], "its only class is ship, which a zero-shot model would see in every picture; add the classes that"),
        (["0", "1", "ship"], "2 of 3 classes are numbers: 0, 1; a zero-shot model is asked for names: rename the"),
        (["n99999999", "ship"], "1 of 2 classes are WordNet ids that are not known: n99999999; a zero-shot model is"),
        (["Crane", "crane", "ship"], "a zero-shot model cannot tell apart the names of Crane and crane; merge or"),
    ],
)
def test_classes_that_cannot_be_asked_for_are_refused(clip: Classifier, classes: Sequence[str], line: str) -> None:
    with pytest.raises(UserError) as caught:
        bound(clip, classes)
    assert str(caught.value).startswith(f"data set 'mine': {line}")
