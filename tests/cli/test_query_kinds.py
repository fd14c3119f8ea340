"""`tierbench query` with each kind of model: a folder, its ONNX export, an endpoint, a zero-shot model."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.cli.conftest import Answer
from tests.conftest import STUDY, write_suite
from tests.corruptions.photographs import whole_photograph
from tests.flat_colours import flat
from tests.models.hf_server import hf_server
from tests.zero_shot_models import save_zero_shot

Call = Callable[..., Answer]


@pytest.fixture
def picture(workplace: Path, cache: Path) -> Path:
    """A photograph in the working directory."""
    whole_photograph("chelsea").save(workplace / "photo.png")
    return workplace / "photo.png"


def scores(answer: Answer) -> list[dict[str, float]]:
    assert answer.code == 0, answer.err
    rows = [json.loads(line) for line in answer.out.splitlines()]
    return [{seen["label"]: seen["score"] for seen in row["top"]} for row in rows]


@pytest.mark.slow
def test_folder_onnx_file_and_endpoint_say_the_same(tierbench: Call, picture: Path, colour_model: Path) -> None:
    assert tierbench("export", str(colour_model), "copy/model.onnx").code == 0
    with hf_server(colour_model) as server:
        specs = (str(colour_model), "onnx:copy/model.onnx", f"endpoint:{server.url}/cars")
        models = [part for number, spec in enumerate(specs) for part in ("--model", f"m{number}={spec}")]
        folder, *others = scores(tierbench("query", picture.name, "--json", *models))
    assert len(folder) == 4
    assert all(other == pytest.approx(folder, abs=1e-5) for other in others)


def test_a_zero_shot_model_chooses_among_what_is_named(tierbench: Call, picture: Path, tmp_path: Path) -> None:
    clip = str(save_zero_shot(tmp_path / "clip"))
    (found,) = scores(tierbench("query", picture.name, "--model", clip, "--among", "car, ship,car", "--json"))
    assert set(found) == {"car", "ship"}
    assert sum(found.values()) == pytest.approx(1, abs=1e-5)
    answer = tierbench("query", picture.name, "--model", clip, "--among", "car", "--expect", "ship")
    assert "classified" in answer.out
    for alone in ((), ("--among", "car"), ("--expect", "ship")):
        answer = tierbench("query", picture.name, "--model", f"clip={clip}", *alone)
        assert answer.code == 4
        assert answer.err.splitlines() == [
            "error: model 'clip': is a zero-shot model, and has nothing to choose from; name at least two labels, as "
            "in --among 'car, ship', or a suite with --suite"
        ]


def test_a_zero_shot_model_is_asked_for_the_concepts_of_a_suite(tierbench: Call, picture: Path, tmp_path: Path) -> None:
    rows = "file_name,label,tier\nred.png,automobile,1\nblue.png,ship,1\n"
    write_suite(Path("cases") / "study", rows)
    clip = str(save_zero_shot(tmp_path / "clip"))
    (found,) = scores(tierbench("query", picture.name, "--model", clip, "--suite", "study", "--json"))
    assert set(found) == {"automobile", "ship"}
    both = tierbench("query", picture.name, "--model", clip, "--suite", "study", "--among", "a,b")
    assert (both.code, len(both.err.splitlines())) == (4, 1)


def test_labels_that_a_server_leaves_out_are_not_shown(tierbench: Call, workplace: Path, colour_model: Path) -> None:
    write_suite(workplace / "cases" / "study", STUDY)
    flat("red").save(workplace / "red.png")
    names = "automobile\nship\nairplane\ntruck\n"
    (workplace / "labels.txt").write_text(names, encoding="utf-8")
    with hf_server(colour_model) as server:
        server.most = 2
        spec = f"cars=endpoint:{server.url}/cars"
        (found,) = scores(tierbench("query", "red.png", "--model", spec, "--labels", "labels.txt", "--json"))
    assert len(found) == 2
