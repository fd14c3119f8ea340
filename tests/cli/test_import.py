"""`tierbench import`: an ordinary suite from some pictures of each class of a data set."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from tests.cli.conftest import Answer
from tests.flat_colours import flat
from tests.several import SHIP
from tests.suites.datasets.layouts import write_cifar_arrays, write_class_folders, write_parquet, write_tar_shards
from tierbench.suites import Suite, read_suites

Call = Callable[..., Answer]


def read(workplace: Path, name: str) -> Suite:
    """Return a suite that has no problem."""
    suites, problems = read_suites([workplace / "cases" / name])
    assert problems == []
    return suites[0]


@pytest.fixture
def photos(workplace: Path) -> Path:
    """Make a set in the working directory: pictures of random greys, three of each of three classes of ImageNet."""
    random = np.random.default_rng(7)
    for name in ("n02930766", "n03100240", "n02012849"):
        (workplace / "photos" / name).mkdir(parents=True)
        for number in range(3):
            pixels = random.integers(0, 255, (24, 32), dtype=np.uint8)
            Image.fromarray(pixels).convert("RGB").save(workplace / "photos" / name / f"{name}_{number}.JPEG")
    return workplace / "photos"


def test_pictures_become_cases_with_their_bytes_source_and_labels(
    tierbench: Call, workplace: Path, photos: Path
) -> None:
    answer = tierbench(
        *("import", "imagefolder:photos", "--suite", "new", "--new-suite", "--per-class", "2", "--tier", "2"),
        *("--license", "CC0-1.0", "--tags", "grey", "--notes", "made"),
    )
    assert answer.code == 0, answer.err
    assert "its classes are ImageNet's; if it is of ImageNet-1k: https://image-net.org; terms: non-" in answer.out
    assert answer.out.splitlines()[-1] == "new: 6 cases added (6 in tier 2), 0 already there"
    suite = read(workplace, "new")
    assert suite.concepts == {
        "crane (n02012849)": ("n02012849",),
        "cab": ("n02930766",),
        "convertible": ("n03100240",),
    }
    for case in suite.cases:
        title, _, inside = case.source.partition(": ")
        assert title == "photos"
        content = (photos / inside).read_bytes()
        assert case.path.read_bytes() == content
        assert case.sha256 == hashlib.sha256(content).hexdigest()
        assert suite.concepts[case.expected[0]] == (inside.partition("/")[0],)
        assert (case.tier, case.tags, case.license, case.notes) == (2, ("grey",), "CC0-1.0", "made")
    assert sorted(case.id for case in suite.cases)[0].startswith("cab_n02930766_")
    for models in (("reference",), ("reference", "again=reference")):
        named = [word for model in models for word in ("--model", model)]
        assert tierbench("check", "new", *named).out == "new: 6 cases, no problem\n"


def test_the_same_command_again_adds_nothing_and_more_pictures_are_added(
    tierbench: Call, workplace: Path, photos: Path
) -> None:
    call = ("import", "imagefolder:photos", "--suite", "new", "--new-suite", "--tier", "1")
    assert tierbench(*call).code == 0
    first = (workplace / "cases" / "new" / "metadata.csv").read_bytes()
    again = tierbench(*call)
    assert (again.code, again.out.splitlines()[-1]) == (0, "new: 0 cases added, 3 already there")
    assert (workplace / "cases" / "new" / "metadata.csv").read_bytes() == first
    # Those that are there count.
    more = tierbench(*call, "--per-class", "2")
    assert more.out.splitlines()[-1] == "new: 3 cases added (3 in tier 1), 3 already there"
    all_of_them = tierbench(*call, "--per-class", "9", "--seed", "5")
    assert all_of_them.out.splitlines()[-1] == "new: 3 cases added (3 in tier 1), 6 already there"
    assert "3 of 3 classes have fewer pictures than 9: crane (n02012849) (3), cab (3), convertible (3)" in (
        all_of_them.out.splitlines()
    )
    assert len(read(workplace, "new").cases) == 9


def test_a_case_is_known_by_its_source_when_its_picture_was_edited(
    tierbench: Call, workplace: Path, photos: Path
) -> None:
    call = ("import", "imagefolder:photos", "--suite", "new", "--new-suite", "--tier", "1", "--classes", "cab")
    assert tierbench(*call).code == 0
    (case,) = read(workplace, "new").cases
    Image.open(case.path).rotate(90).save(case.path)
    metadata = workplace / "cases" / "new" / "metadata.csv"
    metadata.write_text(metadata.read_text(encoding="utf-8").replace(case.sha256, ""), encoding="utf-8")
    assert tierbench(*call).out.splitlines()[-1] == "new: 0 cases added, 1 already there"


def test_the_seed_decides_which_pictures(tierbench: Call, photos: Path) -> None:
    def chosen(seed: str) -> list[str]:
        call = ("import", "imagefolder:photos", "--suite", "new", "--new-suite", "--tier", "1", "--dry-run")
        return [line for line in tierbench(*call, "--seed", seed).out.splitlines() if line.startswith("  tier")]

    assert chosen("0") == chosen("0")
    assert len({tuple(chosen(str(seed))) for seed in range(5)}) > 1


def test_a_dry_run_changes_nothing(tierbench: Call, workplace: Path, photos: Path) -> None:
    answer = tierbench("import", "imagefolder:photos", "--suite", "new", "--new-suite", "--tier", "1", "--dry-run")
    assert answer.code == 0
    assert answer.out.splitlines()[-1] == "new: 3 cases would be added (3 in tier 1), 0 already there"
    assert not (workplace / "cases" / "new").exists()


@pytest.mark.parametrize(
    ("classes", "concepts"),
    [
        ("cab", ["cab"]),
        ("n03100240,CAB", ["convertible", "cab"]),
        # All cars.
        ("n02958343", ["cab", "convertible"]),
    ],
)
def test_classes_are_chosen_by_name_or_by_what_is_above_them(
    tierbench: Call, workplace: Path, photos: Path, classes: str, concepts: list[str]
) -> None:
    answer = tierbench(
        *("import", "imagefolder:photos", "--suite", "new", "--new-suite", "--tier", "1", "--classes", classes)
    )
    assert answer.code == 0, answer.err
    assert [case.expected[0] for case in read(workplace, "new").cases] == concepts


def test_tiers_are_found_by_how_many_models_miss(
    tierbench: Call, workplace: Path, colour_model: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.syspath_prepend(workplace)
    (workplace / "ships_to_import.py").write_text(SHIP, encoding="utf-8")
    models = ("--model", f"colour={colour_model}", "--model", "ship=python:ships_to_import:make")
    write_class_folders(workplace / "colours")
    answer = tierbench(*("import", "imagefolder:colours", "--suite", "new", "--new-suite", "--per-class", "2", *models))
    assert answer.code == 0, answer.err
    tiers = {Path(case.source).stem: case.tier for case in read(workplace, "new").cases}
    # One says ship of everything; the other one misses grey, which is said to be an airplane, and black.
    assert tiers == {"red": 2, "orange": 2, "green": 2, "blue": 1, "grey": 3, "black": 2}
    assert "new: 6 cases added (1 in tier 1, 4 in tier 2, 1 in tier 3), 0 already there" in answer.out


@pytest.mark.parametrize(
    ("text", "write"),
    [("parquet:set", write_parquet), ("webdataset:set", write_tar_shards), ("cifar10-c:set", write_cifar_arrays)],
)
def test_every_kind_of_set_can_be_imported(
    tierbench: Call, workplace: Path, colour_model: Path, text: str, write: Callable[[Path], Path]
) -> None:
    write(workplace / "set")
    call = ("import", text, "--suite", "new", "--new-suite", "--tier", "1", "--model", str(colour_model))
    assert tierbench(*call).code == 0
    suite = read(workplace, "new")
    assert {case.expected[0] for case in suite.cases} == {"airplane", "automobile", "ship", "truck"}
    assert all(case.path.suffix == ".png" for case in suite.cases)
    assert tierbench("check", "new", "--model", str(colour_model)).code == 0
    assert tierbench(*call).out.splitlines()[-1] == "new: 0 cases added, 4 already there"


def test_slices_are_chosen_and_groups_are_kept(tierbench: Call, workplace: Path, colour_model: Path) -> None:
    write_cifar_arrays(workplace / "set")
    call = ("import", "cifar10-c:set", "--suite", "new", "--new-suite", "--tier", "1", "--model", str(colour_model))
    assert tierbench(*call, "--slices", "snow+2").code == 0
    cases = read(workplace, "new").cases
    assert all(case.source.startswith("CIFAR-10-C: ") and "snow+2" in case.source for case in cases)
    assert len({case.group for case in cases}) == 4
    answer = tierbench(*call, "--slices", "snow+2,snwo+3")
    assert answer.code == 4
    assert "data set 'cifar10-c:set': has no slice 'snwo+3'; did you mean 'snow+3'?" in answer.err


def test_evaluate_says_where_a_public_set_is_from_beside_its_figures(
    tierbench: Call, workplace: Path, colour_model: Path
) -> None:
    write_cifar_arrays(workplace / "set")
    answer = tierbench("evaluate", str(colour_model), "--dataset", "cifar10-c:set", "--processes", "0", "--json")
    assert answer.code == 0
    assert "CIFAR-10-C: https://zenodo.org/record/2535967; terms: CC BY 4.0; of CIFAR-10, " in answer.err
    assert json.loads(answer.out)["n"] == 60


def test_what_cannot_be_used_is_left_out_with_a_note(tierbench: Call, workplace: Path, photos: Path) -> None:
    cab = photos / "n02930766"
    (cab / "n02930766_0.JPEG").write_bytes(b"<html>")
    (cab / "n02930766_1.JPEG").write_bytes((cab / "n02930766_2.JPEG").read_bytes())
    (photos / "list.txt").write_text("", encoding="utf-8")
    answer = tierbench(
        *("import", "imagefolder:photos", "--suite", "new", "--new-suite", "--per-class", "3", "--tier", "1")
    )
    assert answer.code == 0
    lines = answer.out.splitlines()
    assert "1 file left out, not an image in the folder of a class: list.txt" in lines
    assert any(
        line.startswith("left out: n02930766/n02930766_0.JPEG: the file is a web page, not an image") for line in lines
    )
    assert sum("it is the same picture as n02930766/n02930766_" in line for line in lines) == 1
    assert "1 of 3 classes have fewer pictures than 3: cab (1)" in lines
    assert lines[-1] == "new: 7 cases added (7 in tier 1), 0 already there"


def test_a_picture_that_the_suite_has_under_another_label_is_left_out(
    tierbench: Call, workplace: Path, photos: Path
) -> None:
    (workplace / "one.jpg").write_bytes((photos / "n02930766" / "n02930766_0.JPEG").read_bytes())
    add = ("add", "one.jpg", "--suite", "new", "--new-suite", "--label", "jeep", "--tier", "1")
    assert tierbench(*add).code == 0
    answer = tierbench("import", "imagefolder:photos", "--suite", "new", "--per-class", "3", "--tier", "1")
    assert answer.code == 0, answer.err
    assert "left out: n02930766/n02930766_0.JPEG: it is in the suite, as new/one" in answer.out.splitlines()


def test_labels_of_the_suite_are_kept(tierbench: Call, workplace: Path, photos: Path) -> None:
    folder = workplace / "cases" / "new"
    folder.mkdir()
    toml = '# Ours.\n[labels]  # by name\ncab = ["cab", "minicab"]\n\n[tiers.1]\nname = "easy"\n'
    (folder / "suite.toml").write_text(toml, encoding="utf-8")
    call = ("import", "imagefolder:photos", "--suite", "new", "--tier", "1", "--classes", "cab,convertible")
    assert tierbench(*call).code == 0
    added = toml.replace("# by name\n", '# by name\nconvertible = ["n03100240"]\n')
    assert (folder / "suite.toml").read_text(encoding="utf-8") == added


def test_a_refused_import_leaves_everything_unchanged(tierbench: Call, workplace: Path, photos: Path) -> None:
    folder = workplace / "cases" / "colours"
    before = {file.name: file.read_bytes() for file in folder.iterdir()}
    answer = tierbench("import", "imagefolder:photos", "--suite", "colours", "--tier", "1", "--tags", "parametrize")
    assert answer.code == 4
    assert "tag 'parametrize' cannot be a marker" in answer.err
    assert {file.name: file.read_bytes() for file in folder.iterdir()} == before


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("imagefolder:photos", "--suite", "new"), "suite 'new' does not exist; fix the name (known: colours), or"),
        (
            ("imagefolder:nowhere", "--suite", "colours"),
            "data set 'imagefolder:nowhere': there is no folder ",
        ),
        (("photos", "--suite", "colours"), "KIND:PATH 'photos' names no data set; write [NAME=]KIND:PATH[@SPLIT]"),
        (
            ("imagefolder:photos", "--suite", "colours", "--classes", "cbab"),
            "--classes: 'photos' has no class 'cbab'; did you mean 'cab'?",
        ),
        (
            ("imagefolder:odd", "--suite", "colours", "--tier", "1"),
            "class 'a|b' of 'odd': the concept 'a|b' is not a valid concept; it must not be empty, be '-', begin with "
            "'!' or contain '|'; rename it",
        ),
        (
            ("imagefolder:strange", "--suite", "colours", "--tier", "1"),
            "neither the suite nor the built-in model knows 1 of 1 classes: flurb (",
        ),
    ],
)
def test_what_the_user_can_fix_is_one_line(
    tierbench: Call, workplace: Path, photos: Path, arguments: tuple[str, ...], message: str
) -> None:
    for name in ("odd/a|b", "strange/flurb"):
        (workplace / name).mkdir(parents=True)
        flat("red").save(workplace / name / "red.png")
    answer = tierbench("import", *arguments)
    assert answer.code == 4
    assert len(answer.err.splitlines()) == 1
    assert message in answer.err


def test_a_class_that_may_be_two_is_named_and_one_without_a_model_is_forced(tierbench: Call, workplace: Path) -> None:
    for name in ("crane", "flurb"):
        (workplace / "mine" / name).mkdir(parents=True)
        flat("red" if name == "crane" else "blue").save(workplace / "mine" / name / "x.png")
    answer = tierbench("import", "imagefolder:mine", "--suite", "new", "--new-suite", "--tier", "1", "--force")
    assert answer.code == 0, answer.err
    assert "crane may be n02012849 or n03126707: the labels of all count; to choose, name one of them in" in answer.out
    assert [case.id for case in read(workplace, "new").cases] == ["crane_x", "flurb_x"]
