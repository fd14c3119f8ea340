"""What is above the classes of ImageNet-1k: the table, and what a name or an id stands for."""

from __future__ import annotations

import pytest

from tierbench.common.imagenet import wordnet_ids
from tierbench.common.wordnet import find_synset, ids_within, spoken_name, synsets, wordnet_text

CAR, ENTITY = "n02958343", "n00001740"
# ImageNet's cars, as WordNet has them.
CARS = {
    "ambulance",
    "beach wagon",
    "cab",
    "convertible",
    "jeep",
    "limousine",
    "minivan",
    "Model T",
    "racer",
    "sports car",
}


def test_every_class_is_below_the_top_and_every_id_leads_to_a_class() -> None:
    assert wordnet_ids().keys() < ids_within(ENTITY) == synsets().keys()
    for each, synset in synsets().items():
        assert ids_within(each) & wordnet_ids().keys(), each
        # A class is never above another one, so no picture is of two.
        assert bool(synset.below) != (each in wordnet_ids())


def test_a_car_is_one_of_ten_classes() -> None:
    assert {synsets()[each].name for each in ids_within(CAR)} == {*CARS, "car"}


@pytest.mark.parametrize(
    ("name", "wordnet_id"),
    [
        (CAR, CAR),
        ("automobile", CAR),
        ("Great_White shark", "n01484850"),
        # The bird or the machine.
        ("crane", ""),
        ("n99999999", ""),
        ("7", ""),
        ("wardrobe malfunction", ""),
    ],
)
def test_a_name_stands_for_one_id_or_for_none(name: str, wordnet_id: str) -> None:
    assert find_synset(name) == wordnet_id


def test_an_id_is_named_in_words() -> None:
    assert spoken_name(CAR) == "car"
    assert spoken_name("n99999999") == "n99999999"
    assert wordnet_text(CAR) == "n02958343 is car, with ambulance, beach wagon, cab and 7 more below"
    assert wordnet_text("n02930766") == "n02930766 is cab"
    assert wordnet_text("n99999999") == "n99999999 is no class of ImageNet-1k, and none is below it in WordNet"
