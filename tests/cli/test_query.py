"""`tierbench query`: what models see in pictures, and whether that is what is expected."""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from tests.cli.conftest import Answer
from tests.conftest import STUDY, write_suite
from tests.flat_colours import SAID, flat
from tierbench.scoring.evaluate import evaluate

Call = Callable[..., Answer]

# It says of a picture whether it is wider than high, and with which share; and knows no other picture.
SHAPES = """
import numpy as np

class Shapes:
    labels = ("wide", "tall", "white")
    fingerprint = None

    def describe(self):
        return {"architecture": "Shapes"}

    def predict(self, images):
        return np.array([
            (0.1, 0.1, 0.8) if image.getpixel((0, 0)) == (255, 255, 255)
            else (0.7, 0.2, 0.1) if image.width > image.height
            else (0.2, 0.7, 0.1)
            for image in images
        ])

class Doubled(Shapes):
    def predict(self, images):
        return 2 * super().predict(images) / 1.7

class Lost(Shapes):
    def predict(self, images):
        return np.full((len(images), 3), np.nan)
"""


@pytest.fixture
def place(workplace: Path, colour_model: Path, cache: Path) -> Path:
    """A repository with the suite `study`, the model in its settings, and models of its own."""
    write_suite(workplace / "cases" / "study", STUDY)
    (workplace / "pyproject.toml").write_text(
        f'[tool.pytest]\nrobust_model = ["flat={colour_model}"]\n', encoding="utf-8"
    )
    (workplace / "shapes.py").write_text(SHAPES, encoding="utf-8")
    flat("red").save(workplace / "red.png")
    flat("black").save(workplace / "black.png")
    return workplace


def objects(answer: Answer) -> list[dict[str, Any]]:
    return [json.loads(line) for line in answer.out.splitlines()]


@pytest.mark.usefixtures("place")
def test_the_labels_are_ranked_as_the_study_printed_them(tierbench: Call) -> None:
    answer = tierbench("query", "red.png")
    assert (answer.code, answer.err) == (0, "")
    assert answer.out.splitlines() == [
        "red.png",
        "flat",
        "  score:0.9000 automobile",
        "  score:0.0500 airplane",
        "  score:0.0300 ship",
        "  score:0.0200 truck",
    ]
    assert tierbench("query", "red.png", "--top", "1").out.splitlines()[2:] == ["  score:0.9000 automobile"]


@pytest.mark.usefixtures("place")
def test_an_expectation_is_met_or_missed_in_words_and_by_the_exit_code(tierbench: Call) -> None:
    met = tierbench("query", "red.png", "--expect", "Automobile")
    assert met.code == 0
    assert met.out.splitlines()[-1] == "  classified: Automobile 0.9000"
    missed = tierbench("query", "red.png", "black.png", "--expect", "automobile", "--top", "1")
    assert missed.code == 1
    assert missed.out.splitlines() == [
        "red.png, expected automobile",
        "flat",
        "  score:0.9000 automobile",
        "  classified: automobile 0.9000",
        "",
        "black.png, expected automobile",
        "flat",
        "  score:0.4900 airplane",
        "  not classified: expected automobile, got airplane 0.490; automobile 0.233 at rank 2",
        "",
        "classified: flat 1 of 2",
    ]
    assert tierbench("query", "black.png", "--expect", "ship|airplane").code == 0
    absent = tierbench("query", "black.png", "--expect", "!airplane")
    assert absent.code == 1
    assert "not classified: expected no airplane, got airplane 0.490" in absent.out


@pytest.mark.usefixtures("place")
@pytest.mark.parametrize(
    ("arguments", "line"),
    [
        (("--expect", "automobil"), "--expect: no label of model 'flat' is 'automobil' (nearest labels: automobile)"),
        (("--expect", "-"), "--expect -: a twin shows nothing that could be expected; name a label"),
        (("--expect", "ship|!truck"), "--expect: label 'ship|!truck' combines an absence with alternatives"),
        (("--suite", "stud"), "suite 'stud': no folder of this name has a metadata.csv; did you mean 'study'?"),
        (("--expect", "tractor", "--suite", "study"), "no label of model 'flat' counts as 'tractor'"),
        (("--model", "nowhere"), "model 'nowhere': there is no such folder"),
        (("--model", "python:shapes:Doubled"), "the model's predict() returned probabilities that sum to 1.18"),
    ],
)
def test_wrong_usage_is_one_line(tierbench: Call, arguments: tuple[str, ...], line: str) -> None:
    answer = tierbench("query", "red.png", *arguments)
    assert (answer.code, answer.out) == (4, "")
    (error,) = answer.err.splitlines()
    assert line in error


