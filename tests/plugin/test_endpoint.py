"""Runs with a model behind a server: unscored cases, what is kept, gates, and messages."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from tests.conftest import STUDY, Bench
from tests.flat_colours import flat
from tests.models.hf_server import HfServer, hf_server, reply

# Of red, 0.90 automobile and 0.05 airplane are known; whether ship has 0.04 is not.
UNSCORED = """\
file_name,label,tier,min_score,max_rank
red_1.png,automobile,1,,
red_2.png,ship,1,0.04,4
red_3.png,ship,2,,
red_4.png,automobile,2,,
"""


@pytest.fixture(scope="module")
def served(colour_model: Path) -> Iterator[HfServer]:
    with hf_server(colour_model) as server:
        yield server


@pytest.fixture
def server(served: HfServer) -> HfServer:
    """An honest server that was asked for nothing yet."""
    served.script, served.most, served.token = (lambda number, picture: False), 100_000, ""
    served.contents.clear()
    return served


@pytest.fixture
def short(server: HfServer, bench: Bench) -> Bench:
    """A repository whose endpoint gives two of four labels, which leaves one case open."""
    server.most = 2
    bench.suite("cars", UNSCORED)
    bench.file("labels.txt", "airplane\nautomobile\nship\ntruck\n")
    bench.configure(robust_model=[f"cars=endpoint:{server.url}/cars"], robust_labels=["labels.txt"])
    return bench


def test_a_case_that_a_truncated_answer_leaves_open_is_unscored(short: Bench) -> None:
    answer = short.run("-rs")
    # What is surely missed fails, and nothing else.
    assert answer.code == 1
    assert "2 failed, 2 passed, 2 skipped" in answer.text
    assert "cars/red_2 [tier 1]: unscored: the answer has 2 of 4 labels, and whether the case passes" in answer.text
    assert "cars/tier1: not determined, 1 image unscored: cars/red_2" in answer.text
    assert "cars   1     1/2, 1 unscored ?" in answer.text
    assert "level not determined (tier 1 of cars left open by unscored images)" in answer.text
    record = short.record()
    outcomes = dict(zip(record.scores["case"], record.scores["outcome"], strict=True))
    assert outcomes == {"red_1": "passed", "red_2": "unscored", "red_3": "failed", "red_4": "passed"}
    assert [(tier.met, tier.unscored, tier.errors) for tier in record.run.tiers] == [(None, 1, 0), (False, 0, 0)]
    page = next((short.path / "seen").glob("*/report.html")).read_text(encoding="utf-8")
    assert "1 unscored" in page


@pytest.mark.parametrize(
    ("rate", "test"),
    [("0.5", "passed"), ("0.6", "skipped"), ("1.0", "skipped")],
    ids=["met without it", "met with it only", "met with it only, wholly"],
)
def test_a_tier_is_determined_where_both_bounds_agree(short: Bench, rate: str, test: str) -> None:
    short.suite("cars", UNSCORED, f"[tiers.1]\nmin_pass_rate = {rate}\n")
    answer = short.run("cases/test_tiers.py::test_tier[cars/tier1]")
    assert answer.code == 0
    assert f"1 {test}" in answer.text


def test_a_limit_on_a_metric_is_not_judged_by_bounds(short: Bench, server: HfServer) -> None:
    short.suite("cars", "file_name,label,tier\nred_3.png,ship,1\n", "[gates]\nnll = {max = 10.0}\n")
    test = "cases/test_tiers.py::test_metric[cars/nll]"
    answer = short.run("-rs", test)
    assert answer.code == 0
    assert "cars/nll: not determined, 1 answer without all labels" in answer.text
    server.most = 4
    assert "1 passed" in short.run(test).text


def test_an_unscored_case_is_not_accepted_into_a_baseline_and_is_not_missing(short: Bench, server: HfServer) -> None:
    server.most = 4
    short.run("--robust-update-baseline")
    server.most = 2
    answer = short.run("-rs", "--robust-gate", "regression")
    assert "cars/red_2 [tier 1]: unscored" in answer.text
    assert "0 regressed, 0 fixed, 3 same, 0 new" in answer.text
    # Under this gate no miss of the baseline fails, and nothing is missing.
    assert answer.code == 0
    baseline = short.path / "reports" / "baselines" / "cars.csv"
    before = baseline.read_text(encoding="utf-8").splitlines()
    short.run("--robust-update-baseline")
    after = baseline.read_text(encoding="utf-8").splitlines()
    assert [line for line in before if "red_2" in line] == [line for line in after if "red_2" in line] != []


def test_workers_share_what_one_of_them_asked_for(short: Bench, server: HfServer) -> None:
    answer = short.run_process("-n", "2")
    assert "2 failed, 2 passed, 2 skipped" in answer.text
    # Each process asks for a grey picture, too; the red one, four times the same file, is asked for once.
    assert server.contents.count((short.path / "cases" / "cars" / "red_1.png").read_bytes()) == 1


def test_only_the_predictions_of_a_stated_version_are_kept(study: Bench, server: HfServer) -> None:
    def asked(model: str) -> int:
        server.contents.clear()
        study.run("--robust-model", model)
        return len(server.contents)

    cars = f"cars=endpoint:{server.url}/cars"
    # A grey picture, and those of three cases.
    assert [asked(cars), asked(cars)] == [4, 4]
    assert [asked(f"{cars}@v1"), asked(f"{cars}@v1"), asked(f"{cars}@v2")] == [4, 1, 4]


def test_single_flips_fail_only_where_a_version_is_stated(study: Bench, server: HfServer) -> None:
    study.suite("study", STUDY)
    cars = f"cars=endpoint:{server.url}/cars"
    study.run("--robust-model", cars, "--robust-update-baseline")
    wrong = reply(200, [{"label": "ship", "score": 1.0}, *({"label": name, "score": 0} for name in ("truck",))])

    def flipped(number: int, picture: Image.Image) -> Any:
        return wrong if picture.convert("RGB").getpixel((0, 0)) == (230, 20, 20) else False

    server.script = flipped
    answer = study.run("--robust-model", cars, "-k", "test_case")
    assert answer.code == 0
    assert "judged by test_regression" in study.run("--robust-model", cars, "-k", "test_case", "-rx").text
    assert study.run("--robust-model", f"{cars}@v1", "-k", "test_case").code == 1
    answer = study.run("--robust-model", cars, "--robust-gate", "flips")
    assert answer.code == 4
    assert "state its version, endpoint:…@version, or choose another gate" in answer.errors[0]


def test_while_a_model_loads_the_terminal_says_so(study: Bench, server: HfServer) -> None:
    loading = reply(503, {"error": "loading", "estimated_time": 0.0})
    # Once before the run, and once amid its dots.
    server.script = lambda number, picture: loading if number in (0, 2) else False
    answer = study.run("--robust-model", f"cars=endpoint:{server.url}/cars")
    lines = [line for line in answer.text.splitlines() if "the endpoint is loading its model" in line]
    assert (
        lines == [f"model 'endpoint:{server.url}/cars': the endpoint is loading its model; waiting, at least 1 s"] * 2
    )


def test_an_endpoint_that_cannot_be_used_is_one_line_before_the_run(study: Bench, server: HfServer) -> None:
    server.script = lambda number, picture: reply(404, {"error": "gone"})
    answer = study.run("--robust-model", f"cars=endpoint:{server.url}/cars")
    assert answer.code == 4
    (line,) = answer.errors
    assert "the endpoint has no such model (404: gone)" in line
    answer = study.run("--robust-model", "cars=endpoint:https://me:secret@a.example/")
    assert answer.code == 4
    assert "its URL has a user name or a password" in answer.text
    assert "secret" not in answer.text


def test_pictures_of_a_set_that_truncated_answers_leave_open_are_counted_apart(short: Bench, server: HfServer) -> None:
    # pytester forgets what a run in process has imported, and these do not bear a second import.
    import tierbench.report.markdown
    import tierbench.runs.set_run  # noqa: F401

    # Of red, only labels are given that do not count here.
    for name, colours in {"ship": ("red", "blue", "green"), "truck": ("green", "blue")}.items():
        for colour in colours:
            picture = short.path / "boats" / name / f"{colour}.png"
            picture.parent.mkdir(parents=True, exist_ok=True)
            flat(colour).save(picture)
    short.configure(
        robust_model=[f"cars=endpoint:{server.url}/cars"],
        robust_labels=["labels.txt"],
        robust_datasets=["imagefolder:boats?labels=present"],
    )
    short.file("cases/datasets.toml", "[boats]\nmin_accuracy = 0.4\n")
    answer = short.run("-k", "test_set")
    assert answer.code == 0, answer.text
    line = answer.line("boats (class folders):")
    assert line.startswith("boats (class folders): 5 pictures, accuracy 0.500 [")
    assert "] on 4 of them, " in line
    assert line.endswith(", 1 unscored")
    assert (
        "  1 picture of 5 unscored, left out of all figures: ship/red.png (the answer has 0 of the 2 labels that "
        "count, and whether the class ranks first depends on the others, which have at most 0.05 each)"
    ) in answer.text.splitlines()
    (result,) = short.record().run.sets
    assert (result.whole.correct, result.whole.judged, result.whole.unscored, result.whole.errors) == (2, 4, 1, 0)
    page = next((short.path / "seen").glob("*/report.html")).read_text(encoding="utf-8")
    assert "1 unscored" in page
    # A picture that may be right or wrong leaves a demand open, which is not met.
    short.file("cases/datasets.toml", "[boats]\nmin_accuracy = 0.5\n")
    answer = short.run("-k", "test_set")
    assert answer.code == 1
    assert "accuracy 0.5 is not determined: whether it meets 0.5 depends on 1 unscored picture" in answer.text
