"""The classes of a set, mapped onto the labels of a model: by name, id, index or synonym, or refused."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

import pytest

from tierbench.common.errors import UserError
from tierbench.common.imagenet import imagenet_classes, wordnet_ids
from tierbench.scoring.class_map import map_classes
from tierbench.suites.datasets import DataSet, FileSource, Layout, Sample

IMAGENET = tuple(each.label for each in imagenet_classes())
WITH_BACKGROUND = ("background", *IMAGENET)


FOLDERS = Layout("folders")


def a_set(
    classes: Sequence[str], layout: Layout = FOLDERS, means: Mapping[str, tuple[str, ...]] | None = None
) -> DataSet:
    samples = [Sample(f"{name}/1.png", "", name, FileSource(Path("/nowhere"), f"{name}/1.png")) for name in classes]
    return DataSet("mine", "imagefolder:mine", layout, samples, means=means or {})


def mapped(classes: Sequence[str], labels: Sequence[str]) -> dict[str, int]:
    """Return the index of each class; each must have one."""
    found = map_classes(a_set(classes), labels).of
    assert all(len(indices) == 1 for indices in found.values())
    return {name: indices[0] for name, indices in found.items()}


def refused(classes: Sequence[str], labels: Sequence[str]) -> list[str]:
    with pytest.raises(UserError) as error:
        map_classes(a_set(classes), labels)
    assert all(line.startswith("data set 'mine': ") and line.isprintable() for line in error.value.lines)
    return [line.removeprefix("data set 'mine': ") for line in error.value.lines]


@pytest.mark.parametrize("labels", [IMAGENET, tuple(wordnet_ids()), tuple(name.partition(",")[0] for name in IMAGENET)])
def test_all_wordnet_ids_map_by_index_however_the_model_names_them(labels: Sequence[str]) -> None:
    assert mapped(list(wordnet_ids()), labels) == wordnet_ids()
    assert mapped(list(wordnet_ids()), ("background", *labels)) == {
        name: index + 1 for name, index in wordnet_ids().items()
    }


def test_a_shift_needs_a_model_whose_labels_say_so() -> None:
    """1,001 labels of which the background is the last, as some conversions have it."""
    last = (*IMAGENET, "background")
    found = mapped(["n01440764", "n15075141", "n02123045"], last)
    assert found == {"n01440764": 0, "n15075141": 999, "n02123045": 281}
    # Of the two cranes nothing says which is which there.
    assert "may each be two labels" in refused(["crane"], last)[0]
    assert "no label for 1 of 1 classes: n02012849 crane" in refused(["n02012849"], last)[0]


def test_folders_named_by_index_are_numbers_not_texts() -> None:
    """As in ImageNet-V2: sorted as texts, 10 would follow 1."""
    classes = [str(index) for index in range(1000)]
    assert mapped(classes, IMAGENET) == {str(index): index for index in range(1000)}
    assert mapped(classes, WITH_BACKGROUND)["10"] == 11
    assert "no label for 1 of 1 classes: 1000" in refused(["1000"], WITH_BACKGROUND)[0]


def test_an_index_means_nothing_to_a_model_of_other_classes() -> None:
    (line,) = refused(["0", "1"], ("cat", "dog"))
    assert line.startswith("the model has no label for 2 of 2 classes: 0, 1 (its labels: cat, dog); name classes by ")
    assert "--robust-labels FILE" in line


def test_numbers_that_are_the_models_labels_are_names() -> None:
    assert mapped(["3", "10"], [str(index) for index in range(11)]) == {"3": 3, "10": 10}


def test_a_model_without_names_is_refused_even_if_it_has_1000_labels() -> None:
    for labels in ([f"LABEL_{index}" for index in range(1000)], [str(index) for index in range(1000)]):
        (line,) = refused(["n01440764"], labels)
        assert "no label for 1 of 1 classes: n01440764 tench" in line


@pytest.mark.parametrize("labels", [IMAGENET, WITH_BACKGROUND])
def test_a_name_that_may_be_two_classes_is_refused_with_their_ids(labels: Sequence[str]) -> None:
    (line,) = refused(["crane", "maillot", "tench"], labels)
    assert line == (
        "2 of 3 classes may each be two labels of the model: crane (n02012849 crane or n03126707 crane); "
        "maillot (n03710637 maillot or n03710721 maillot, tank suit); name them by WordNet id"
    )


def test_the_dog_and_the_garment_are_two_classes() -> None:
    assert mapped(["Cardigan", "cardigan"], IMAGENET) == {"Cardigan": 264, "cardigan": 474}


def test_each_of_the_two_cranes_has_its_own_label() -> None:
    assert mapped(["n02012849", "n03126707"], WITH_BACKGROUND) == {"n02012849": 135, "n03126707": 518}


def test_synonyms_and_whole_labels_lead_to_a_model_with_short_names() -> None:
    short = ("tench", "missile", "projectile", "crash helmet")
    assert mapped(["tench, Tinca tinca", "missile", "projectile, missile"], short) == {
        "tench, Tinca tinca": 0,
        "missile": 1,
        "projectile, missile": 2,
    }
    assert mapped(["Tinca tinca"], short) == {"Tinca tinca": 0}


def test_a_set_that_does_not_map_is_refused_with_the_first_ten() -> None:
    (line,) = refused([f"thing {number:02d}" for number in range(12)], IMAGENET)
    assert "12 of 12 classes: thing 00, thing 01, " in line
    assert "thing 09 and 2 more" in line


def test_two_classes_of_one_label_are_one_line() -> None:
    (line,) = refused(["great white shark", "man-eater", "tench"], IMAGENET)
    assert line.startswith("1 label of the model would count as two classes: great white shark, white shark")
    assert "(great white shark, man-eater); merge the classes" in line


def test_an_id_that_two_labels_have_is_refused() -> None:
    (line,) = refused(["n01440764"], ("tench", "Tinca tinca", "goldfish"))
    assert "no label for 1 of 1 classes: n01440764 tench" in line


def test_every_kind_of_problem_has_its_line() -> None:
    lines = refused(["unicorn", "crane", "white shark", "man-eater"], IMAGENET)
    assert [line.split()[0] for line in lines] == ["the", "1", "1"]


def test_a_set_may_say_that_several_labels_count_as_a_class() -> None:
    found = map_classes(a_set(["chair"], means={"chair": ("barber chair", "rocking chair, rocker")}), IMAGENET)
    assert [IMAGENET[index].partition(",")[0] for index in found.of["chair"]] == ["barber chair", "rocking chair"]


def test_only_the_labels_present_count_where_the_set_or_the_user_says_so() -> None:
    present = Layout("part", counted="present")
    found = map_classes(a_set(["n01440764", "n02123045"], present), WITH_BACKGROUND)
    assert found.counted == (1, 282)
    assert found.protocol == "only the 2 labels present count, for 2 classes"
    found = map_classes(a_set(["n01440764"], present), WITH_BACKGROUND, counted="all")
    assert (found.counted, found.protocol) == (None, "all 1001 labels of the model count, for 1 classes")


@pytest.mark.parametrize(
    ("labels", "indices"),
    [
        # The label itself, by a name that only one sense has; not what is below it.
        (("ship", "automobile, motorcar", "n04285008"), (1,)),
        (("ship", "automobile", "sports car"), (1,)),
        # What is below it, where the model has no label for it.
        (("ship", "sports car", "convertible"), (1, 2)),
        (IMAGENET, (407, 436, 468, 511, 609, 627, 656, 661, 751, 817)),
    ],
)
def test_an_id_outside_of_imagenet_maps_through_wordnet(labels: Sequence[str], indices: tuple[int, ...]) -> None:
    found = map_classes(a_set(["n02958343"]), labels)
    assert found.of == {"n02958343": indices}
    assert f"; by WordNet, n02958343 car: {labels[indices[0]]}" in found.protocol


def test_ids_that_wordnet_does_not_settle_are_refused() -> None:
    # A convertible would be right as a car, and as a convertible.
    (line,) = refused(["n02958343", "n03100240"], IMAGENET)
    assert line.startswith("1 label of the model would count as two classes: convertible (n02958343, n03100240)")
    (line,) = refused([f"n0773912{number}" for number in range(2)] + ["n02958343"], ("ship", "truck"))
    assert "no label for 3 of 3 classes: n02958343 car, n07739120, n07739121 (its labels: ship, truck; only ids" in line


def test_of_the_names_of_a_class_the_ambiguous_one_is_shown() -> None:
    birds = a_set(["flyer"], means={"flyer": ("ostrich", "crane")})
    with pytest.raises(UserError, match=r"flyer \(n02012849 crane or n03126707 crane.*\); name them by WordNet id"):
        map_classes(birds, IMAGENET)
