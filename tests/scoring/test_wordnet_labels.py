"""WordNet ids in a suite, as concept or in `[labels]`, for models with labels of several kinds."""

from __future__ import annotations

import pytest

from tests.conftest import SuiteWriter
from tierbench.common.imagenet import imagenet_classes
from tierbench.scoring.labels import label_problems, map_concepts, unmatched_labels
from tierbench.suites import Suite, read_suites

IMAGENET = tuple(each.label for each in imagenet_classes())
CIFAR = ("airplane", "automobile", "bird", "cat", "deer", "dog", "frog", "horse", "ship", "truck")
# The indices of ambulance, beach wagon, cab, convertible, jeep, limousine, minivan, Model T, racer and sports car.
CARS = (407, 436, 468, 511, 609, 627, 656, 661, 751, 817)


def read(suite: SuiteWriter, label: str, toml: str = "") -> Suite:
    (found,), problems = read_suites([suite(f"file_name,label,tier\nred.png,{label},1\n", toml)])
    assert problems == []
    return found


@pytest.mark.parametrize(
    ("label", "toml", "labels", "indices"),
    [
        ("n02958343", "", IMAGENET, CARS),
        ("car", "[labels]\ncar = 'n02958343'", IMAGENET, CARS),
        # Only the bird; by the name it would be the machine, too.
        ("n02012849", "", IMAGENET, (134,)),
        ("crane", "[labels]\ncrane = ['n03126707']", IMAGENET, (517,)),
        ("n02958343", "", ("background", *IMAGENET), tuple(index + 1 for index in CARS)),
        ("n02958343", "", CIFAR, (1,)),
        ("n02930766", "", CIFAR, ()),
        # A model whose labels are ids.
        ("n02958343", "", ("n02012849", "n03100240", "n04285008"), (1, 2)),
        # One that tells cars from sports cars.
        ("n02958343", "", ("ship", "automobile", "sports car"), (1, 2)),
        ("n04285008", "", ("ship", "automobile", "sports car"), (2,)),
        # A car of a railway is called so, too.
        ("n02958343", "", ("ship", "car"), ()),
    ],
)
def test_an_id_counts_the_labels_at_it_and_below_it(
    suite: SuiteWriter, label: str, toml: str, labels: tuple[str, ...], indices: tuple[int, ...]
) -> None:
    assert map_concepts(read(suite, label, toml), labels).concepts[label] == indices


def test_an_id_that_the_model_lacks_is_named_in_words(suite: SuiteWriter) -> None:
    unknown = read(suite, "n02958344")
    (line,) = label_problems(unknown, map_concepts(unknown, IMAGENET), "mine")
    assert "(n02958344 is no class of ImageNet-1k, and none is below it in WordNet); name its labels in" in line
    cab = read(suite, "n02930766")
    (line,) = label_problems(cab, map_concepts(cab, CIFAR), "mine")
    assert "no label of model 'mine' counts as 'n02930766' (n02930766 is cab); name its labels in" in line


def test_an_id_of_all_cars_and_a_class_of_one_are_two_concepts_of_a_label(suite: SuiteWriter) -> None:
    found = read(suite, "n02958343|convertible")
    (line,) = label_problems(found, map_concepts(found, IMAGENET), "mine")
    assert "label 'convertible' of model 'mine' counts as 'n02958343' and as 'convertible'; a label belongs to" in line


def test_only_an_id_without_labels_is_unmatched(suite: SuiteWriter) -> None:
    found = read(suite, "car", "[labels]\ncar = ['n02958343', 'N02930766', 'n02958344']")
    assert unmatched_labels(found, IMAGENET) == [("car", "n02958344")]
    assert unmatched_labels(found, CIFAR) == [("car", "N02930766"), ("car", "n02958344")]
