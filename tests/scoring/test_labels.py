"""Mapping concepts to labels: matching, missing labels with the nearest ones, labels in two concepts."""

from __future__ import annotations

import pytest

from tests.conftest import SuiteWriter
from tierbench.models.reference import imagenet_labels
from tierbench.scoring.labels import label_problems, map_concepts, short_label
from tierbench.suites import Suite, read_suites

Labels = tuple[str, ...]


def read(suite: SuiteWriter, label: str, toml: str = "") -> Suite:
    (found,), problems = read_suites([suite(f"file_name,label,tier\nred.png,{label},1\n", toml)])
    assert problems == []
    return found


@pytest.mark.parametrize(
    ("concept", "toml", "labels", "indices"),
    [
        ("cat", "", ("dog", "cat"), (1,)),
        ("Cat", "", ("dog", " CAT "), (1,)),
        ("tabby cat", "", ("tabby, tabby cat", "cat"), (0,)),
        # A label that matches as a whole wins over labels that match by a synonym.
        ("cat", "", ("tiger, cat", "cat"), (1,)),
        ("crane", "", ("crane, bird", "crane, machine"), (0, 1)),
        ("cat", "[labels]\ncat = ['tabby', 'Persian cat']", ("Persian cat", "cat", "tabby, tabby cat"), (0, 2)),
        ("cat", "[labels]\ncat = ['lion']", ("cat",), ()),
    ],
)
def test_a_label_matches_as_a_whole_or_by_a_synonym(
    suite: SuiteWriter, concept: str, toml: str, labels: Labels, indices: tuple[int, ...]
) -> None:
    space = map_concepts(read(suite, concept, toml), labels)
    assert space.concepts[concept] == indices
    assert space.knows(concept) == bool(indices)
    assert sorted([*space.free, *indices]) == list(range(len(labels)))


def test_a_concept_without_a_label_is_reported_with_the_nearest_labels(suite: SuiteWriter) -> None:
    found = read(suite, "automobil")
    space = map_concepts(found, ("airplane", "automobile", "ship"))
    assert label_problems(found, space, "mine") == [
        "suite 'colours': no label of model 'mine' counts as 'automobil' (nearest labels: automobile); "
        "name its labels in [labels] of suite.toml, or skip such cases with --robust-missing-labels skip"
    ]
    assert label_problems(found, space, "mine", missing_is_problem=False) == []


def test_the_models_labels_are_listed_if_none_is_near(suite: SuiteWriter) -> None:
    found = read(suite, "zzz")
    (line,) = label_problems(found, map_concepts(found, tuple("abcdefg")), "mine")
    assert "(its labels: a, b, c, d, e and 2 more)" in line


def test_a_label_in_two_concepts_is_reported_even_if_missing_labels_are_allowed(suite: SuiteWriter) -> None:
    found = read(suite, "cat|dog", "[labels]\ncat = ['tabby']\ndog = ['tabby cat']")
    (line,) = label_problems(found, map_concepts(found, ("tabby, tabby cat",)), "mine", missing_is_problem=False)
    assert line == (
        "suite 'colours': label 'tabby, tabby cat' of model 'mine' counts as 'cat' and as 'dog'; "
        "a label belongs to one concept: fix [labels] in suite.toml"
    )


def test_control_characters_in_a_label_do_not_reach_the_terminal(suite: SuiteWriter) -> None:
    found = read(suite, "ship")
    (line,) = label_problems(found, map_concepts(found, ("shi\x1b[31mp\n",)), "mine")
    assert line.isprintable()


def test_imagenet_has_1000_labels_with_synonyms() -> None:
    labels = imagenet_labels()
    assert len(labels) == 1000
    assert labels[817].split(", ")[:2] == ["sports car", "sport car"]
    assert short_label(labels[817]) == "sports car"
    assert labels[0].startswith("tench")
    assert labels[999].startswith("toilet tissue")


def test_a_misspelt_label_is_a_problem_unless_the_right_one_is_there(suite: SuiteWriter) -> None:
    labels = ("automobile", "sports car, sport car", "ship", "liner, ocean liner")

    def problems(*aliases: str) -> list[str]:
        listed = ", ".join(f'"{alias}"' for alias in aliases)
        found = read(suite, "car", f"[labels]\ncar = [{listed}]\nship = ['ship']")
        return label_problems(found, map_concepts(found, labels), "m")

    (line,) = problems("automobile", "sprots car")
    assert line.endswith(
        "suite.toml:2: [labels] car: no label of model 'm' is 'sprots car'; write 'sports car', or remove it"
    )
    assert problems("automobile", "sports car", "sprots car", "minivan") == []
    # "ships" would be a misspelling of a label, but that one belongs to another concept.
    assert problems("automobile", "ships") == []
