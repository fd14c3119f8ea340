"""A zero-shot model in a run: its labels are the concepts of each suite, whatever else takes part."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest

from tests.conftest import Bench
from tests.suites.datasets.layouts import write_class_folders
from tests.zero_shot_models import save_zero_shot

ROADS = "file_name,label,tier\nred.png,automobile,1\ngreen.png,truck,1\nblack.png,automobile,2\n"
SEA = "file_name,label,tier\nred.png,ship,1\nblue.png,lighthouse,1\n"


@pytest.fixture(scope="session")
def clip(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return save_zero_shot(tmp_path_factory.mktemp("zero-shot") / "clip")


@pytest.fixture
def two_suites(bench: Bench, clip: Path) -> Bench:
    """A repository with two suites of different concepts, and a CLIP that misses some of the cases."""
    bench.configure(robust_model=[f"clip={clip}"])
    bench.suite("roads", ROADS)
    bench.suite("sea", SEA)
    return bench


def said(bench: Bench, *arguments: str) -> dict[str, dict[str, float]]:
    """Run; return what the record has as the most probable labels of each case, by `suite/case`."""
    bench.run(*arguments)
    return recorded(bench)


def recorded(bench: Bench) -> dict[str, dict[str, float]]:
    scores = bench.record().scores
    keys = scores["suite"] + "/" + scores["case"]
    return {
        str(key): {str(label): round(float(score), 5) for label, score in top}
        for key, top in zip(keys, scores["top"], strict=True)
    }


def test_each_suite_has_its_own_concepts(two_suites: Bench) -> None:
    both = said(two_suites)
    assert {case: set(top) for case, top in both.items()} == {
        "roads/red": {"automobile", "truck"},
        "roads/green": {"automobile", "truck"},
        "roads/black": {"automobile", "truck"},
        "sea/red": {"ship", "lighthouse"},
        "sea/blue": {"ship", "lighthouse"},
    }
    assert all(sum(top.values()) == pytest.approx(1, abs=1e-4) for top in both.values())
    # Neither another suite nor a selection of cases changes what is said of a case.
    for cases in ("cases/roads", "cases/sea"):
        alone = said(two_suites, f"--robust-cases={cases}", "--robust-no-cache")
        assert alone == {case: top for case, top in both.items() if case in alone}
    assert said(two_suites, "-k", "black and test_case", "--robust-no-cache") == {"roads/black": both["roads/black"]}


def test_predictions_and_texts_are_kept_until_a_prompt_changes(two_suites: Bench, cache: Path) -> None:
    header = two_suites.run().line("model clip = ")
    assert header.endswith(": the concepts of each suite, cpu float32, 0 of 5 predictions cached, no baseline")
    first = two_suites.record()
    embeddings = cache / "text-embeddings"
    assert len(list(embeddings.iterdir())) == 2
    assert "5 of 5 predictions cached" in two_suites.run().line("model clip = ")
    two_suites.record()
    two_suites.suite("sea", SEA, '[prompts]\ntemplates = ["a drawing of a {}.", "a photo of a {}."]\n')
    assert "3 of 5 predictions cached" in two_suites.run().line("model clip = ")
    second = two_suites.record()
    assert len(list(embeddings.iterdir())) == 3
    # The texts are the suite's: the model is the same.
    assert first.run.models[0].fingerprint == second.run.models[0].fingerprint != ""
    assert first.run.suites["roads"] == second.run.suites["roads"]
    assert first.run.suites["sea"] != second.run.suites["sea"]


def test_without_the_cache_no_texts_are_kept(two_suites: Bench, cache: Path) -> None:
    two_suites.run("--robust-no-cache")
    assert not (cache / "text-embeddings").exists()


def test_the_card_has_the_texts_of_each_suite(two_suites: Bench) -> None:
    two_suites.suite("sea", SEA, '[prompts.concepts]\nship = ["a ship at sea"]\nhouse = "a house"\n')
    two_suites.run()
    (folder,) = two_suites.runs
    page = (folder / "report.html").read_text(encoding="utf-8")
    for text in (
        "CLIPModel",
        "This is a photo of automobile.",
        "a ship at sea",
        "a house",
        "the concepts of each suite",
    ):
        assert text in page, text
    # Kept predictions need no weights, and the card is there all the same; with the texts of today.
    two_suites.record()
    two_suites.suite("sea", SEA, '[prompts.concepts]\nship = ["a boat at sea"]\n')
    two_suites.run()
    (folder,) = two_suites.runs
    page = (folder / "report.html").read_text(encoding="utf-8")
    assert "a boat at sea" in page
    assert "a ship at sea" not in page


def test_a_baseline_holds_for_the_same_prompts(two_suites: Bench) -> None:
    assert two_suites.run("--robust-update-baseline").code in (0, 1)
    two_suites.record()
    again = two_suites.run()
    assert again.code == 0, again.text
    assert "baseline reports/baselines/clip.csv (gate flips)" in again.text
    assert set(two_suites.record().scores["change"]) == {"same"}


def test_beside_a_closed_model(two_suites: Bench) -> None:
    """The map of `[labels]` is for closed models: of a zero-shot model each concept is one label."""
    labels = '[labels]\nlighthouse = ["airplane"]\n'
    two_suites.suite("sea", SEA, labels)
    answer = two_suites.run(f"--robust-model=clip={two_suites.model.parent}", f"--robust-model=a={two_suites.model}")
    assert answer.code == 4
    clip = two_suites.path / "clip"
    save_zero_shot(clip)
    two_suites.run(f"--robust-model=clip={clip}", f"--robust-model=closed={two_suites.model}")
    scores = two_suites.record().scores
    at_sea = scores[scores["case"] == "blue"]
    tops = {model: {label for label, _ in top} for model, top in zip(at_sea["model"], at_sea["top"], strict=True)}
    assert tops["clip"] == {"ship", "lighthouse"}
    assert tops["closed"] == {"airplane", "automobile", "ship", "truck"}
    assert scores.set_index(["model", "suite", "case"])["predicted"]["closed", "sea", "blue"] == "ship"


def test_absence_twins_ladders_and_sweeps(bench: Bench, clip: Path) -> None:
    bench.configure(robust_model=[f"clip={clip}"])
    rows = """\