def test_a_case_of_a_suite_expects_what_its_row_says(tierbench: Call, place: Path) -> None:
    # By its path, and by its content.
    shutil.copy(place / "cases/study/black_night.png", place / "copy.png")
    answer = tierbench("query", "cases/study/red_space.png", "copy.png", "--suite", "study")
    assert answer.code == 1
    lines = answer.out.splitlines()
    assert "cases/study/red_space.png (study/red_space), expected automobile" in lines
    assert "copy.png (study/black_night), expected automobile" in lines
    # A picture that is no case expects nothing.
    flat("blue", (50, 50)).save(place / "other.png")
    answer = tierbench("query", "other.png", "--suite", "study")
    assert answer.code == 0
    assert answer.out.splitlines()[0] == "other.png"
    assert "classified" not in answer.out


def test_labels_and_thresholds_of_the_suite_count(tierbench: Call, place: Path) -> None:
    (place / "cases/study/suite.toml").write_text(
        '[labels]\nvehicle = ["automobile", "truck"]\n[tiers.1]\nmin_score = 0.95\n', encoding="utf-8"
    )
    rows = STUDY.replace("automobile", "vehicle")
    (place / "cases/study/metadata.csv").write_text(rows, encoding="utf-8")
    answer = tierbench("query", "red.png", "--suite", "study", "--expect", "vehicle")
    assert answer.code == 1
    assert "  score:0.9000 automobile (vehicle)" in answer.out
    assert "not classified: expected vehicle ≥ 0.95, got vehicle 0.920 at rank 1" in answer.out
    # A picture that is no case is judged like tier 1.
    flat("orange", (9, 9)).save(place / "orange.png")
    assert tierbench("query", "orange.png", "--suite", "study", "--expect", "vehicle").code == 1


def test_the_verdicts_are_those_of_the_benchmark(tierbench: Call, place: Path, colour_model: Path) -> None:
    rows = (
        "file_name,label,tier,twin,min_margin\n"
        "red.png,automobile,1,empty,\n"
        "orange.png,automobile,1,full,0.3\n"
        "green.png,!ship,1,,\n"
        "grey.png,ship|truck,2,,\n"
        "empty.png,-,,,\n"
        "full.png,-,,,\n"
    )
    folder = write_suite(place / "cases" / "twins", rows)
    flat("blue").save(folder / "empty.png")
    flat("red").save(folder / "full.png")
    expected = evaluate(str(colour_model), folder).set_index("case")
    paths = [f"cases/twins/{name}.png" for name in expected.index]
    found = {
        entry["case"].partition("/")[2]: entry
        for entry in objects(tierbench("query", *paths, "--suite", "twins", "--json"))
    }
    assert list(found) == list(expected.index)
    assert expected["passed"].nunique() == 2
    for name, row in expected.iterrows():
        entry = found[str(name)]
        assert (entry["classified"], entry["rank"]) == (row["passed"], row["rank"])
        assert entry["score"] == pytest.approx(row["score"], abs=1e-6)
        assert entry["margin"] == pytest.approx(row["margin"], abs=1e-6)
        assert (entry["reason"] or "") == row["reason"]
        assert entry["image_sha256"] == row["image_sha256"]


def test_json_has_an_object_for_each_image_and_model(tierbench: Call, place: Path, colour_model: Path) -> None:
    answer = tierbench(
        "query",
        "red.png",
        "black.png",
        "--json",
        "--top",
        "2",
        "--expect",
        "automobile",
        "--model",
        f"a={colour_model}",
        "--model",
        f"b={colour_model}",
    )
    assert answer.code == 1
    found = objects(answer)
    assert [(entry["image"], entry["model"]) for entry in found] == [
        ("red.png", "a"),
        ("red.png", "b"),
        ("black.png", "a"),
        ("black.png", "b"),
    ]
    assert [entry["classified"] for entry in found] == [True, True, False, False]
    assert [top["label"] for top in found[2]["top"]] == ["airplane", "automobile"]
    assert found[2]["top"][0]["score"] == pytest.approx(SAID["black"][0], abs=1e-4)
    assert {key: found[0][key] for key in ("case", "expected", "reason", "error")} == {
        "case": None,
        "expected": "automobile",
        "reason": None,
        "error": None,
    }
    assert len(found[0]["image_sha256"]) == 64


