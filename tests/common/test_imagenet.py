"""The classes of ImageNet: one table, and names that may be two classes."""

from __future__ import annotations

import pytest

from tierbench.common.class_names import NameIndex
from tierbench.common.imagenet import find_class, imagenet_classes, in_imagenet_order, subset, wordnet_ids

LABELS = [each.label for each in imagenet_classes()]


def test_the_table_has_1000_classes_in_the_order_of_their_ids() -> None:
    ids = [each.wordnet_id for each in imagenet_classes()]
    assert len(ids) == len(set(ids)) == 1000
    assert ids == sorted(ids)
    assert (ids[0], LABELS[0], ids[999]) == ("n01440764", "tench, Tinca tinca", "n15075141")


def test_imagenet_a_and_r_have_200_classes_each() -> None:
    ids = set(wordnet_ids())
    assert len(subset("a")) == len(subset("r")) == 200
    assert subset("a") | subset("r") <= ids
    # The first of each, as their authors list them, and one that neither has.
    assert (min(subset("a")), min(subset("r"))) == ("n01498041", "n01443537")
    assert "n01440764" not in subset("a") | subset("r")


@pytest.mark.parametrize(
    ("name", "indices"),
    [
        # The bird and the machine.
        ("crane", (134, 517)),
        ("n02012849", (134,)),
        ("n03126707", (517,)),
        # The bathing suit twice.
        ("maillot", (638, 639)),
        ("maillot, tank suit", (639,)),
        # The dog and the garment: only the case is different.
        ("Cardigan", (264,)),
        ("cardigan", (474,)),
        ("CARDIGAN", (264, 474)),
        ("Cardigan Welsh corgi", (264,)),
        ("sunglass", (836,)),
        ("sunglasses", (837,)),
        ("dark_glasses", (837,)),
        ("missile", (657,)),
        ("projectile, missile", (744,)),
        ("projectile", (744,)),
        ("panda", (387, 388)),
        ("giant panda", (388,)),
        ("Great_White_Shark", (2,)),
        ("7", (7,)),
        ("007", (7,)),
        ("1000", ()),
        ("n00000000", ()),
        ("unicorn", ()),
        ("", ()),
    ],
)
def test_a_name_is_the_class_that_is_written_closest(name: str, indices: tuple[int, ...]) -> None:
    assert find_class(name) == indices


def test_every_label_and_every_id_is_its_own_class_but_for_the_cranes() -> None:
    assert {index for index, label in enumerate(LABELS) if find_class(label) != (index,)} == {134, 517, 638}
    assert all(find_class(each.wordnet_id) == (index,) for index, each in enumerate(imagenet_classes()))


def test_a_list_is_in_the_order_of_imagenet_only_if_each_name_may_stand_in_its_place() -> None:
    short = [label.partition(",")[0] for label in LABELS]
    for names in (LABELS, short, list(wordnet_ids()), [label.upper() for label in LABELS]):
        assert in_imagenet_order(names)
    swapped = list(LABELS)
    swapped[2], swapped[3] = swapped[3], swapped[2]
    assert not in_imagenet_order(swapped)
    assert not in_imagenet_order(LABELS[:999])
    assert not in_imagenet_order(sorted(LABELS))
    assert not in_imagenet_order([str(number) for number in range(1000)])


def test_a_name_with_commas_is_found_by_its_synonyms() -> None:
    index = NameIndex(["tench", "shark"])
    assert index.find("tench, Tinca tinca") == (0,)
    assert index.find("tench, shark") == (0, 1)
    assert index.find(", ,") == ()
