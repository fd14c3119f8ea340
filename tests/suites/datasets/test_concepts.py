"""Classes of data sets as concepts of a suite, and where sets come from."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path

import pytest

from tests.suites.datasets.layouts import opened, write_corrupted_folders, write_objectnet
from tierbench.common.imagenet import subset, wordnet_ids
from tierbench.suites.datasets import DataSet, FileSource, Layout, Sample
from tierbench.suites.datasets.concepts import Concept, concepts_of
from tierbench.suites.datasets.origins import origin_text, source_title


def set_of(classes: Iterable[str], title: str = "class folders", spec: str = "imagefolder:mine") -> DataSet:
    samples = [Sample(f"{name}/1.png", "", name, FileSource(Path("/"), "")) for name in classes]
    return DataSet("mine", spec, Layout(title), samples)


@pytest.mark.parametrize(
    ("name", "concept"),
    [
        ("n02930766", Concept("cab", ("n02930766",), "n02930766")),
        # The bird, not the machine; and the dog, not the garment.
        ("n02012849", Concept("crane (n02012849)", ("n02012849",), "n02012849")),
        ("n02113186", Concept("Cardigan (n02113186)", ("n02113186",), "n02113186")),
        ("cab", Concept("cab", (), "n02930766")),
        ("great_white_shark", Concept("great_white_shark", ("n01484850",), "n01484850")),
        ("crane", Concept("crane", (), "", ("n02012849", "n03126707"))),
        ("flurb", Concept("flurb")),
        # A digit that is shown, for all that is known.
        ("7", Concept("7")),
    ],
)
def test_a_class_is_a_concept(name: str, concept: Concept) -> None:
    assert concepts_of(set_of([name])) == {name: concept}


def test_a_thousand_numbers_are_the_classes_of_imagenet() -> None:
    concepts = concepts_of(set_of(map(str, range(1000))))
    assert concepts["468"] == Concept("cab", ("n02930766",), "n02930766")
    assert len({each.name for each in concepts.values()}) == 1000


def test_a_set_may_say_which_labels_count(tmp_path: Path) -> None:
    concepts = concepts_of(opened(f"objectnet:{write_objectnet(tmp_path / 'objectnet')}"))
    assert Concept("plane_or_ship", ("airplane", "ship")) in concepts.values()


def test_the_origin_and_terms_of_public_sets_are_known(tmp_path: Path) -> None:
    corrupted = opened(f"imagenet-c:{write_corrupted_folders(tmp_path / 'c')}")
    assert origin_text(corrupted) == (
        "ImageNet-C: https://zenodo.org/record/2235448; terms: its authors' page states none; the pictures are made of "
        "ImageNet's: non-commercial research and education"
    )
    assert source_title(corrupted) == "ImageNet-C"
    hub = replace(corrupted, spec="hub:org/name@test?label=x")
    assert origin_text(hub) == "org/name: https://huggingface.co/datasets/org/name; terms: see its card there"
    assert origin_text(set_of(subset("a"), "ImageNet-A")).startswith("ImageNet-A: https://github.com/hendrycks/natural")


def test_what_classes_alone_say_is_a_guess() -> None:
    ids = [*wordnet_ids()]
    assert origin_text(set_of(ids[:3])).startswith("its classes are ImageNet's; if it is of ImageNet-1k: https://image")
    assert "if it is of ImageNet-Sketch: " in origin_text(set_of(ids, spec="imagefolder:imagenet-sketch"))
    assert origin_text(set_of(map(str, range(1000)))).startswith("if it is ImageNet-V2: https://github.com/modesty")
    assert source_title(set_of(ids)) == "mine"
    assert origin_text(set_of(["cat", *ids])) == origin_text(set_of(["7"])) == ""


def test_a_thousand_numbers_are_indices_only_if_all_are_plain() -> None:
    plain = [str(number) for number in range(1000)]
    assert concepts_of(set_of(plain))["7"].wordnet_id == "n01514668"
    assert concepts_of(set_of(["²", *plain[1:]]))["7"] == Concept("7")