def test_explain_says_which_pictures_are_cases_and_which_labels_count(tierbench: Call, place: Path) -> None:
    (place / "cases/study/suite.toml").write_text(
        '[labels]\nvehicle = ["automobile", "truck"]\n[tiers.3]\nmin_score = 0.5\n', encoding="utf-8"
    )
    rows = STUDY.replace("automobile", "vehicle").replace("grey_fog.png,vehicle", "grey_fog.png,vehicle|sloop")
    (place / "cases/study/metadata.csv").write_text(rows, encoding="utf-8")
    flat("blue", (50, 50)).save(place / "blue.png")
    asked = ("query", "cases/study", "blue.png", "--suite", "study", "--explain", "--top", "1")
    answer = tierbench(*asked)
    assert answer.out.splitlines()[:9] == [
        "understood: 4 pictures, 3 of them cases of study (tier 1: 1, tier 2: 1, tier 3: 1)",
        "  vehicle is expected of 2 pictures",
        "    flat: automobile, truck count as vehicle",
        "  vehicle|sloop is expected of 1 picture, score ≥ 0.5",
        "    flat: automobile, truck count as vehicle",
        "    flat: no label counts as sloop",
        "  nothing is expected of 1 picture",
        "",
        "cases/study/black_night.png (study/black_night), expected vehicle",
    ]
    first, *answers = objects(tierbench(*asked, "--json"))
    assert first["understood"]["pictures"] == len(answers) == 4
    assert first["understood"]["cases"] == [{"suite": "study", "tier": tier, "pictures": 1} for tier in (1, 2, 3)]
    assert [(each["expected"], each["pictures"]) for each in first["understood"]["expected"]] == [
        ("vehicle", 2),
        ("vehicle|sloop", 1),
        (None, 1),
    ]
    assert first["understood"]["expected"][1]["labels"] == {"flat": {"vehicle": ["automobile", "truck"], "sloop": []}}
    assert first["understood"]["expected"][1]["min_score"] == 0.5


@pytest.mark.usefixtures("place")
def test_explain_without_a_suite_names_the_label_that_counts(tierbench: Call) -> None:
    lines = tierbench("query", "red.png", "--expect", "!Ship", "--explain").out.splitlines()
    assert lines[:3] == [
        "understood: 1 picture",
        "  !Ship is expected of 1 picture",
        "    flat: ship counts as Ship",
    ]


def test_what_is_no_image_is_a_line_and_the_others_go_on(tierbench: Call, place: Path) -> None:
    (place / "broken.png").write_bytes((place / "red.png").read_bytes()[:60])
    (place / "empty").mkdir()
    os.mkfifo(place / "pipe.png")
    odd = ["broken.png", "missing.png", "empty", "pipe.png", "https://example.org/car.jpg"]
    answer = tierbench("query", *odd[:2], "red.png", *odd[2:])
    assert answer.code == 1
    assert "score:0.9000 automobile" in answer.out
    errors = answer.err.splitlines()
    assert len(errors) == len(odd)
    for name in odd:
        assert any(line.startswith(f"error: {name}: ") for line in errors), name
    assert "images are not fetched" in answer.err
    assert "broken.png" not in answer.out


def test_a_folder_stands_for_the_images_directly_in_it(tierbench: Call, place: Path) -> None:
    answer = tierbench("query", "cases/study", "red.png", "--json")
    assert [entry["image"] for entry in objects(answer)] == [
        "cases/study/black_night.png",
        "cases/study/grey_fog.png",
        "cases/study/red_space.png",
        "red.png",
    ]


def test_pictures_are_read_as_the_benchmark_reads_them(tierbench: Call, place: Path) -> None:
    exif = Image.Exif()
    exif[0x0112] = 6  # turn by 90°
    Image.new("RGB", (40, 20), "red").save(place / "turned.jpg", exif=exif)
    Image.new("RGBA", (40, 20), (255, 0, 0, 0)).save(place / "clear.png")
    Image.new("RGB", (40, 20), "red").save(place / "wide.png")
    answer = tierbench("query", "turned.jpg", "clear.png", "wide.png", "--model", "python:shapes:Shapes", "--json")
    assert [entry["top"][0]["label"] for entry in objects(answer)] == ["tall", "white", "wide"]
    answer = tierbench("query", "wide.png", "--model", "python:shapes:Shapes", "--max-pixels", "799")
    assert answer.code == 1
    assert "error: wide.png: the image has too many pixels (40 × 20, the limit is 799)" in answer.err
    answer = tierbench("query", "wide.png", "--model", "python:shapes:Lost")
    assert answer.code == 1
    assert answer.err == "error: wide.png: the model's output contains NaN or infinity\n"


def test_nothing_is_kept(tierbench: Call, place: Path, cache: Path) -> None:
    assert tierbench("query", "red.png").code == 0
    assert not list(cache.rglob("*.sqlite"))