file_name,label,tier,id,twin,ladder,fog_m
red.png,automobile,1,car,empty,,
grey.png,-,,empty,,,
green.png,!automobile,1,calm,,,
orange_1.png,automobile,,near,,road,10
orange_2.png,automobile,,far,,road,5
"""
    toml = (
        '[parameters]\nfog_m = "m"\n[ladders.road]\nparameter = "fog_m"\n'
        '[prompts.concepts]\nnothing = ["an empty road"]\n'
    )
    bench.suite("roads", rows, toml)
    answer = bench.run("--robust-corruptions=contrast", "--robust-severities=5")
    assert " error" not in answer.text.splitlines()[-1], answer.text
    record = bench.record()
    assert {set(dict(top)) == {"automobile", "nothing"} for top in record.scores["top"]} == {True}
    assert set(record.scores["case"]) >= {"car", "calm", "near", "far", "car+contrast-5"}
    (ladder,) = record.run.ladders
    assert ladder.suite == "roads"
    (sweep,) = record.run.slices
    assert (sweep.corruption, sweep.geometry) == ("contrast", "imagenet-c")


def test_one_concept_alone_is_one_line(bench: Bench, clip: Path) -> None:
    bench.configure(robust_model=[f"clip={clip}"])
    rows = "file_name,label,tier\nred.png,ship,1\n"
    bench.suite("sea", rows)
    answer = bench.run()
    assert answer.code == 4
    assert answer.errors == [
        "suite 'sea': its only concept is 'ship', and the zero-shot model 'clip' would see it in every picture; name "
        'what else a picture may show in [prompts.concepts] of suite.toml, as in house = ["a photo of a house."], '
        "or skip such cases with --robust-missing-labels skip"
    ]
    assert bench.outcomes("--robust-missing-labels=skip") == {"sea/red": "skipped"}
    bench.suite(
        "sea", "file_name,label,tier\nred.png,ship,1\n", '[prompts.concepts]\nhouse = ["a photo of a house."]\n'
    )
    assert set(bench.outcomes()) == {"sea/red"}


def test_a_text_that_is_too_long_is_reported_before_the_run(two_suites: Bench) -> None:
    two_suites.suite("sea", SEA, f'[prompts.concepts]\nship = ["{"sea " * 90}"]\n')
    answer = two_suites.run()
    assert answer.code == 4
    (line,) = answer.errors
    assert "more than the 72 that the model reads; shorten it in [prompts] of suite.toml" in line


def test_the_fixture_of_the_user_may_return_one(two_suites: Bench, clip: Path) -> None:
    expected = said(two_suites)
    two_suites.file(
        "cases/conftest.py",
        f"""\
import pytest
import tierbench

@pytest.fixture(scope="session")
def classifier():
    return tierbench.load_classifier({json.dumps(str(clip))}, device="cpu")
""",
    )
    assert said(two_suites, "--robust-no-cache") == expected


@pytest.mark.slow
def test_a_worker_says_the_same(two_suites: Bench) -> None:
    one = said(two_suites)
    two_suites.run("-n", "1", "--robust-no-cache")
    assert recorded(two_suites) == one


def test_a_data_set_is_asked_for_its_class_names(bench: Bench, clip: Path) -> None:
    # pytester forgets what a run in process has imported, and this does not bear a second import.
    import tierbench.runs.set_run  # noqa: F401

    write_class_folders(bench.path / "colours")
    bench.configure(robust_model=[f"clip={clip}"], robust_datasets=["imagefolder:colours"])
    answer = bench.run()
    assert answer.code == 0, answer.text
    (result,) = bench.record().run.sets
    assert (result.whole.total, result.whole.errors) == (6, 0)
    assert "asked for the classes of the set by name, as in 'This is a photo of airplane.'" in answer.text
    # Its labels are none of the model's, so a class alone is reported before anything is predicted.
    for name in ("airplane", "automobile", "truck"):
        shutil.rmtree(bench.path / "colours" / name)
    refused = bench.run()
    assert refused.code == 4
    assert "model 'clip': data set 'colours': its only class is ship, which a zero-shot model would" in refused.text
