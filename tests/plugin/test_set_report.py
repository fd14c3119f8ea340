"""Data sets in the summary and the report of a run, with a real model and real pictures."""

from __future__ import annotations

import re

from tests.conftest import Bench
from tests.flat_sets import WEATHER, write_set

# All are taken for ships: with 55 pictures that is no accident.
LABELS_GONE_WRONG = {"": {"automobile": ["grey"] * 30, "truck": ["grey"] * 25}}


def test_an_accuracy_near_chance_is_a_loud_warning(bench: Bench) -> None:
    write_set(bench.path / "photos", LABELS_GONE_WRONG)
    answer = bench.run("--robust-dataset=imagefolder:photos", "--color=yes")
    said = "WARNING: photos: accuracy 0.0000 is below chance (0.2500): check the order of the model's labels"
    (line,) = [each for each in answer.text.splitlines() if said in each]
    # Red and bold.
    assert set(re.findall(r"\x1b\[(\d+)m", line.partition("WARNING")[0])) == {"31", "1"}
    assert 'class="tb-warning"><b>! Warning:</b> <bdi>accuracy 0.0000' in report(bench)


def test_the_report_shows_curves_and_the_pictures_that_were_missed(bench: Bench) -> None:
    write_set(bench.path / "weather", WEATHER)
    bench.run("--robust-dataset=imagenet-c:weather")
    page = report(bench)
    assert 'aria-label="fog: accuracies 1.00 0.75 0.25 "' in page
    assert "accuracy on <bdi>weather</bdi>" in page
    assert "no mCE: it needs all 15 corruptions at 5 severities" in page
    # Of the twenty originals 15 are missed in some slice; twelve are shown.
    assert page.count('<script type="text/plain" data-picture="set-') == 12
    assert page.count('data-large="set-') == 12


def test_two_runs_are_compared_by_their_pictures(bench: Bench) -> None:
    write_set(bench.path / "weather", WEATHER)
    for _ in range(2):
        bench.run("--robust-dataset=imagenet-c:weather")
    assert len(bench.runs) == 2
    first, second = (folder / "sets" / "weather" / "model" for folder in bench.runs)
    from tierbench.runs.set_compare import compare_set, find_set_sides

    ((before, after),) = find_set_sides(str(first), str(second), bench.path / "reports")
    comparison = compare_set(before, after)
    assert (comparison.verdict.state, comparison.flips, comparison.notes) == ("unchanged", (), ())


def report(bench: Bench) -> str:
    (folder,) = bench.runs
    return (folder / "report.html").read_text(encoding="utf-8")
